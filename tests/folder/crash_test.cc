// The client is cut short at every single call to its disk, with and without losing power; then it
// starts again.
#include <set>

#include "tests/folder/folder_world.h"

namespace syncengine {
namespace {

using testing::FolderDevice;
using testing::FolderServer;

// Makes what the user did last, as `sync` does.
void MakeDurable(FileSystem& files, const std::string& path) {
  SE_ASSERT_OK(files.SyncDirectory(path));
  auto entries = files.List(path);
  ASSERT_TRUE(entries.ok());
  for (const DirectoryEntry& entry : *entries) {
    if (entry.kind != FileKind::kDirectory) continue;
    MakeDurable(files, path.empty() ? entry.name : absl::StrCat(path, "/", entry.name));
  }
}

struct Crash {
  int64_t call = 0;
  bool forever = true;  // Otherwise one call fails and the client goes on.
  bool power_cut = false;
};

// Two devices that both changed much, B about to sync.
class CrashWorld {
 public:
  CrashWorld() {
    a.MakeDirectory("d");
    a.MakeDirectory("e");
    for (const char* path : {"edit a", "edit b", "edit both", "d/moved", "swap 1", "swap 2", "gone",
                             "d/gone", "e/into file"}) {
      a.Write(path, absl::StrCat("base of ", path));
    }
    Round();
    a.Write("edit a", "edited by a");
    a.Write("edit both", "both: by a");
    a.Write("new of a", "new of a");
    a.Rename("d/moved", "e/moved");
    a.Rename("swap 1", "t");
    a.Rename("swap 2", "swap 1");
    a.Rename("t", "swap 2");
    a.Remove("gone");
    a.Remove("d/gone");
    SE_EXPECT_OK(a.Sync());
    b.Write("edit b", "edited by b");
    b.Write("edit both", "both: by b");
    b.Write("new of b", "new of b");
    b.Rename("e", "e renamed");
    MakeDurable(b.disk(), "");
  }

  // Runs B into the crash; false when the sync ended before that call.
  bool Run(const Crash& crash) {
    b.faults.Arm(
        {.index = crash.call, .status = absl::DataLossError("injected"), .forever = crash.forever});
    b.Sync().status().IgnoreError();
    const bool hit = b.faults.failures() > 0;
    b.faults.Disarm();
    if (crash.power_cut) b.memory().PowerCut();
    return hit;
  }

  void Round() {
    for (int i = 0; i < 4; ++i) {
      auto report_a = a.Sync();
      auto report_b = b.Sync();
      SE_EXPECT_OK(report_a);
      SE_EXPECT_OK(report_b);
      if (report_a.ok() && report_b.ok() && report_a->idle && report_b->idle) {
        idle = a.Tree() == b.Tree();
        if (idle) return;
      }
    }
  }

  FolderServer server;
  FolderDevice a{server, "A"};
  FolderDevice b{server, "B"};
  bool idle = false;
};

void ExpectNothingLost(CrashWorld& world) {
  world.idle = false;
  world.Round();
  EXPECT_TRUE(world.idle);
  std::set<std::string> live;
  for (const auto& [path, bytes] : world.a.Tree()) live.insert(bytes);
  for (const char* content :
       {"edited by a", "edited by b", "both: by a", "both: by b", "new of a", "new of b",
        "base of d/moved", "base of swap 1", "base of swap 2", "base of e/into file"}) {
    EXPECT_TRUE(live.contains(content)) << content;
  }
}

void Sweep(const Crash& kind) {
  for (Crash crash = kind;; ++crash.call) {
    SCOPED_TRACE(absl::StrCat("call ", crash.call));
    CrashWorld world;
    if (!world.Run(crash)) {
      EXPECT_GT(crash.call, 100);  // The sweep did reach into the sync.
      return;
    }
    ExpectNothingLost(world);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(CrashTest, KilledAtAnyCallTheNextRunLosesNothing) { Sweep({.forever = true}); }

TEST(CrashTest, PowerLostAtAnyCallTheNextRunLosesNothing) {  // R05
  Sweep({.forever = true, .power_cut = true});
}

TEST(CrashTest, OneFailingCallLosesNothing) { Sweep({.forever = false}); }

}  // namespace
}  // namespace syncengine
