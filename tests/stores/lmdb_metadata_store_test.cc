// What LMDB alone does not promise: checksums, growth, forks, sharing, full and failing disks.
#include "syncengine/stores/lmdb_metadata_store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "syncengine/testing/status_matchers.h"
#include "syncengine/testing/temporary_directory.h"
#include "tests/stores/failing_disk.h"

namespace syncengine::testing {
namespace {

std::unique_ptr<MetadataStore> Open(const std::string& directory, uint64_t map_bytes = 1 << 20) {
  auto store = LmdbMetadataStore::Open(directory, {.map_bytes = map_bytes});
  EXPECT_TRUE(store.ok()) << store.status();
  return *std::move(store);
}

absl::Status Put(MetadataStore& store, absl::string_view key, absl::string_view value) {
  return store.Update("p", [&](MetadataWriter& rows) { return rows.Put(key, value); });
}

absl::StatusOr<std::string> Get(MetadataStore& store, absl::string_view key) {
  std::string value;
  SYNCENGINE_RETURN_IF_ERROR(store.View("p", [&](MetadataReader& rows) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(auto found, rows.Get(key));
    if (!found.has_value()) return absl::NotFoundError(key);
    value = *std::move(found);
    return absl::OkStatus();
  }));
  return value;
}

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// Replaces every `from` in the file by `to` of the same length; gives how many.
int Patch(const std::string& path, const std::string& from, const std::string& to) {
  std::string bytes = ReadAll(path);
  int count = 0;
  for (size_t at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + 1)) {
    bytes.replace(at, from.size(), to);
    ++count;
  }
  std::ofstream(path, std::ios::binary) << bytes;
  return count;
}

TEST(LmdbMetadataStoreTest, RowsOutliveTheStore) {
  TemporaryDirectory directory;
  SE_ASSERT_OK(Put(*Open(directory.path()), "key", "value"));
  EXPECT_EQ(Get(*Open(directory.path()), "key").value_or(""), "value");
}

TEST(LmdbMetadataStoreTest, DirectoryIsCreatedButNotItsParent) {
  TemporaryDirectory directory;
  SE_EXPECT_OK(LmdbMetadataStore::Open(directory.Child("new")));
  SE_EXPECT_CODE(LmdbMetadataStore::Open(directory.Child("a/b")), kNotFound);
}

TEST(LmdbMetadataStoreTest, DamagedValueIsDataLoss) {
  TemporaryDirectory directory;
  SE_ASSERT_OK(Put(*Open(directory.path()), "key", "precious bytes"));
  ASSERT_GT(Patch(directory.Child("data.mdb"), "precious bytes", "precious bytez"), 0);
  const auto store = Open(directory.path());
  SE_EXPECT_REASON(Get(*store, "key"), Reason::kIntegrity);
  SE_EXPECT_CODE(store->View("p", [](MetadataReader& rows) { return rows.Scan({}).status(); }),
                 kDataLoss);
}

TEST(LmdbMetadataStoreTest, ValueUnderAnotherKeyIsDataLoss) {
  TemporaryDirectory directory;
  SE_ASSERT_OK(Put(*Open(directory.path()), "key-one", "value"));
  ASSERT_GT(Patch(directory.Child("data.mdb"), "key-one", "key-two"), 0);
  const auto store = Open(directory.path());
  SE_EXPECT_REASON(Get(*store, "key-two"), Reason::kIntegrity);
}

TEST(LmdbMetadataStoreTest, NewerFormatIsRefusedAndLeftAlone) {
  TemporaryDirectory directory;
  { const auto store = Open(directory.path()); }
  // A store of another format fails its checksum here, which is refused as well.
  ASSERT_GT(Patch(directory.Child("data.mdb"), "syncengine metadata 2", "syncengine metadata 3"),
            0);
  const std::string before = ReadAll(directory.Child("data.mdb"));
  EXPECT_FALSE(LmdbMetadataStore::Open(directory.path()).ok());
  EXPECT_TRUE(ReadAll(directory.Child("data.mdb")) == before);
}

