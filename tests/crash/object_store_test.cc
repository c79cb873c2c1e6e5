// The local object store after power was cut behind every call it makes to its disk: acknowledged
// objects are there, nothing torn is served, and the work can be done again.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "syncengine/stores/local_object_store.h"
#include "syncengine/stores/memory_file_system.h"
#include "syncengine/testing/fault_plan.h"
#include "syncengine/testing/faulty_file_system.h"
#include "syncengine/testing/manual_clock.h"
#include "syncengine/testing/power_cuts.h"
#include "syncengine/testing/seeded_entropy.h"
#include "syncengine/testing/status_matchers.h"
#include "tests/crash/observed_file_system.h"
#include "tests/crash/state_digest.h"
#include "tests/crash/tally.h"

namespace syncengine::testing {
namespace {

// Every page differs from every other, of any object.
std::string Bytes(const std::string& name, size_t size) {
  std::mt19937_64 random(std::hash<std::string>()(name));
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(1 + random() % 255);
  return bytes;
}

// What may be found under a name: one of these contents, or no object.
using Allowed = std::map<std::string, std::set<std::optional<std::string>>>;

// A script of calls to the store, with a power cut tried behind every call the store makes.
class ObjectStoreCrash {
 public:
  ObjectStoreCrash() : disk_(std::make_unique<MemoryFileSystem>(clock_, kOptions)) {
    Tally::Get().CountScenario();
    Reopen();
  }

  // Ends the process and starts another.
  void Reopen() {
    second_.reset();
    store_.reset();
    faulty_.reset();
    observed_ = std::make_unique<ObservedFileSystem>(*disk_);
    observed_->after = [this](absl::string_view call) { CutBehind(call); };
    faulty_ = std::make_unique<FaultyFileSystem>(*observed_, faults);
    auto store = LocalObjectStore::Open(*faulty_, entropy_);
    SE_ASSERT_OK(store);
    store_ = *std::move(store);
  }
  // Power fails now; the script goes on with one of the disks that are left.
  void PowerCut(uint64_t seed) {
    second_.reset();
    store_.reset();
    SeededPowerCut chance(seed);
    disk_ = disk_->AfterPowerCut([&chance](uint64_t count) { return chance(count); });
    Reopen();
  }
  void OpenSecond() {
    auto store = LocalObjectStore::Open(*faulty_, entropy_);
    SE_ASSERT_OK(store);
    second_ = *std::move(store);
  }

  absl::Status Put(const std::string& name, size_t size) {
    std::set<std::optional<std::string>>& allowed = AllowedOf(name);
    const std::string bytes = Bytes(name, size);
    allowed.insert(bytes);
    ObjectStore& store = second_ != nullptr ? *second_ : *store_;
    const absl::Status put = store.Put(name, bytes);
    if (put.ok() || absl::IsAlreadyExists(put)) allowed = {bytes};
    return put;
  }
  absl::Status Delete(const std::string& name) {
    std::set<std::optional<std::string>>& allowed = AllowedOf(name);
    allowed.insert(std::nullopt);
    const absl::Status deleted = store_->Delete(name);
    if (deleted.ok()) allowed = {std::nullopt};
    return deleted;
  }
  // The process dies at its call number `call` of `step`.
  void Killed(int64_t call, const std::function<void()>& step) {
    faults.Arm({.index = call, .status = absl::UnavailableError("killed"), .forever = true});
    step();
    faults.Disarm();
  }

  MemoryFileSystem& disk() { return *disk_; }
  FaultPlan faults;

 private:
  static constexpr MemoryFileSystem::Options kOptions{.power_cuts = true};

  std::set<std::optional<std::string>>& AllowedOf(const std::string& name) {
    return allowed_.try_emplace(name, std::set<std::optional<std::string>>{std::nullopt})
        .first->second;
  }

  void CutBehind(absl::string_view call) {
    Tally& tally = Tally::Get();
    tally.CountOperation(call);
    if (::testing::Test::HasFailure()) return;
    ForEachPowerCut(*disk_, tally.states_per_point(), ++point_ * 1'000'003,
                    [&](std::unique_ptr<MemoryFileSystem> found) {
                      if (!tally.CountState(DigestOf(*found), absl::HashOf(allowed_))) return;
                      SCOPED_TRACE(absl::StrCat("power cut ", point_, " behind ", call));
                      ExpectSound(std::move(found));
                    });
  }

