// The promises of ports/metadata_store.h as a test suite, for any implementation:
//
//   struct MyStoreHarness {                         // Made anew for each test.
//     MetadataStore& store() { return my_store; }   // Empty at first.
//     MyStore my_store;
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Mine, MetadataStoreConformance, MyStoreHarness);
//
// inside namespace syncengine::testing. Starts threads.
#ifndef SYNCENGINE_TESTING_METADATA_STORE_CONFORMANCE_H_
#define SYNCENGINE_TESTING_METADATA_STORE_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "syncengine/base/limits.h"
#include "syncengine/ports/metadata_store.h"
#include "syncengine/testing/status_matchers.h"

namespace syncengine::testing {

template <typename Harness>
class MetadataStoreConformance : public ::testing::Test {
 protected:
  using Rows = std::vector<KeyValue>;

  MetadataStore& store() { return harness_.store(); }

  absl::Status Put(absl::string_view partition, absl::string_view key, absl::string_view value) {
    return store().Update(partition, [&](MetadataWriter& rows) { return rows.Put(key, value); });
  }

  absl::StatusOr<std::optional<std::string>> Get(absl::string_view partition,
                                                 absl::string_view key) {
    std::optional<std::string> value;
    SYNCENGINE_RETURN_IF_ERROR(store().View(partition, [&](MetadataReader& rows) -> absl::Status {
      SYNCENGINE_ASSIGN_OR_RETURN(value, rows.Get(key));
      return absl::OkStatus();
    }));
    return value;
  }

  Rows Scan(absl::string_view partition, const ScanRange& range) {
    Rows found;
    SE_EXPECT_OK(store().View(partition, [&](MetadataReader& rows) -> absl::Status {
      SYNCENGINE_ASSIGN_OR_RETURN(found, rows.Scan(range));
      return absl::OkStatus();
    }));
    return found;
  }

  // A transaction that adds 1 to a decimal counter.
  absl::Status Increment(absl::string_view partition, absl::string_view key) {
    return store().Update(partition, [&](MetadataWriter& rows) -> absl::Status {
      SYNCENGINE_ASSIGN_OR_RETURN(const std::optional<std::string> text, rows.Get(key));
      int64_t count = 0;
      if (text.has_value() && !absl::SimpleAtoi(*text, &count)) return absl::InternalError(*text);
      return rows.Put(key, absl::StrCat(count + 1));
    });
  }

  Harness harness_;
};

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

TYPED_TEST_P(MetadataStoreConformance, FailedClosureWritesNothingAndItsErrorComesBack) {
  SE_ASSERT_OK(this->Put("p", "kept", "1"));
  const absl::Status status = this->store().Update("p", [](MetadataWriter& rows) -> absl::Status {
    SYNCENGINE_RETURN_IF_ERROR(rows.Put("new", "2"));
    SYNCENGINE_RETURN_IF_ERROR(rows.Put("kept", "changed"));
    return MakeError(Reason::kQuota, "no more");
  });
  SE_EXPECT_REASON(status, Reason::kQuota);
  EXPECT_EQ(this->Get("p", "new").value(), std::nullopt);
  EXPECT_EQ(this->Get("p", "kept").value(), "1");
}

TYPED_TEST_P(MetadataStoreConformance, ErrorOfAViewComesBack) {
  SE_EXPECT_CODE(
      this->store().View("p", [](MetadataReader&) { return absl::OutOfRangeError("stop"); }),
      kOutOfRange);
}

TYPED_TEST_P(MetadataStoreConformance, TransactionReadsItsOwnWrites) {
  SE_ASSERT_OK(this->Put("p", "a", "old"));
  SE_ASSERT_OK(this->Put("p", "b", "old"));
  SE_EXPECT_OK(this->store().Update("p", [](MetadataWriter& rows) -> absl::Status {
    SYNCENGINE_RETURN_IF_ERROR(rows.Put("a", "new"));
    SYNCENGINE_RETURN_IF_ERROR(rows.Put("c", "new"));
    SYNCENGINE_RETURN_IF_ERROR(rows.Delete("b"));
    EXPECT_EQ(rows.Get("a").value(), "new");
    EXPECT_EQ(rows.Get("b").value(), std::nullopt);
    const std::vector<KeyValue> expected = {{"a", "new"}, {"c", "new"}};
    EXPECT_EQ(rows.Scan({}).value(), expected);
    EXPECT_EQ(rows.Scan({.reverse = true}).value(),
              (std::vector<KeyValue>{expected[1], expected[0]}));
    EXPECT_EQ(rows.GetMany({"c", "b", "a"}).value(),
              (std::vector<std::optional<std::string>>{"new", std::nullopt, "new"}));
    return absl::OkStatus();
  }));
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

TYPED_TEST_P(MetadataStoreConformance, ViewIsOneSnapshot) {
  // A writer keeps two rows equal; a snapshot never sees them differ.
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; i < 200 && !stop; ++i) {
      SE_EXPECT_OK(this->store().Update("p", [i](MetadataWriter& rows) -> absl::Status {
        SYNCENGINE_RETURN_IF_ERROR(rows.Put("left", absl::StrCat(i)));
        return rows.Put("right", absl::StrCat(i));
      }));
    }
  });
  for (int i = 0; i < 200; ++i) {
    SE_EXPECT_OK(this->store().View("p", [](MetadataReader& rows) -> absl::Status {
      SYNCENGINE_ASSIGN_OR_RETURN(const auto left, rows.Get("left"));
      SYNCENGINE_ASSIGN_OR_RETURN(const auto right, rows.Get("right"));
      SYNCENGINE_ASSIGN_OR_RETURN(const auto again, rows.Get("left"));
      EXPECT_EQ(left, right);
      EXPECT_EQ(left, again);
      return absl::OkStatus();
    }));
  }
  stop = true;
  writer.join();
}

