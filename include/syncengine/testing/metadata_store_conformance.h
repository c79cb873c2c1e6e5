// The promises of ports/metadata_store.h as a test suite, for any implementation:
//
//   struct MyStoreHarness {                         // Made anew for each test.
//     MetadataStore& store() { return my_store; }   // Empty at first.
//     MyStore my_store;
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Mine, MetadataStoreConformance, MyStoreHarness);
//   INSTANTIATE_TYPED_TEST_SUITE_P(Mine, MetadataStoreIsolation, MyStoreHarness);
//
// inside namespace syncengine::testing. This header is about rows, ranges and limits;
// metadata_store_isolation.h, which it includes, about transactions. Starts threads.
#ifndef SYNCENGINE_TESTING_METADATA_STORE_CONFORMANCE_H_
#define SYNCENGINE_TESTING_METADATA_STORE_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "syncengine/base/limits.h"
#include "syncengine/ports/metadata_store.h"
#include "syncengine/testing/metadata_store_fixture.h"
#include "syncengine/testing/metadata_store_isolation.h"
#include "syncengine/testing/status_matchers.h"

namespace syncengine::testing {

template <typename Harness>
class MetadataStoreConformance : public MetadataStoreFixture<Harness> {};

TYPED_TEST_SUITE_P(MetadataStoreConformance);

TYPED_TEST_P(MetadataStoreConformance, UpdateStoresWhatViewReads) {
  const std::string binary("\0\xff\n", 3);
  SE_ASSERT_OK(this->store().Update("p", [&](MetadataWriter& rows) -> absl::Status {
    SYNCENGINE_RETURN_IF_ERROR(rows.Put("a", "1"));
    SYNCENGINE_RETURN_IF_ERROR(rows.Put(binary, binary));
    return rows.Put("empty", "");
  }));
  EXPECT_EQ(this->Get("p", "a").value(), "1");
  EXPECT_EQ(this->Get("p", binary).value(), binary);
  EXPECT_EQ(this->Get("p", "empty").value(), "");
  EXPECT_EQ(this->Get("p", "none").value(), std::nullopt);
  EXPECT_EQ(this->Get("other", "a").value(), std::nullopt);
}

TYPED_TEST_P(MetadataStoreConformance, PutReplacesAndDeleteRemoves) {
  SE_ASSERT_OK(this->Put("p", "a", "1"));
  SE_ASSERT_OK(this->Put("p", "a", "longer than before"));
  EXPECT_EQ(this->Get("p", "a").value(), "longer than before");
  const auto remove = [](MetadataWriter& rows) { return rows.Delete("a"); };
  SE_ASSERT_OK(this->store().Update("p", remove));
  EXPECT_EQ(this->Get("p", "a").value(), std::nullopt);
  SE_EXPECT_OK(this->store().Update("p", remove));
}

TYPED_TEST_P(MetadataStoreConformance, GetManyAnswersEachKeyInOrder) {
  SE_ASSERT_OK(this->Put("p", "a", "1"));
  SE_ASSERT_OK(this->Put("p", "b", "2"));
  SE_EXPECT_OK(this->store().View("p", [](MetadataReader& rows) -> absl::Status {
    EXPECT_EQ(rows.GetMany({"b", "x", "a", "b"}).value(),
              (std::vector<std::optional<std::string>>{"2", std::nullopt, "1", "2"}));
    EXPECT_TRUE(rows.GetMany({})->empty());
    return absl::OkStatus();
  }));
}

TYPED_TEST_P(MetadataStoreConformance, ScanIsInByteOrderWithinItsRange) {
  const std::vector<std::string> keys = {
      std::string("\0", 1), "A", "a", "a\xff", "aa", "b", "\x7f", "\x80", "\xff", "\xff\xff"};
  SE_ASSERT_OK(this->store().Update("p", [&](MetadataWriter& rows) -> absl::Status {
    for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
      SYNCENGINE_RETURN_IF_ERROR(rows.Put(*key, absl::StrCat("v", *key)));
    }
    return absl::OkStatus();
  }));
  SE_ASSERT_OK(this->Put("o", "a", "another partition"));
  SE_ASSERT_OK(this->Put("p1", "a", "another partition"));
  typename TestFixture::Rows sorted;
  for (const std::string& key : keys) sorted.emplace_back(key, absl::StrCat("v", key));
  std::sort(sorted.begin(), sorted.end());
  const auto slice = [&](int begin, int end) {
    return typename TestFixture::Rows(sorted.begin() + begin, sorted.begin() + end);
  };
  const auto reversed = [](typename TestFixture::Rows rows) {
    std::reverse(rows.begin(), rows.end());
    return rows;
  };
  EXPECT_EQ(this->Scan("p", {}), sorted);
  EXPECT_EQ(this->Scan("p", {.reverse = true}), reversed(sorted));
  EXPECT_EQ(this->Scan("p", {.begin = "a", .end = "b"}), slice(2, 5));
  EXPECT_EQ(this->Scan("p", {.begin = "a", .end = "b", .reverse = true}), reversed(slice(2, 5)));
  EXPECT_EQ(this->Scan("p", {.begin = "a", .limit = 2}), slice(2, 4));
  EXPECT_EQ(this->Scan("p", {.begin = "a", .limit = 2, .reverse = true}), reversed(slice(8, 10)));
  EXPECT_EQ(this->Scan("p", {.end = "a", .reverse = true}), reversed(slice(0, 2)));
  EXPECT_EQ(this->Scan("p", {.begin = "aab", .end = "aac"}), slice(0, 0));
  EXPECT_EQ(this->Scan("p", {.begin = "b", .end = "a"}), slice(0, 0));
  EXPECT_EQ(this->Scan("p", {.begin = "\xff\xff\xff"}), slice(0, 0));
  EXPECT_EQ(this->Scan("unknown", {}), slice(0, 0));
}

