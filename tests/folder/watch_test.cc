// The client that stays: commits arrive by themselves, edits leave by themselves.
#include <atomic>
#include <thread>

#include "syncengine/folder/local_folder.h"
#include "syncengine/stores/system_clock.h"
#include "syncengine/testing/temporary_directory.h"
#include "tests/folder/folder_world.h"

namespace syncengine {
namespace {

using testing::FolderDevice;
using testing::FolderServer;
using testing::TemporaryDirectory;

// A watching client in a thread of its own.
class Watching {
 public:
  explicit Watching(FolderDevice& device) : client_(device.Open()) {
    EXPECT_TRUE(client_.ok()) << client_.status();
    thread_ = std::jthread([this](std::stop_token stop) {
      SE_EXPECT_OK((*client_)->Watch(
          {.settle = absl::Milliseconds(20)},
          [this](const absl::StatusOr<SyncReport>& report) {
            absl::MutexLock lock(&mutex_);
            ++rounds_;
            if (report.ok()) last_ = *report;
          },
          stop));
    });
  }
  ~Watching() { Stop(); }
  void Stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  // Blocks until the client has told of a sync after which `condition` holds.
  bool WaitUntil(const std::function<bool()>& condition) {
    absl::MutexLock lock(&mutex_);
    while (!condition()) {
      const int seen = rounds_;
      auto more = [this, seen]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return rounds_ > seen; };
      if (!mutex_.AwaitWithTimeout(absl::Condition(&more), absl::Seconds(20))) return condition();
    }
    return true;
  }

 private:
  absl::StatusOr<std::unique_ptr<FolderClient>> client_;
  absl::Mutex mutex_;
  int rounds_ ABSL_GUARDED_BY(mutex_) = 0;
  SyncReport last_ ABSL_GUARDED_BY(mutex_);
  std::jthread thread_;
};

TEST(WatchTest, ACommitArrivesAndAnEditLeavesByItself) {  // R28
  TemporaryDirectory folder_a, folder_b;
  SE_ASSERT_OK_AND_ASSIGN(LocalFolder local_a, OpenLocalFolder(folder_a.path()));
  SE_ASSERT_OK_AND_ASSIGN(LocalFolder local_b, OpenLocalFolder(folder_b.path()));
  FolderServer server;
  FolderDevice a(server, "A", local_a.files.get());
  FolderDevice b(server, "B", local_b.files.get());
  a.Write("first", "1");
  Watching watching_a(a);
  Watching watching_b(b);
  EXPECT_TRUE(watching_b.WaitUntil([&] { return b.Tree().contains("first"); }));
  a.MakeDirectory("d");
  a.Write("d/second", "2");
  EXPECT_TRUE(watching_b.WaitUntil([&] { return b.Tree().contains("d/second"); }));
  b.Write("d/second", "edited");
  EXPECT_TRUE(watching_a.WaitUntil([&] { return a.Tree()["d/second"] == "edited"; }));
}

TEST(WatchTest, WithoutWatchesTheFolderIsLookedThroughAndTheUserIsTold) {  // R34
  FolderServer server;
  FolderDevice a(server, "A");
  a.faults.Arm(
      {.status = absl::UnimplementedError("no watches here"), .forever = true, .only = "Watch"});
  SE_ASSERT_OK_AND_ASSIGN(auto client, a.Open());
  std::stop_source stop;
  std::vector<Issue> issues;
  int rounds = 0;
  const absl::Status watched = client->Watch(
      {.rescan_without_events = absl::Milliseconds(1)},
      [&](const absl::StatusOr<SyncReport>& report) {
        if (report.ok()) issues = report->issues;
        if (++rounds == 3) stop.request_stop();
      },
      stop.get_token());
  SE_EXPECT_OK(watched);
  EXPECT_EQ(rounds, 3);
  EXPECT_EQ(issues.size(), 1u);
}

}  // namespace
}  // namespace syncengine