TYPED_TEST_P(MetadataStoreConformance, ConcurrentIncrementsAreSerializable) {
  constexpr int kThreads = 8;
  constexpr int kEach = 25;
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kEach;) {
        const absl::Status status = this->Increment("p", "count");
        if (status.ok()) ++j, ++done;
        // Too many conflicts in a row: the caller's turn to try again.
        if (!status.ok() && !absl::IsAborted(status)) ADD_FAILURE() << status;
        if (!status.ok() && !absl::IsAborted(status)) return;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(this->Get("p", "count").value(), absl::StrCat(kThreads * kEach));
}

TYPED_TEST_P(MetadataStoreConformance, WriteSkewIsPrevented) {
  // Two doctors may each leave only while the other is on duty. Under plain snapshot isolation both
  // would go.
  for (int round = 0; round < 20; ++round) {
    SE_ASSERT_OK(this->Put("p", "x", "on"));
    SE_ASSERT_OK(this->Put("p", "y", "on"));
    const auto leave = [this](const char* self, const char* other) {
      return this->store().Update("p", [=](MetadataWriter& rows) -> absl::Status {
        SYNCENGINE_ASSIGN_OR_RETURN(const auto duty, rows.Get(other));
        if (duty != "on") return absl::OkStatus();
        return rows.Put(self, "off");
      });
    };
    std::thread first([&] { leave("x", "y").IgnoreError(); });
    std::thread second([&] { leave("y", "x").IgnoreError(); });
    first.join();
    second.join();
    const auto x = this->Get("p", "x").value();
    const auto y = this->Get("p", "y").value();
    EXPECT_TRUE(x == "on" || y == "on") << "round " << round;
  }
}

TYPED_TEST_P(MetadataStoreConformance, ScannedRangesAreProtectedFromPhantoms) {
  // Each transaction appends one row after counting them: with phantoms two would take one number.
  constexpr int kThreads = 4;
  constexpr int kEach = 15;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < kEach;) {
        const absl::Status status =
            this->store().Update("p", [&](MetadataWriter& rows) -> absl::Status {
              SYNCENGINE_ASSIGN_OR_RETURN(const auto found, rows.Scan({}));
              const std::string key = absl::StrFormat("%06d", found.size());
              EXPECT_EQ(rows.Get(key).value(), std::nullopt);
              return rows.Put(key, absl::StrCat(i));
            });
        if (status.ok()) ++j;
        if (!status.ok() && !absl::IsAborted(status)) ADD_FAILURE() << status;
        if (!status.ok() && !absl::IsAborted(status)) return;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(this->Scan("p", {}).size(), static_cast<size_t>(kThreads * kEach));
}

TYPED_TEST_P(MetadataStoreConformance, LargeTransactionsAreAtomic) {
  constexpr int kRows = 3000;
  const auto write = [](bool fail) {
    return [fail](MetadataWriter& rows) -> absl::Status {
      for (int i = 0; i < kRows; ++i) {
        SYNCENGINE_RETURN_IF_ERROR(rows.Put(absl::StrFormat("%06d", i), std::string(500, 'x')));
      }
      return fail ? absl::CancelledError("on purpose") : absl::OkStatus();
    };
  };
  SE_EXPECT_CODE(this->store().Update("p", write(true)), kCancelled);
  EXPECT_TRUE(this->Scan("p", {}).empty());
  SE_EXPECT_OK(this->store().Update("p", write(false)));
  EXPECT_EQ(this->Scan("p", {.limit = kRows * 2}).size(), static_cast<size_t>(kRows));
}

REGISTER_TYPED_TEST_SUITE_P(MetadataStoreConformance, UpdateStoresWhatViewReads,
                            PutReplacesAndDeleteRemoves,
                            FailedClosureWritesNothingAndItsErrorComesBack, ErrorOfAViewComesBack,
                            TransactionReadsItsOwnWrites, GetManyAnswersEachKeyInOrder,
                            ScanIsInByteOrderWithinItsRange, LimitsAreChecked,
                            PartitionsAreApartAndListedInOrder, ViewIsOneSnapshot,
                            ConcurrentIncrementsAreSerializable, WriteSkewIsPrevented,
                            ScannedRangesAreProtectedFromPhantoms, LargeTransactionsAreAtomic);

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTING_METADATA_STORE_CONFORMANCE_H_