TYPED_TEST_P(MetadataStoreConformance, LimitsAreChecked) {
  const std::string long_key(limits::kMetadataKeyMax, 'k');
  const std::string long_value(limits::kMetadataValueMax, 'v');
  const std::string long_partition(40, 'p');
  SE_ASSERT_OK(this->Put(long_partition, long_key, long_value));
  EXPECT_TRUE(this->Get(long_partition, long_key).value() == long_value);
  SE_EXPECT_CODE(this->Put("p", long_key + "k", "v"), kInvalidArgument);
  SE_EXPECT_CODE(this->Put("p", "", "v"), kInvalidArgument);
  SE_EXPECT_CODE(this->Put("p", "k", long_value + "v"), kInvalidArgument);
  SE_EXPECT_CODE(this->Get("p", long_key + "k"), kInvalidArgument);
  SE_EXPECT_CODE(this->Get("p", ""), kInvalidArgument);
  SE_EXPECT_CODE(this->store().Update("p", [](MetadataWriter& rows) { return rows.Delete(""); }),
                 kInvalidArgument);
  SE_EXPECT_CODE(this->store().View(
                     "p", [](MetadataReader& rows) { return rows.Scan({.limit = 0}).status(); }),
                 kInvalidArgument);
  for (const std::string& bad :
       {std::string(), long_partition + "p", std::string("P"), std::string("a/b"),
        std::string("a_b"), std::string("a b"), std::string("a\0", 2), std::string("\xc3\xa4")}) {
    SCOPED_TRACE(bad);
    SE_EXPECT_CODE(this->Put(bad, "k", "v"), kInvalidArgument);
    SE_EXPECT_CODE(this->Get(bad, "k"), kInvalidArgument);
  }
}

TYPED_TEST_P(MetadataStoreConformance, PartitionsAreApartAndListedInOrder) {
  EXPECT_TRUE(this->store().ListPartitions()->empty());
  const std::vector<std::string> names = {"-", ".", "0", "a", "a.b", "aa", "ns:00ff", "z"};
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    SE_ASSERT_OK(this->Put(*name, "key", *name));
    SE_ASSERT_OK(this->Put(*name, "\xff\xff", *name));
  }
  EXPECT_EQ(this->store().ListPartitions().value(), names);
  for (const std::string& name : names) {
    EXPECT_EQ(this->Scan(name, {}),
              (typename TestFixture::Rows{{"key", name}, {"\xff\xff", name}}));
  }
  SE_ASSERT_OK(this->store().Update("a", [](MetadataWriter& rows) -> absl::Status {
    SYNCENGINE_RETURN_IF_ERROR(rows.Delete("key"));
    return rows.Delete("\xff\xff");
  }));
  const std::vector<std::string> left = this->store().ListPartitions().value();
  EXPECT_EQ(left.size(), names.size() - 1) << "a partition without keys is still listed";
}

REGISTER_TYPED_TEST_SUITE_P(MetadataStoreConformance, UpdateStoresWhatViewReads,
                            PutReplacesAndDeleteRemoves, GetManyAnswersEachKeyInOrder,
                            ScanIsInByteOrderWithinItsRange, LimitsAreChecked,
                            PartitionsAreApartAndListedInOrder);

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTING_METADATA_STORE_CONFORMANCE_H_