TEST(LmdbMetadataStoreTest, ForeignFileIsRefused) {
  TemporaryDirectory directory;
  std::ofstream(directory.Child("data.mdb")) << std::string(100'000, 'x');
  EXPECT_FALSE(LmdbMetadataStore::Open(directory.path()).ok());
}

// What a map was read from must not be gone while another thread makes it grow.
TEST(LmdbMetadataStoreTest, MapGrowsUnderReadersAndWriters) {
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    TemporaryDirectory directory;
    const auto store = Open(directory.path(), 64 << 10);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (int j = 0; j < 8; ++j) {
          const std::string key = absl::StrCat(i, "-", j);
          SE_EXPECT_OK(Put(*store, key, std::string(50'000, static_cast<char>('a' + i))));
          EXPECT_EQ(Get(*store, key).value_or("").size(), 50'000u);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(Get(*store, "3-7").value_or(""), std::string(50'000, 'd'));
  }
}

TEST(LmdbMetadataStoreTest, ClosureRunsAgainAfterGrowthAndCommitsOnce) {
  TemporaryDirectory directory;
  const auto store = Open(directory.path(), 64 << 10);
  int runs = 0;
  SE_EXPECT_OK(store->Update("p", [&](MetadataWriter& rows) -> absl::Status {
    ++runs;
    SYNCENGINE_RETURN_IF_ERROR(rows.Put("big", std::string(300'000, 'x')));
    return rows.Put("small", "1");
  }));
  EXPECT_GT(runs, 1);
  EXPECT_EQ(Get(*store, "small").value_or(""), "1");
}

TEST(LmdbMetadataStoreTest, MapStopsGrowingAtItsMaximum) {
  TemporaryDirectory directory;
  auto opened = LmdbMetadataStore::Open(directory.path(),
                                        {.map_bytes = 256 << 10, .map_bytes_max = 256 << 10});
  SE_ASSERT_OK(opened);
  SE_ASSERT_OK(Put(**opened, "small", "1"));
  SE_EXPECT_REASON(Put(**opened, "big", std::string(500'000, 'x')), Reason::kDiskFull);
  EXPECT_EQ(Get(**opened, "small").value_or(""), "1");
  SE_EXPECT_OK(Put(**opened, "small", "2"));
}

TEST(LmdbMetadataStoreTest, SecondStoreOfAProcessSharesTheFirst) {
  TemporaryDirectory directory;
  auto first = Open(directory.path());
  const auto second = Open(absl::StrCat(directory.path(), "/."));
  SE_ASSERT_OK(Put(*first, "a", "1"));
  EXPECT_EQ(Get(*second, "a").value_or(""), "1");
  first.reset();
  SE_EXPECT_OK(Put(*second, "a", "2"));
  EXPECT_EQ(Get(*Open(directory.path()), "a").value_or(""), "2");
}

// Runs `check` in a forked child; true when it returned true there.
template <typename Check>
bool InChild(Check check) {
  const pid_t child = fork();
  if (child == 0) _exit(check() ? 0 : 1);
  int result = 0;
  waitpid(child, &result, 0);
  return WIFEXITED(result) && WEXITSTATUS(result) == 0;
}

TEST(LmdbMetadataStoreTest, ForkedChildIsRefused) {
  TemporaryDirectory directory;
  auto store = Open(directory.path());
  SE_ASSERT_OK(Put(*store, "a", "1"));
  EXPECT_TRUE(InChild([&] {
    const bool refused = absl::IsFailedPrecondition(Get(*store, "a").status()) &&
                         absl::IsFailedPrecondition(Put(*store, "a", "2")) &&
                         absl::IsFailedPrecondition(store->ListPartitions().status());
    store.reset();
    return refused;
  }));
  EXPECT_EQ(Get(*store, "a").value_or(""), "1");
  SE_EXPECT_OK(Put(*store, "a", "3"));
}

TEST(LmdbMetadataStoreTest, TwoProcessesSeeEachOthersRowsAndGrowth) {
  TemporaryDirectory directory;
  const auto store = Open(directory.path(), 64 << 10);
  SE_ASSERT_OK(Put(*store, "a", "1"));
  EXPECT_TRUE(InChild([&] {
    const auto own = LmdbMetadataStore::Open(directory.path(), {.map_bytes = 64 << 10});
    return own.ok() && Get(**own, "a").value_or("") == "1" &&
           Put(**own, "big", std::string(900'000, 'b')).ok();
  }));
  EXPECT_EQ(Get(*store, "big").value_or(""), std::string(900'000, 'b'));
  SE_EXPECT_OK(Put(*store, "a", "2"));
}

TEST(LmdbMetadataStoreTest, FullDiskLeavesTheStoreReadableAndWritableLater) {
  TemporaryDirectory directory;
  const auto store = Open(directory.path());
  SE_ASSERT_OK(Put(*store, "a", "1"));
  {
    FailingDisk full({.write_errno = ENOSPC});
    SE_EXPECT_REASON(Put(*store, "a", std::string(20'000, 'x')), Reason::kDiskFull);
    EXPECT_GT(full.failures(), 0);
    EXPECT_EQ(Get(*store, "a").value_or(""), "1");
  }
  SE_EXPECT_OK(Put(*store, "a", "2"));
  EXPECT_EQ(Get(*store, "a").value_or(""), "2");
}

TEST(LmdbMetadataStoreTest, FailedFlushTurnsTheStoreReadOnlyUntilItIsOpenedAgain) {
  TemporaryDirectory directory;
  auto store = Open(directory.path());
  SE_ASSERT_OK(Put(*store, "a", "1"));
  {
    FailingDisk broken({.sync_errno = EIO});
    SE_EXPECT_CODE(Put(*store, "a", "2"), kDataLoss);
    EXPECT_GT(broken.failures(), 0);
  }
  SE_EXPECT_CODE(Put(*store, "a", "3"), kFailedPrecondition);
  EXPECT_EQ(Get(*store, "a").value_or(""), "1");
  store.reset();
  store = Open(directory.path());
  EXPECT_EQ(Get(*store, "a").value_or(""), "1");
  SE_EXPECT_OK(Put(*store, "a", "4"));
}

TEST(LmdbMetadataStoreTest, EveryFailedWriteLeavesTheOldOrTheNewRow) {
  for (int index = 0; index < 6; ++index) {
    SCOPED_TRACE(index);
    TemporaryDirectory directory;
    auto store = Open(directory.path());
    SE_ASSERT_OK(Put(*store, "a", "old"));
    absl::Status put;
    {
      FailingDisk disk({.write_errno = EIO, .sync_errno = EIO, .from_call = index});
      put = Put(*store, "a", "new");
    }
    store.reset();
    const std::string found = Get(*Open(directory.path()), "a").value_or("");
    EXPECT_TRUE(found == "new" || (found == "old" && !put.ok())) << found << ", " << put;
  }
}

}  // namespace
}  // namespace syncengine::testing
