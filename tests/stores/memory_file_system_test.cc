// What MemoryFileSystem offers beyond the port: limits, letter case, coarse times and power cuts.
#include "syncengine/stores/memory_file_system.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "syncengine/testing/manual_clock.h"
#include "syncengine/testing/power_cuts.h"
#include "syncengine/testing/status_matchers.h"

namespace syncengine::testing {
namespace {

void Write(FileSystem& files, absl::string_view path, absl::string_view bytes, bool sync = false) {
  auto file = files.Create(path, 0600);
  SE_ASSERT_OK(file);
  SE_EXPECT_OK((*file)->WriteAt(0, bytes));
  if (sync) {
    SE_EXPECT_OK((*file)->Sync());
  }
}

std::string Read(FileSystem& files, absl::string_view path) {
  auto file = files.OpenToRead(path);
  if (!file.ok()) return std::string(absl::StatusCodeToString(file.status().code()));
  std::string bytes((*file)->Stat()->size, '?');
  (*file)->ReadAt(0, bytes.data(), bytes.size()).IgnoreError();
  return bytes;
}

TEST(MemoryFileSystemTest, CapacityCountsContentAndIsGivenBack) {
  ManualClock clock;
  MemoryFileSystem files(clock, {.capacity_bytes = 100});
  Write(files, "a", std::string(60, 'a'));
  EXPECT_EQ(files.FreeBytes().value(), 40u);
  {
    SE_ASSERT_OK_AND_ASSIGN(const auto file, files.Create("b", 0600));
    SE_EXPECT_OK(file->WriteAt(0, std::string(40, 'b')));
    SE_EXPECT_REASON(file->WriteAt(40, "x"), Reason::kDiskFull);
    SE_EXPECT_REASON(file->Truncate(41), Reason::kDiskFull);
    SE_EXPECT_OK(file->WriteAt(0, "still writable in place"));
    SE_EXPECT_OK(files.RemoveFile("b"));
    EXPECT_EQ(files.FreeBytes().value(), 0u) << "an open file still takes its space";
  }
  EXPECT_EQ(files.FreeBytes().value(), 40u);
  Write(files, "c", "12345");
  SE_EXPECT_OK(files.Rename("c", "a", RenameMode::kReplace));
  EXPECT_EQ(files.FreeBytes().value(), 95u);
}

TEST(MemoryFileSystemTest, CaseInsensitiveNamesKeepTheirSpelling) {
  ManualClock clock;
  MemoryFileSystem files(clock, {.case_sensitive = false});
  Write(files, "ReadMe", "1");
  SE_EXPECT_CODE(files.Create("README", 0600), kAlreadyExists);
  EXPECT_EQ(Read(files, "readme"), "1");
  EXPECT_EQ(files.List("")->front().name, "ReadMe");
  SE_EXPECT_OK(files.Rename("ReadMe", "readme", RenameMode::kNoReplace));
  EXPECT_EQ(files.List("")->front().name, "readme");
  SE_EXPECT_CODE(files.Rename("readme", "readme", RenameMode::kNoReplace), kAlreadyExists);
}

TEST(MemoryFileSystemTest, TimesComeFromTheClockInItsSteps) {
  ManualClock clock(absl::FromUnixSeconds(1'900'000'001));
  MemoryFileSystem files(clock, {.mtime_granularity_ns = 2'000'000'000});
  Write(files, "a", "1");
  EXPECT_EQ(files.Stat("a")->mtime_ns, 1'900'000'000'000'000'000);
  clock.Advance(absl::Seconds(10));
  SE_EXPECT_OK(files.SetAttributes("a", -1, std::nullopt));
  EXPECT_EQ(files.Stat("a")->mtime_ns, -2'000'000'000);
  EXPECT_EQ(files.Stat("a")->ctime_ns, 1'900'000'010'000'000'000);
}

TEST(MemoryFileSystemTest, WatchLimitsAreReported) {
  ManualClock clock;
  MemoryFileSystem files(clock, {.watches_max = 2, .watch_queue_max = 1});
  for (const char* name : {"a", "b", "c"}) SE_ASSERT_OK(files.MakeDirectory(name, 0700));
  SE_ASSERT_OK_AND_ASSIGN(const auto watch, files.Watch());
  SE_EXPECT_OK(watch->Add("a"));
  SE_EXPECT_OK(watch->Add("b"));
  SE_EXPECT_OK(watch->Add("b"));
  SE_EXPECT_CODE(watch->Add("c"), kResourceExhausted);
  Write(files, "a/x", "1");
  EXPECT_FALSE(watch->Wait(absl::ZeroDuration())->overflow);
  Write(files, "a/y", "1");
  Write(files, "b/y", "1");
  EXPECT_TRUE(watch->Wait(absl::ZeroDuration())->overflow);
  EXPECT_FALSE(watch->Wait(absl::ZeroDuration())->overflow);
}

TEST(MemoryFileSystemTest, PowerCutKeepsExactlyWhatWasSynced) {
  ManualClock clock;
  MemoryFileSystem files(clock, {.power_cuts = true});
  SE_ASSERT_OK(files.MakeDirectory("d", 0700));
  SE_ASSERT_OK(files.SyncDirectory(""));
  Write(files, "d/both", "content", true);
  Write(files, "d/name only", "content");
  SE_ASSERT_OK(files.SyncDirectory("d"));
  Write(files, "d/content only", "content", true);
  SE_ASSERT_OK(files.Rename("d/both", "d/renamed", RenameMode::kReplace));
  files.PowerCut();
  EXPECT_EQ(Read(files, "d/both"), "content");
  EXPECT_EQ(Read(files, "d/name only"), "");
  EXPECT_EQ(Read(files, "d/content only"), "NOT_FOUND");
  EXPECT_EQ(Read(files, "d/renamed"), "NOT_FOUND");
  EXPECT_EQ(files.FreeBytes().value(), (uint64_t{1} << 50) - 7);
  SE_EXPECT_OK(files.RemoveFile("d/both"));
}

// Whatever a power cut may leave of `files`, as "path=content " of each file.
std::set<std::string> PowerCuts(const MemoryFileSystem& files, const std::string& directory) {
  std::set<std::string> found;
  ForEachPowerCut(files, 5000, 1, [&](std::unique_ptr<MemoryFileSystem> disk) {
    std::string tree;
    const auto entries = disk->List(directory);
    for (const DirectoryEntry& entry : entries.value()) {
      absl::StrAppend(&tree, entry.name, "=", Read(*disk, absl::StrCat(directory, "/", entry.name)),
                      " ");
    }
    found.insert(tree);
  });
  return found;
}

class PowerCutTest : public ::testing::Test {
 protected:
  PowerCutTest() {
    SE_EXPECT_OK(files.MakeDirectory("d", 0700));
    SE_EXPECT_OK(files.MakeDirectory("e", 0700));
    files.SyncAll();
  }

  ManualClock clock;
  MemoryFileSystem files{clock, {.power_cuts = true, .page_bytes = 2}};
};

TEST_F(PowerCutTest, AnyOfTheUnsyncedNamesAndContentsMayBeThere) {
  Write(files, "d/a", "xy");
  EXPECT_EQ(
      PowerCuts(files, "d"),
      (std::set<std::string>{"", "a= ", absl::StrCat("a=", std::string(2, 0), " "), "a=xy "}));
  SE_ASSERT_OK(files.SyncDirectory("d"));
  Write(files, "d/b", "z", true);
  EXPECT_EQ(PowerCuts(files, "d").size(), 6u);
  files.SyncAll();
  EXPECT_EQ(PowerCuts(files, "d"), (std::set<std::string>{"a=xy b=z "}));
}

TEST_F(PowerCutTest, EachPageIsOldZeroOrOneOfItsVersions) {
  SE_ASSERT_OK_AND_ASSIGN(const auto file, files.Create("d/a", 0600));
  SE_ASSERT_OK(file->WriteAt(0, "112233"));
  SE_ASSERT_OK(file->Sync());
  SE_ASSERT_OK(files.SyncDirectory("d"));
  SE_ASSERT_OK(file->WriteAt(2, "44"));
  SE_ASSERT_OK(file->WriteAt(3, "55"));
  const std::string zero(1, '\0');
  const std::string zeros(2, '\0');
  EXPECT_EQ(
      PowerCuts(files, "d"),
      (std::set<std::string>{
          "a=112233 ", "a=11" + zeros + "33 ", "a=114433 ", "a=114533 ",  // The last page old.
          "a=1122" + zeros + " ", "a=11" + zeros + zeros + " ", "a=1144" + zeros + " ",
          "a=1145" + zeros + " ",  // The last page blank.
          "a=112253 ", "a=11" + zeros + "53 ", "a=114453 ", "a=114553 "}));
  SE_ASSERT_OK(file->Sync());
  EXPECT_EQ(PowerCuts(files, "d"), (std::set<std::string>{"a=114553 "}));
}

TEST_F(PowerCutTest, ARenameHappensAsAWholeAndChangesOfOneNameKeepTheirOrder) {
  Write(files, "d/a", "1", true);
  Write(files, "d/b", "2", true);
  files.SyncAll();
  SE_ASSERT_OK(files.Rename("d/b", "e/old b", RenameMode::kReplace));
  SE_ASSERT_OK(files.Rename("d/a", "d/b", RenameMode::kReplace));
  EXPECT_EQ(PowerCuts(files, "d"), (std::set<std::string>{"a=1 b=2 ", "a=1 ", "b=1 "}));
  EXPECT_EQ(PowerCuts(files, "e"), (std::set<std::string>{"", "old b=2 "}));
  ForEachPowerCut(files, 100, 1, [](std::unique_ptr<MemoryFileSystem> disk) {
    EXPECT_NE(Read(*disk, "d/b") == "2", Read(*disk, "e/old b") == "2") << "lost or there twice";
  });
  SE_ASSERT_OK(files.SyncDirectory("e"));
  EXPECT_EQ(PowerCuts(files, "d"), (std::set<std::string>{"a=1 ", "b=1 "}));
  EXPECT_EQ(PowerCuts(files, "e"), (std::set<std::string>{"old b=2 "}));
}

TEST_F(PowerCutTest, AFailedSyncIsNotMadeGoodByALaterOne) {
  SE_ASSERT_OK_AND_ASSIGN(const auto file, files.Create("d/a", 0600));
  SE_ASSERT_OK(files.SyncDirectory("d"));
  SE_ASSERT_OK(file->WriteAt(0, "ab"));
  files.FailNextSync();
  SE_EXPECT_CODE(file->Sync(), kDataLoss);
  EXPECT_EQ(Read(files, "d/a"), "ab");
  SE_EXPECT_OK(file->Sync());
  EXPECT_EQ(PowerCuts(files, "d"), (std::set<std::string>{"a= "}));
}

TEST_F(PowerCutTest, TheDiskAfterwardsIsOneOfItsOwn) {
  Write(files, "d/a", "xy", true);
  const uint64_t inode = files.Stat("d/a")->inode;
  const auto after = files.AfterPowerCut(KeepUnsynced);
  EXPECT_EQ(after->Stat("d/a")->inode, inode);
  Write(*after, "d/b", "of the other");
  EXPECT_NE(after->Stat("d/b")->inode, inode);
  EXPECT_EQ(Read(files, "d/b"), "NOT_FOUND");
  EXPECT_EQ(after->FreeBytes().value(), files.FreeBytes().value() - 12);
}

TEST(MemoryFileSystemTest, FilesOutliveTheFileSystem) {
  ManualClock clock;
  auto files = std::make_unique<MemoryFileSystem>(clock);
  SE_ASSERT_OK_AND_ASSIGN(const auto file, files->Create("a", 0600));
  SE_ASSERT_OK_AND_ASSIGN(auto lock, files->Lock("l"));
  SE_ASSERT_OK_AND_ASSIGN(const auto watch, files->Watch());
  files.reset();
  SE_EXPECT_OK(file->WriteAt(0, "1"));
  EXPECT_EQ(file->Stat()->size, 1u);
}

}  // namespace
}  // namespace syncengine::testing
