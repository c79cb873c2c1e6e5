// The promises of ports/file_system.h about locks and watches; file_system_conformance.h says how
// to run them. Starts threads.
#ifndef SYNCENGINE_TESTING_FILE_WATCH_CONFORMANCE_H_
#define SYNCENGINE_TESTING_FILE_WATCH_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "syncengine/base/error.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/testing/file_system_fixture.h"
#include "syncengine/testing/status_matchers.h"

namespace syncengine::testing {

template <typename Harness>
class FileWatchConformance : public FileSystemFixture<Harness> {
 protected:
  // Nothing where there is no change notification.
  std::unique_ptr<FileWatch> Watch() {
    auto watch = this->files().Watch();
    if (absl::IsUnimplemented(watch.status())) return nullptr;
    SE_EXPECT_OK(watch);
    return *std::move(watch);
  }

  // Reads batches until `directory` was named; fails after a generous time.
  static bool SeesChangeIn(FileWatch& watch, const std::string& directory) {
    for (int i = 0; i < 100; ++i) {
      const auto batch = watch.Wait(absl::Milliseconds(100));
      if (!batch.ok()) return false;
      const std::set<std::string> once(batch->directories.begin(), batch->directories.end());
      EXPECT_EQ(once.size(), batch->directories.size()) << "a directory came twice in a batch";
      if (batch->overflow || once.contains(directory)) return true;
    }
    return false;
  }

