// The server is put back to a backup: what clients had beyond it is supplied again, and what was
// written since is never covered by that, whatever the clocks say.
#include "tests/folder/folder_world.h"
#include "tests/transfer/probe_service.h"

namespace syncengine {
namespace {

using testing::ProbeService;
using Tree = std::map<std::string, std::string>;

constexpr absl::string_view kText = "1\n2\n3\n4\n5\n6\n7\n8\n";

class RestoredServerTest : public testing::FolderTest {
 protected:
  void Restore() {
    server.Restore();
    a.Connect();
    b.Connect();
  }
  // All contents of the tree, one behind the other.
  std::string AllContents() {
    std::string all;
    for (const auto& [path, bytes] : a.Tree()) absl::StrAppend(&all, bytes);
    return all;
  }
};

TEST_F(RestoredServerTest, WhatWasLostIsSuppliedAgainWithoutConflicts) {
  a.Write("f", "first");
  Settle();
  server.Backup();
  for (const char* text : {"second", "third", "fourth"}) {
    a.Write("f", text);
    Settle();
  }
  Restore();
  Settle();
  EXPECT_EQ(a.Tree(), (Tree{{"f", "fourth"}}));
}

TEST_F(RestoredServerTest, ALaterEditIsMergedWhenTheClockOfTheOtherWasAhead) {
  a.Write("f.txt", std::string(kText));
  Settle();
  server.Backup();
  const absl::Time before = server.clock.Now();
  server.clock.Advance(absl::Hours(5));
  a.Write("f.txt", absl::StrCat("from a\n", kText));
  a.MustSync();
  server.clock.SetNow(before);
  Restore();
  b.Write("f.txt", absl::StrCat(kText, "from b\n"));
  b.MustSync();
  Settle();
  EXPECT_EQ(a.Tree(), (Tree{{"f.txt", absl::StrCat("from a\n", kText, "from b\n")}}));
}

TEST_F(RestoredServerTest, ContentsThatCannotBeMergedAreBothKept) {
  const std::string binary("\0\1\2", 3);
  a.Write("f", binary + "first");
  Settle();
  server.Backup();
  const absl::Time before = server.clock.Now();
  server.clock.Advance(absl::Hours(5));
  a.Write("f", binary + "from a");
  a.MustSync();
  server.clock.SetNow(before);
  Restore();
  b.Write("f", binary + "from b");
  b.MustSync();
  Settle();
  EXPECT_EQ(a.Tree().size(), 2u);
  EXPECT_NE(AllContents().find("from a"), std::string::npos);
  EXPECT_NE(AllContents().find("from b"), std::string::npos);
}

TEST_F(RestoredServerTest, ABackupOlderThanSeveralEditsThatOneDeviceMissedIsMerged) {
  a.Write("f.txt", std::string(kText));
  Settle();
  a.Write("f.txt", absl::StrCat(kText, "second\n"));
  a.MustSync();
  server.Backup();
  a.Write("f.txt", absl::StrCat(kText, "second\nthird\n"));
  a.MustSync();
  b.MustSync();  // From the first to the third at once: the second is not known to it.
  a.Remove("f.txt");
  Restore();
  b.MustSync();
  Settle();
  EXPECT_EQ(b.Tree(), (Tree{{"f.txt", absl::StrCat(kText, "second\nthird\n")}}));
}

// A commit that was on its way when the backup came back belongs to both histories or to one; what
// its author does next must not be lost in either case.
class CutUploadTest : public RestoredServerTest, public ::testing::WithParamInterface<bool> {};

TEST_P(CutUploadTest, AnEditAndARenameAfterItKeepTheirContent) {
  a.Write("f.txt", std::string(kText));
  Settle();
  server.Backup();
  ProbeService probe(server.owner());
  b.Connect(&probe);
  const auto cut = [this](size_t, ProbeService::Call call) -> absl::Status {
    if (call != ProbeService::Call::kCommit) return absl::OkStatus();
    server.Restore();
    return absl::InternalError("the server went down");
  };
  const bool arrives = GetParam();
  (arrives ? probe.fail_after : probe.fail_before) = cut;
  b.Write("f.txt", absl::StrCat(kText, "uploaded by b\n"));
  EXPECT_FALSE(b.Sync().ok());
  a.Connect();
  b.Connect();
  a.Write("f.txt", absl::StrCat("rewritten by a\n", kText));
  a.MustSync();
  b.Write("f.txt", absl::StrCat(kText, "uploaded by b\nedited by b\n"));
  b.Rename("f.txt", "g.txt");
  Settle();
  for (const char* edit : {"rewritten by a", "uploaded by b", "edited by b"}) {
    EXPECT_NE(AllContents().find(edit), std::string::npos) << edit;
  }
}

INSTANTIATE_TEST_SUITE_P(BeforeAndAfterItsEffect, CutUploadTest, ::testing::Bool());

}  // namespace
}  // namespace syncengine
