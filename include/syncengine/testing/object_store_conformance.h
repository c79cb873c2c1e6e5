// The promises of ports/object_store.h as a test suite, for any implementation:
//
//   struct MyStoreHarness {                       // Made anew for each test.
//     ObjectStore& store() { return my_store; }   // Empty at first.
//     MyStore my_store;
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Mine, ObjectStoreConformance, MyStoreHarness);
//
// inside namespace syncengine::testing. Starts threads.
#ifndef SYNCENGINE_TESTING_OBJECT_STORE_CONFORMANCE_H_
#define SYNCENGINE_TESTING_OBJECT_STORE_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "syncengine/ports/object_store.h"
#include "syncengine/testing/status_matchers.h"

namespace syncengine::testing {

template <typename Harness>
class ObjectStoreConformance : public ::testing::Test {
 protected:
  ObjectStore& store() { return harness_.store(); }

  // All names under `prefix`, read in pages of `limit`.
  std::vector<std::string> ListAll(absl::string_view prefix, int limit) {
    std::vector<std::string> names;
    std::string after;
    while (true) {
      const auto page = store().List(prefix, after, limit);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) return names;
      EXPECT_LE(page->entries.size(), static_cast<size_t>(limit));
      for (const ObjectEntry& entry : page->entries) names.push_back(entry.name);
      if (!page->more || page->entries.empty()) {
        EXPECT_FALSE(page->more) << "a page that is not the last one is empty";
        return names;
      }
      after = names.back();
    }
  }

  Harness harness_;
};

TYPED_TEST_SUITE_P(ObjectStoreConformance);