  void ExpectSound(std::unique_ptr<MemoryFileSystem> found) {
    SeededEntropy entropy(1000 + point_);
    found->SetCapacity(uint64_t{1} << 40);
    if (++looked_ % 4 == 0) CutRecovery(*found);
    Allowed allowed = allowed_;
    {
      auto store = LocalObjectStore::Open(*found, entropy);
      SE_ASSERT_OK(store);
      EXPECT_TRUE(found->List("tmp")->empty());
      ExpectAllowed(**store, allowed);
      // What was not acknowledged is done again, and is then there for good.
      for (auto& [name, contents] : allowed) {
        if (contents.size() == 1 && !contents.begin()->has_value()) continue;
        const std::string bytes = **contents.rbegin();
        const absl::Status again = (*store)->Put(name, bytes);
        EXPECT_TRUE(again.ok() || absl::IsAlreadyExists(again)) << name << ": " << again;
        contents = {bytes};
      }
      SE_EXPECT_OK((*store)->Put("after/all", "new"));
      allowed["after/all"] = {"new"};
    }
    const auto later = found->AfterPowerCut(LoseUnsynced);
    auto store = LocalObjectStore::Open(*later, entropy);
    SE_ASSERT_OK(store);
    ExpectAllowed(**store, allowed);
  }

  // Power fails again while the store is being opened.
  void CutRecovery(const MemoryFileSystem& found) {
    const auto disk = found.AfterPowerCut(KeepUnsynced);
    ObservedFileSystem observed(*disk);
    observed.after = [&](absl::string_view) {
      ForEachPowerCut(*disk, 3, point_, [&](std::unique_ptr<MemoryFileSystem> again) {
        Tally::Get().CountSecondCrash();
        if (!Tally::Get().CountState(DigestOf(*again), absl::HashOf(allowed_, "again"))) return;
        SeededEntropy entropy(2);
        auto store = LocalObjectStore::Open(*again, entropy);
        SE_ASSERT_OK(store);
        ExpectAllowed(**store, allowed_);
      });
    };
    SeededEntropy entropy(3);
    SE_EXPECT_OK(LocalObjectStore::Open(observed, entropy));
  }

  static void ExpectAllowed(ObjectStore& store, const Allowed& allowed) {
    std::vector<std::string> present;
    for (const auto& [name, contents] : allowed) {
      auto bytes = store.Get(name, 0, kWholeObject);
      if (!bytes.ok()) {
        SE_EXPECT_CODE(bytes, kNotFound);
      }
      const auto content = bytes.ok() ? std::optional<std::string>(*bytes) : std::nullopt;
      EXPECT_TRUE(contents.contains(content))
          << name << (content.has_value() ? " is torn or old" : " was acknowledged and is gone");
      if (content.has_value()) present.push_back(name);
    }
    std::vector<std::string> listed;
    const auto page = store.List("", "", 1000);
    SE_ASSERT_OK(page);
    for (const ObjectEntry& entry : page->entries) listed.push_back(entry.name);
    EXPECT_EQ(listed, present);
  }