  static void Drain(FileWatch& watch) {
    while (!watch.Wait(absl::ZeroDuration())->directories.empty()) {
    }
  }
};

TYPED_TEST_SUITE_P(FileWatchConformance);

TYPED_TEST_P(FileWatchConformance, LockHasOneHolder) {
  SE_ASSERT_OK_AND_ASSIGN(auto lock, this->files().Lock("lock"));
  SE_EXPECT_REASON(this->files().Lock("lock"), Reason::kLocked);
  SE_EXPECT_OK(this->files().Lock("other"));
  lock.reset();
  SE_EXPECT_OK(this->files().Lock("lock"));
  EXPECT_EQ(this->files().Stat("lock")->kind, FileKind::kFile);
}

TYPED_TEST_P(FileWatchConformance, EachKindOfChangeIsReported) {
  SE_ASSERT_OK(this->files().MakeDirectory("d", 0700));
  this->Write("d/old", "1");
  const auto watch = this->Watch();
  if (watch == nullptr) return;
  SE_ASSERT_OK(watch->Add("d"));
  this->Write("d/new", "1");
  EXPECT_TRUE(this->SeesChangeIn(*watch, "d")) << "create and write";
  this->Drain(*watch);
  SE_ASSERT_OK(this->files().Rename("d/new", "d/newer", RenameMode::kReplace));
  EXPECT_TRUE(this->SeesChangeIn(*watch, "d")) << "rename";
  this->Drain(*watch);
  SE_ASSERT_OK(this->files().SetAttributes("d/old", 1'000'000'000, std::nullopt));
  EXPECT_TRUE(this->SeesChangeIn(*watch, "d")) << "attributes";
  this->Drain(*watch);
  SE_ASSERT_OK(this->files().RemoveFile("d/old"));
  EXPECT_TRUE(this->SeesChangeIn(*watch, "d")) << "remove";
  this->Drain(*watch);
  SE_ASSERT_OK(this->files().MakeDirectory("d/e", 0700));
  EXPECT_TRUE(this->SeesChangeIn(*watch, "d")) << "directory";
}

TYPED_TEST_P(FileWatchConformance, WritesToOpenFilesAreReported) {
  SE_ASSERT_OK(this->files().MakeDirectory("d", 0700));
  SE_ASSERT_OK_AND_ASSIGN(const auto file, this->files().Create("d/a", 0600));
  const auto watch = this->Watch();
  if (watch == nullptr) return;
  SE_ASSERT_OK(watch->Add("d"));
  SE_ASSERT_OK(file->WriteAt(0, "late"));
  EXPECT_TRUE(this->SeesChangeIn(*watch, "d"));
}

TYPED_TEST_P(FileWatchConformance, OnlyWatchedDirectoriesAreReported) {
  SE_ASSERT_OK(this->files().MakeDirectory("d", 0700));
  SE_ASSERT_OK(this->files().MakeDirectory("d/e", 0700));
  SE_ASSERT_OK(this->files().MakeDirectory("other", 0700));
  const auto watch = this->Watch();
  if (watch == nullptr) return;
  SE_ASSERT_OK(watch->Add("d/e"));
  SE_ASSERT_OK(watch->Add(""));
  SE_ASSERT_OK(watch->Add("d/e"));
  this->Write("other/a", "1");
  this->Write("d/a", "1");
  this->Write("d/e/a", "1");
  this->Write("a", "1");
  std::set<std::string> seen;
  for (int i = 0; i < 100 && seen.size() < 2; ++i) {
    const WatchBatch batch = watch->Wait(absl::Milliseconds(100)).value();
    seen.insert(batch.directories.begin(), batch.directories.end());
  }
  EXPECT_EQ(seen, (std::set<std::string>{"", "d/e"}));
}

TYPED_TEST_P(FileWatchConformance, WaitTimesOutWithAnEmptyBatch) {
  const auto watch = this->Watch();
  if (watch == nullptr) return;
  SE_ASSERT_OK(watch->Add(""));
  for (const absl::Duration timeout : {absl::ZeroDuration(), absl::Milliseconds(5)}) {
    SE_ASSERT_OK_AND_ASSIGN(const WatchBatch batch, watch->Wait(timeout));
    EXPECT_TRUE(batch.directories.empty());
    EXPECT_FALSE(batch.overflow);
  }
}

TYPED_TEST_P(FileWatchConformance, InterruptEndsAWait) {
  const auto watch = this->Watch();
  if (watch == nullptr) return;
  SE_ASSERT_OK(watch->Add(""));
  std::thread interrupter([&] { watch->Interrupt(); });
  SE_ASSERT_OK_AND_ASSIGN(const WatchBatch batch, watch->Wait(absl::InfiniteDuration()));
  EXPECT_TRUE(batch.directories.empty());
  interrupter.join();
}

TYPED_TEST_P(FileWatchConformance, WatchTakesOnlyDirectoriesBelowTheRoot) {
  this->Write("file", "1");
  SE_ASSERT_OK(this->files().MakeSymlink("link", "."));
  const auto watch = this->Watch();
  if (watch == nullptr) return;
  SE_EXPECT_CODE(watch->Add("none"), kNotFound);
  SE_EXPECT_CODE(watch->Add("../x"), kPermissionDenied);
  SE_EXPECT_CODE(watch->Add("link"), kPermissionDenied);
  EXPECT_FALSE(watch->Add("file").ok());
}

TYPED_TEST_P(FileWatchConformance, MovedDirectoryIsReportedInItsNewPlaceOnceAddedAgain) {
  SE_ASSERT_OK(this->files().MakeDirectory("d", 0700));
  SE_ASSERT_OK(this->files().MakeDirectory("d/e", 0700));
  const auto watch = this->Watch();
  if (watch == nullptr) return;
  for (const char* path : {"", "d", "d/e"}) SE_ASSERT_OK(watch->Add(path));
  SE_ASSERT_OK(this->files().Rename("d", "moved", RenameMode::kReplace));
  EXPECT_TRUE(this->SeesChangeIn(*watch, "")) << "the parent";
  SE_ASSERT_OK(watch->Add("moved/e"));
  this->Drain(*watch);
  this->Write("moved/e/a", "1");
  EXPECT_TRUE(this->SeesChangeIn(*watch, "moved/e"));
}

REGISTER_TYPED_TEST_SUITE_P(FileWatchConformance, LockHasOneHolder, EachKindOfChangeIsReported,
                            WritesToOpenFilesAreReported, OnlyWatchedDirectoriesAreReported,
                            WaitTimesOutWithAnEmptyBatch, InterruptEndsAWait,
                            WatchTakesOnlyDirectoriesBelowTheRoot,
                            MovedDirectoryIsReportedInItsNewPlaceOnceAddedAgain);

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTING_FILE_WATCH_CONFORMANCE_H_