TYPED_TEST_P(ObjectStoreConformance, GetGivesWhatPutStored) {
  std::string bytes(300'000, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 >> 3);
  SE_ASSERT_OK(this->store().Put("seg/one", bytes));
  SE_ASSERT_OK_AND_ASSIGN(const std::string found, this->store().Get("seg/one", 0, kWholeObject));
  EXPECT_TRUE(found == bytes);
  SE_ASSERT_OK_AND_ASSIGN(const ObjectEntry entry, this->store().Stat("seg/one"));
  EXPECT_EQ(entry.name, "seg/one");
  EXPECT_EQ(entry.size, bytes.size());
  EXPECT_EQ(entry.tier, Tier::kHot);
}

TYPED_TEST_P(ObjectStoreConformance, EmptyObjectExists) {
  SE_ASSERT_OK(this->store().Put("empty", ""));
  SE_ASSERT_OK_AND_ASSIGN(const std::string found, this->store().Get("empty", 0, kWholeObject));
  EXPECT_EQ(found, "");
  SE_ASSERT_OK_AND_ASSIGN(const ObjectEntry entry, this->store().Stat("empty"));
  EXPECT_EQ(entry.size, 0u);
}

TYPED_TEST_P(ObjectStoreConformance, GetGivesRanges) {
  SE_ASSERT_OK(this->store().Put("a", "0123456789"));
  const auto get = [this](uint64_t offset, uint64_t length) {
    return this->store().Get("a", offset, length).value_or("(error)");
  };
  EXPECT_EQ(get(0, 3), "012");
  EXPECT_EQ(get(3, 4), "3456");
  EXPECT_EQ(get(8, 100), "89");
  EXPECT_EQ(get(5, kWholeObject), "56789");
  EXPECT_EQ(get(10, 5), "");
  EXPECT_EQ(get(4, 0), "");
  SE_EXPECT_CODE(this->store().Get("a", 11, 1), kOutOfRange);
  SE_EXPECT_CODE(this->store().Get("a", ~uint64_t{0}, 1), kOutOfRange);
}

TYPED_TEST_P(ObjectStoreConformance, AbsentObjectIsNotFound) {
  SE_EXPECT_CODE(this->store().Get("no/such", 0, kWholeObject), kNotFound);
  SE_EXPECT_CODE(this->store().Stat("no/such"), kNotFound);
  SE_EXPECT_OK(this->store().Delete("no/such"));
}

TYPED_TEST_P(ObjectStoreConformance, PutNeverChangesAnObject) {
  SE_ASSERT_OK(this->store().Put("a", "first"));
  SE_EXPECT_CODE(this->store().Put("a", "second"), kAlreadyExists);
  SE_EXPECT_CODE(this->store().Put("a", "first"), kAlreadyExists);
  EXPECT_EQ(this->store().Get("a", 0, kWholeObject).value_or(""), "first");
}

TYPED_TEST_P(ObjectStoreConformance, DeletedObjectIsGoneAndItsNameIsFree) {
  SE_ASSERT_OK(this->store().Put("a/b", "first"));
  SE_EXPECT_OK(this->store().Delete("a/b"));
  SE_EXPECT_CODE(this->store().Get("a/b", 0, kWholeObject), kNotFound);
  SE_EXPECT_CODE(this->store().Stat("a/b"), kNotFound);
  EXPECT_TRUE(this->ListAll("", 10).empty());
  SE_EXPECT_OK(this->store().Delete("a/b"));
  SE_EXPECT_OK(this->store().Put("a/b", "again"));
}

TYPED_TEST_P(ObjectStoreConformance, BadNamesAreRefusedEverywhere) {
  const std::vector<std::string> bad = {"",
                                        "/",
                                        "/a",
                                        "a/",
                                        "a//b",
                                        ".",
                                        "..",
                                        "../a",
                                        "a/..",
                                        "a/./b",
                                        "a/../../",
                                        "A",
                                        "a b",
                                        "a\n",
                                        "\xc3\xa4",
                                        std::string("a\0b", 3),
                                        "a\\b",
                                        "a+b",
                                        "a=b",
                                        "a%b",
                                        "a:b",
                                        "a*",
                                        std::string(201, 'a')};
  for (const std::string& name : bad) {
    SCOPED_TRACE(name);
    SE_EXPECT_CODE(this->store().Put(name, "x"), kInvalidArgument);
    SE_EXPECT_CODE(this->store().Get(name, 0, 1), kInvalidArgument);
    SE_EXPECT_CODE(this->store().Stat(name), kInvalidArgument);
    SE_EXPECT_CODE(this->store().Delete(name), kInvalidArgument);
  }
  EXPECT_TRUE(this->ListAll("", 10).empty());
}

TYPED_TEST_P(ObjectStoreConformance, AllGoodNamesWork) {
  const std::vector<std::string> good = {"a",
                                         "0",
                                         "...",
                                         "..a",
                                         "a..",
                                         "-",
                                         "_",
                                         ".a",
                                         "a/b/c/d/e/f",
                                         "a.b-c_d/9",
                                         std::string(200, 'z'),
                                         "tmp/x",
                                         "objects/x",
                                         "lock"};
  for (const std::string& name : good) {
    SCOPED_TRACE(name);
    SE_EXPECT_OK(this->store().Put(name, name));
    EXPECT_EQ(this->store().Get(name, 0, kWholeObject).value_or(""), name);
  }
  EXPECT_EQ(this->ListAll("", 1000).size(), good.size());
}

TYPED_TEST_P(ObjectStoreConformance, AnObjectMayHaveTheNameOfAnothersFolder) {
  SE_ASSERT_OK(this->store().Put("a", "1"));
  SE_ASSERT_OK(this->store().Put("a/b", "2"));
  SE_ASSERT_OK(this->store().Put("c/d", "3"));
  SE_ASSERT_OK(this->store().Put("c", "4"));
  EXPECT_EQ(this->ListAll("", 10), (std::vector<std::string>{"a", "a/b", "c", "c/d"}));
  SE_EXPECT_CODE(this->store().Stat("c/d/e"), kNotFound);
}

TYPED_TEST_P(ObjectStoreConformance, ListIsOrderedByNameInPagesOfAnySize) {
  // Neighbours of '/' in byte order, and names that are prefixes of others.
  std::vector<std::string> names = {"a",   "a-", "a-/x", "a.",    "a/",    "aa",    "ab", "ab/c",
                                    "abc", "b",  "b/c",  "b/c-d", "b/c/d", "b/c.d", "b0"};
  names.erase(std::find(names.begin(), names.end(), "a/"));
  names.push_back("a/q");
  for (int i = 0; i < 40; ++i) names.push_back(absl::StrCat("seg/", i * 37 % 100, "-", i));
  for (const std::string& name : names) SE_ASSERT_OK(this->store().Put(name, name));
  std::sort(names.begin(), names.end());
  for (const int limit : {1, 2, 3, 7, 1000}) {
    SCOPED_TRACE(limit);
    EXPECT_EQ(this->ListAll("", limit), names);
  }
}

TYPED_TEST_P(ObjectStoreConformance, ListSelectsByPrefixAndAfter) {
  for (const std::string name : {"a/1", "a/2", "a/22", "a/3", "ab", "b/1"}) {
    SE_ASSERT_OK(this->store().Put(name, name));
  }
  EXPECT_EQ(this->ListAll("a/", 2), (std::vector<std::string>{"a/1", "a/2", "a/22", "a/3"}));
  EXPECT_EQ(this->ListAll("a/2", 1), (std::vector<std::string>{"a/2", "a/22"}));
  EXPECT_EQ(this->ListAll("a", 3).size(), 5u);
  EXPECT_TRUE(this->ListAll("c", 3).empty());
  SE_ASSERT_OK_AND_ASSIGN(const ObjectPage page, this->store().List("a/", "a/20", 10));
  ASSERT_EQ(page.entries.size(), 2u);
  EXPECT_EQ(page.entries[0].name, "a/22");
  EXPECT_EQ(page.entries[0].size, 4u);
  EXPECT_FALSE(page.more);
  // `after` need not exist, nor have the prefix.
  EXPECT_EQ(this->store().List("b/", "a", 10)->entries.size(), 1u);
  EXPECT_EQ(this->store().List("a/", "b", 10)->entries.size(), 0u);
}

TYPED_TEST_P(ObjectStoreConformance, ListLimitIsChecked) {
  SE_EXPECT_CODE(this->store().List("", "", 0), kInvalidArgument);
  SE_EXPECT_CODE(this->store().List("", "", -1), kInvalidArgument);
  SE_EXPECT_CODE(this->store().List("", "", 1001), kInvalidArgument);
  SE_EXPECT_OK(this->store().List("", "", 1000));
}

TYPED_TEST_P(ObjectStoreConformance, OneOfManyConcurrentPutsWinsWhole) {
  constexpr int kThreads = 8;
  for (int round = 0; round < 10; ++round) {
    const std::string name = absl::StrCat("race/", round);
    std::atomic<int> created{0};
    std::atomic<int> refused{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        const absl::Status status =
            this->store().Put(name, std::string(10'000, static_cast<char>('a' + i)));
        if (status.ok()) ++created;
        if (absl::IsAlreadyExists(status)) ++refused;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(created, 1);
    EXPECT_EQ(refused, kThreads - 1);
    SE_ASSERT_OK_AND_ASSIGN(const std::string bytes, this->store().Get(name, 0, kWholeObject));
    EXPECT_EQ(bytes, std::string(10'000, bytes.empty() ? '?' : bytes[0]));
  }
}

TYPED_TEST_P(ObjectStoreConformance, ConcurrentPutsOfDifferentNamesAllSucceed) {
  constexpr int kThreads = 8;
  constexpr int kEach = 10;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this, i] {
      for (int j = 0; j < kEach; ++j) {
        const std::string name = absl::StrCat("many/", j, "/", i);
        SE_EXPECT_OK(this->store().Put(name, name));
        EXPECT_EQ(this->store().Get(name, 0, kWholeObject).value_or(""), name);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(this->ListAll("many/", 13).size(), static_cast<size_t>(kThreads * kEach));
}

TYPED_TEST_P(ObjectStoreConformance, TiersWorkOrSayUnimplemented) {
  SE_ASSERT_OK(this->store().Put("a", "bytes"));
  SE_EXPECT_OK(this->store().Restore("a"));
  if (!this->store().properties().tiers) {
    SE_EXPECT_CODE(this->store().SetTier("a", Tier::kCold), kUnimplemented);
    return;
  }
  SE_ASSERT_OK(this->store().SetTier("a", Tier::kCold));
  EXPECT_EQ(this->store().Stat("a")->tier, Tier::kCold);
  SE_EXPECT_CODE(this->store().Get("a", 0, 1), kFailedPrecondition);
  absl::Status restored = this->store().Restore("a");
  for (int i = 0; i < 100 && absl::IsUnavailable(restored); ++i) {
    restored = this->store().Restore("a");
  }
  SE_ASSERT_OK(restored);
  EXPECT_EQ(this->store().Get("a", 0, kWholeObject).value_or(""), "bytes");
  SE_EXPECT_CODE(this->store().SetTier("b", Tier::kCold), kNotFound);
  SE_EXPECT_CODE(this->store().Restore("b"), kNotFound);
}

REGISTER_TYPED_TEST_SUITE_P(ObjectStoreConformance, GetGivesWhatPutStored, EmptyObjectExists,
                            GetGivesRanges, AbsentObjectIsNotFound, PutNeverChangesAnObject,
                            DeletedObjectIsGoneAndItsNameIsFree, BadNamesAreRefusedEverywhere,
                            AllGoodNamesWork, AnObjectMayHaveTheNameOfAnothersFolder,
                            ListIsOrderedByNameInPagesOfAnySize, ListSelectsByPrefixAndAfter,
                            ListLimitIsChecked, OneOfManyConcurrentPutsWinsWhole,
                            ConcurrentPutsOfDifferentNamesAllSucceed, TiersWorkOrSayUnimplemented);

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTING_OBJECT_STORE_CONFORMANCE_H_