  ManualClock clock_;
  SeededEntropy entropy_{5};
  std::unique_ptr<MemoryFileSystem> disk_;
  std::unique_ptr<ObservedFileSystem> observed_;
  std::unique_ptr<FaultyFileSystem> faulty_;
  std::unique_ptr<ObjectStore> store_;
  std::unique_ptr<ObjectStore> second_;  // Of another process on the same directory.
  Allowed allowed_;
  uint64_t point_ = 0;
  uint64_t looked_ = 0;
};

TEST(ObjectStoreCrashTest, PutsOfAllSizes) {
  for (const size_t size : {1, 4095, 4096, 4097, 12'000, 65'536, 300'000}) {
    SCOPED_TRACE(size);
    ObjectStoreCrash script;
    SE_EXPECT_OK(script.Put("seg/one", size));
    SE_EXPECT_OK(script.Put("seg/two", 10));
  }
}

TEST(ObjectStoreCrashTest, NewDirectories) {
  ObjectStoreCrash deep;
  SE_EXPECT_OK(deep.Put("a/b/c/d/e", 100));
  SE_EXPECT_OK(deep.Put("a/b/c/e/e", 100));
  SE_EXPECT_OK(deep.Put("b", 100));
  ObjectStoreCrash wide;
  for (int i = 0; i < 12; ++i) SE_EXPECT_OK(wide.Put(absl::StrCat("seg/", i, "x", i), 5000));
}

TEST(ObjectStoreCrashTest, Deletions) {
  ObjectStoreCrash script;
  SE_EXPECT_OK(script.Put("seg/1", 5000));
  SE_EXPECT_OK(script.Put("seg/2", 5000));
  SE_EXPECT_OK(script.Delete("seg/1"));
  SE_EXPECT_OK(script.Delete("seg/1"));
  SE_EXPECT_OK(script.Delete("never"));
  SE_EXPECT_OK(script.Put("seg/1", 5000));
  SE_EXPECT_OK(script.Delete("seg/2"));
  SE_EXPECT_OK(script.Delete("seg/1"));
}

TEST(ObjectStoreCrashTest, DeletionsOfWhatADyingProcessRemoved) {
  ObjectStoreCrash script;
  SE_EXPECT_OK(script.Put("seg/1", 5000));
  script.Killed(1, [&] { EXPECT_FALSE(script.Delete("seg/1").ok()); });
  script.Reopen();
  SE_EXPECT_OK(script.Delete("seg/1"));  // Is no longer there, and must not come back.
}

TEST(ObjectStoreCrashTest, PutsOfWhatIsThere) {
  ObjectStoreCrash script;
  SE_EXPECT_OK(script.Put("seg/1", 9000));
  SE_EXPECT_CODE(script.Put("seg/1", 9000), kAlreadyExists);
  script.Reopen();
  SE_EXPECT_CODE(script.Put("seg/1", 9000), kAlreadyExists);
}

TEST(ObjectStoreCrashTest, ProcessesKilledAtAnyCallOfAPut) {
  for (int64_t call = 0; call < 10; ++call) {
    SCOPED_TRACE(call);
    ObjectStoreCrash script;
    SE_EXPECT_OK(script.Put("seg/1", 9000));
    script.Killed(call, [&] { script.Put("new/2", 9000).IgnoreError(); });
    script.Reopen();  // Nothing was synced in between: power may still take what was done.
    const absl::Status again = script.Put("new/2", 9000);
    EXPECT_TRUE(again.ok() || absl::IsAlreadyExists(again)) << again;
    script.Killed(call, [&] { script.Delete("seg/1").IgnoreError(); });
    script.Reopen();
    SE_EXPECT_OK(script.Delete("seg/1"));
  }
}

TEST(ObjectStoreCrashTest, PowerCutsInARow) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    ObjectStoreCrash script;
    SE_EXPECT_OK(script.Put("seg/1", 9000));
    for (int64_t call = 0; call < 8; ++call) {
      const std::string name = absl::StrCat("s", call, "/2");
      script.Killed(call, [&] { script.Put(name, 9000).IgnoreError(); });
      script.PowerCut(seed * 100 + call);
      const absl::Status again = script.Put(name, 9000);
      EXPECT_TRUE(again.ok() || absl::IsAlreadyExists(again)) << again;
    }
  }
}

TEST(ObjectStoreCrashTest, FailedSyncs) {
  ObjectStoreCrash once;
  SE_EXPECT_OK(once.Put("seg/1", 9000));
  once.disk().FailNextSync();
  SE_EXPECT_OK(once.Put("seg/2", 9000));
  SE_EXPECT_OK(once.Put("seg/3", 9000));

  ObjectStoreCrash twice;
  SE_EXPECT_OK(twice.Put("seg/1", 9000));
  twice.disk().FailNextSync();
  twice.disk().FailNextSync();
  SE_EXPECT_CODE(twice.Put("seg/2", 9000), kDataLoss);
  SE_EXPECT_CODE(twice.Put("seg/3", 9000), kFailedPrecondition);
  twice.Reopen();
  SE_EXPECT_OK(twice.Put("seg/2", 9000));
}

TEST(ObjectStoreCrashTest, AFullDisk) {
  ObjectStoreCrash script;
  SE_EXPECT_OK(script.Put("seg/1", 9000));
  script.disk().SetCapacity(12'000);
  SE_EXPECT_CODE(script.Put("seg/2", 9000), kResourceExhausted);
  SE_EXPECT_OK(script.Delete("seg/1"));
  SE_EXPECT_OK(script.Put("seg/2", 9000));
  script.disk().SetCapacity(1u << 30);
  SE_EXPECT_OK(script.Put("seg/3", 9000));
}

TEST(ObjectStoreCrashTest, TwoProcesses) {
  ObjectStoreCrash script;
  SE_EXPECT_OK(script.Put("seg/1", 5000));
  script.OpenSecond();
  SE_EXPECT_OK(script.Put("seg/2", 5000));
  SE_EXPECT_OK(script.Put("other/3", 5000));
  SE_EXPECT_OK(script.Delete("seg/2"));
}

TEST(ObjectStoreCrashTest, RandomScripts) {
  for (uint64_t seed = 1; seed <= std::max<uint64_t>(8, Tally::Get().seeds()); ++seed) {
    if (!Tally::Get().IsMine(seed)) continue;
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937_64 random(seed);
    ObjectStoreCrash script;
    for (int step = 0; step < 25; ++step) {
      const std::string name = absl::StrCat("d", random() % 3, "/", random() % 4);
      const size_t size = 1 + std::hash<std::string>()(name) % 20'000;
      switch (random() % 8) {
        case 0:
          SE_EXPECT_OK(script.Delete(name));
          break;
        case 1:
          script.Reopen();
          break;
        case 2:
          script.Killed(static_cast<int64_t>(random() % 7),
                        [&] { script.Put(name, size).IgnoreError(); });
          script.PowerCut(random());
          break;
        case 3:
          script.Killed(static_cast<int64_t>(random() % 3),
                        [&] { script.Delete(name).IgnoreError(); });
          script.Reopen();
          break;
        default:
          script.Put(name, size).IgnoreError();
      }
    }
  }
}

}  // namespace
}  // namespace syncengine::testing
