// What a local object store leaves behind when its disk fails, fills up or loses power.
#include "syncengine/stores/local_object_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "syncengine/stores/memory_file_system.h"
#include "syncengine/testing/fault_plan.h"
#include "syncengine/testing/faulty_file_system.h"
#include "syncengine/testing/manual_clock.h"
#include "syncengine/testing/seeded_entropy.h"
#include "syncengine/testing/status_matchers.h"

namespace syncengine::testing {
namespace {

const std::string kBytes(10'000, 'x');

// One disk, which may be opened by one store after another.
class Disk {
 public:
  std::unique_ptr<ObjectStore> Open() {
    auto store = LocalObjectStore::Open(faulty, entropy);
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }

  ManualClock clock;
  MemoryFileSystem memory{clock, {.power_cuts = true}};
  FaultPlan plan;
  FaultyFileSystem faulty{memory, plan};
  SeededEntropy entropy{1};
};

// The object is there whole or not at all, and says so everywhere.
bool ExpectWholeOrAbsent(ObjectStore& store, const std::string& name) {
  const absl::StatusOr<std::string> bytes = store.Get(name, 0, kWholeObject);
  const absl::StatusOr<ObjectPage> page = store.List("", "", 1000);
  SE_EXPECT_OK(page);
  const bool listed = page.ok() && std::any_of(page->entries.begin(), page->entries.end(),
                                               [&](const auto& e) { return e.name == name; });
  if (!bytes.ok()) {
    SE_EXPECT_CODE(bytes, kNotFound);
    SE_EXPECT_CODE(store.Stat(name), kNotFound);
    EXPECT_FALSE(listed);
    return false;
  }
  EXPECT_TRUE(*bytes == kBytes) << bytes->size();
  EXPECT_TRUE(listed);
  return true;
}

struct SweepCase {
  absl::Status status;
  bool forever = false;
  bool power_cut = false;
};

// Fails call 0, 1, 2 ... of a Put until a Put meets no failure; gives the number of runs.
int SweepPut(const SweepCase& sweep) {
  for (int64_t index = 0;; ++index) {
    SCOPED_TRACE(absl::StrCat("failing call ", index));
    Disk disk;
    std::unique_ptr<ObjectStore> store = disk.Open();
    EXPECT_TRUE(store->Put("seg/other", kBytes).ok());
    disk.plan.Arm({.index = index, .status = sweep.status, .forever = sweep.forever});
    const absl::Status put = store->Put("seg/one", kBytes);
    const int64_t failures = disk.plan.failures();
    disk.plan.Disarm();
    store.reset();
    if (sweep.power_cut) disk.memory.PowerCut();
    store = disk.Open();
    EXPECT_TRUE(disk.memory.List("tmp")->empty());
    const bool found = ExpectWholeOrAbsent(*store, "seg/one");
    EXPECT_TRUE(ExpectWholeOrAbsent(*store, "seg/other")) << "an acknowledged object is gone";
    if (put.ok()) {
      EXPECT_TRUE(found) << "an acknowledged object is gone";
    }
    const absl::Status again = store->Put("seg/one", kBytes);
    EXPECT_TRUE(found ? absl::IsAlreadyExists(again) : again.ok()) << again;
    EXPECT_TRUE(ExpectWholeOrAbsent(*store, "seg/one"));
    if (failures == 0) return static_cast<int>(index);
  }
}

TEST(LocalObjectStoreTest, FailedPutLeavesTheObjectWholeOrAbsent) {
  for (const absl::Status& status :
       {absl::DataLossError("EIO"), absl::UnavailableError("EINTR"),
        absl::PermissionDeniedError("EROFS"), MakeError(Reason::kDiskFull, "ENOSPC")}) {
    for (const bool forever : {false, true}) {
      for (const bool power_cut : {false, true}) {
        SCOPED_TRACE(absl::StrCat(status.message(), forever ? " for ever" : " once",
                                  power_cut ? ", then a power cut" : ""));
        EXPECT_GE(SweepPut({status, forever, power_cut}), 6);
      }
    }
  }
}

TEST(LocalObjectStoreTest, AcknowledgedObjectsSurviveAPowerCut) {
  Disk disk;
  std::unique_ptr<ObjectStore> store = disk.Open();
  for (int i = 0; i < 50; ++i) SE_ASSERT_OK(store->Put(absl::StrCat("a/", i, "/b"), kBytes));
  SE_ASSERT_OK(store->Delete("a/7/b"));
  store.reset();
  disk.memory.PowerCut();
  store = disk.Open();
  EXPECT_EQ(store->List("", "", 1000)->entries.size(), 49u);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(ExpectWholeOrAbsent(*store, absl::StrCat("a/", i, "/b")), i != 7);
  }
}

TEST(LocalObjectStoreTest, KeepsTheWriteOrder) {
  Disk disk;
  const std::unique_ptr<ObjectStore> store = disk.Open();
  SE_ASSERT_OK(store->Put("seg/one", kBytes));
  const size_t before = disk.plan.calls().size();
  SE_ASSERT_OK(store->Put("seg/one2", kBytes));
  std::vector<std::string> calls = disk.plan.calls();
  calls.erase(calls.begin(), calls.begin() + static_cast<int64_t>(before));
  EXPECT_EQ(calls, (std::vector<std::string>{"Stat", "Create", "WriteAt", "Sync", "Rename",
                                             "SyncDirectory"}));
}

TEST(LocalObjectStoreTest, FailedSyncIsAnsweredWithOneNewFile) {
  Disk disk;
  const std::unique_ptr<ObjectStore> store = disk.Open();
  disk.plan.Arm({.index = 0, .status = absl::DataLossError("EIO"), .only = "Sync"});
  SE_EXPECT_OK(store->Put("one", kBytes));
  EXPECT_EQ(disk.plan.failures(), 1);
  EXPECT_TRUE(ExpectWholeOrAbsent(*store, "one"));
  SE_EXPECT_OK(store->Put("two", kBytes));
}

TEST(LocalObjectStoreTest, SecondFailedSyncTurnsTheStoreReadOnly) {
  Disk disk;
  std::unique_ptr<ObjectStore> store = disk.Open();
  SE_ASSERT_OK(store->Put("old", kBytes));
  disk.plan.Arm(
      {.index = 0, .status = absl::DataLossError("EIO"), .forever = true, .only = "Sync"});
  SE_EXPECT_CODE(store->Put("one", kBytes), kDataLoss);
  EXPECT_EQ(disk.plan.failures(), 2) << "a failed Sync was repeated, or no new file was tried";
  disk.plan.Disarm();
  SE_EXPECT_CODE(store->Put("two", kBytes), kFailedPrecondition);
  SE_EXPECT_CODE(store->Delete("old"), kFailedPrecondition);
  EXPECT_TRUE(ExpectWholeOrAbsent(*store, "old"));
  store.reset();
  SE_EXPECT_OK(disk.Open()->Put("two", kBytes));
}

TEST(LocalObjectStoreTest, FailedDirectorySyncTurnsTheStoreReadOnly) {
  Disk disk;
  const std::unique_ptr<ObjectStore> store = disk.Open();
  SE_ASSERT_OK(store->Put("one", kBytes));
  disk.plan.Arm({.index = 0, .status = absl::DataLossError("EIO"), .only = "SyncDirectory"});
  SE_EXPECT_CODE(store->Put("one2", kBytes), kDataLoss);
  SE_EXPECT_CODE(store->Put("one3", kBytes), kFailedPrecondition);
}

TEST(LocalObjectStoreTest, FullDiskIsReportedAndEndsWhenThereIsSpace) {
  Disk disk;
  const std::unique_ptr<ObjectStore> store = disk.Open();
  SE_ASSERT_OK(store->Put("one", kBytes));
  disk.memory.SetCapacity(kBytes.size() + 500);
  SE_EXPECT_REASON(store->Put("two", kBytes), Reason::kDiskFull);
  EXPECT_TRUE(disk.memory.List("tmp")->empty()) << "what did not fit was left behind";
  EXPECT_FALSE(ExpectWholeOrAbsent(*store, "two"));
  EXPECT_TRUE(ExpectWholeOrAbsent(*store, "one"));
  SE_EXPECT_OK(store->Put("small", "fits"));
  SE_EXPECT_OK(store->Delete("small"));
  disk.memory.SetCapacity(3 * kBytes.size());
  SE_EXPECT_OK(store->Put("two", kBytes));
}

TEST(LocalObjectStoreTest, SecondProcessLeavesTheTemporariesOfTheFirst) {
  Disk disk;
  const std::unique_ptr<ObjectStore> first = disk.Open();
  SE_ASSERT_OK(disk.memory.Create("tmp/in-flight", 0600));
  std::unique_ptr<ObjectStore> second = disk.Open();
  SE_EXPECT_OK(disk.memory.Stat("tmp/in-flight"));
  SE_EXPECT_OK(second->Put("a", kBytes));
  EXPECT_TRUE(ExpectWholeOrAbsent(*first, "a"));
  SE_EXPECT_CODE(first->Put("a", kBytes), kAlreadyExists);
}

TEST(LocalObjectStoreTest, FoundObjectIsMadeDurableBeforeItIsReported) {
  Disk disk;
  std::unique_ptr<ObjectStore> store = disk.Open();
  // The directories are durable; the writer dies between the rename and the sync of the name.
  SE_ASSERT_OK(store->Put("one", kBytes));
  disk.plan.Arm({.index = 0, .status = absl::UnavailableError("killed"), .only = "SyncDirectory"});
  SE_EXPECT_CODE(store->Put("one2", kBytes), kUnavailable);
  disk.plan.Disarm();
  store = nullptr;
  store = disk.Open();
  SE_EXPECT_CODE(store->Put("one2", kBytes), kAlreadyExists);
  store = nullptr;
  disk.memory.PowerCut();
  EXPECT_TRUE(ExpectWholeOrAbsent(*disk.Open(), "one2"));
}

}  // namespace
}  // namespace syncengine::testing
