// The promises of ports/metadata_store.h about transactions; metadata_store_conformance.h says how
// to run them.
#ifndef SYNCENGINE_TESTING_METADATA_STORE_ISOLATION_H_
#define SYNCENGINE_TESTING_METADATA_STORE_ISOLATION_H_

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "syncengine/ports/metadata_store.h"
#include "syncengine/testing/metadata_store_fixture.h"
#include "syncengine/testing/status_matchers.h"

namespace syncengine::testing {

template <typename Harness>
class MetadataStoreIsolation : public MetadataStoreFixture<Harness> {};

TYPED_TEST_SUITE_P(MetadataStoreIsolation);

TYPED_TEST_P(MetadataStoreIsolation, FailedClosureWritesNothingAndItsErrorComesBack) {
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

TYPED_TEST_P(MetadataStoreIsolation, ErrorOfAViewComesBack) {
  SE_EXPECT_CODE(
      this->store().View("p", [](MetadataReader&) { return absl::OutOfRangeError("stop"); }),
      kOutOfRange);
}

TYPED_TEST_P(MetadataStoreIsolation, TransactionReadsItsOwnWrites) {
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

TYPED_TEST_P(MetadataStoreIsolation, ViewIsOneSnapshot) {
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

TYPED_TEST_P(MetadataStoreIsolation, ConcurrentIncrementsAreSerializable) {
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

TYPED_TEST_P(MetadataStoreIsolation, WriteSkewIsPrevented) {
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

TYPED_TEST_P(MetadataStoreIsolation, ScannedRangesAreProtectedFromPhantoms) {
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

TYPED_TEST_P(MetadataStoreIsolation, LargeTransactionsAreAtomic) {
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

REGISTER_TYPED_TEST_SUITE_P(MetadataStoreIsolation, FailedClosureWritesNothingAndItsErrorComesBack,
                            ErrorOfAViewComesBack, TransactionReadsItsOwnWrites, ViewIsOneSnapshot,
                            ConcurrentIncrementsAreSerializable, WriteSkewIsPrevented,
                            ScannedRangesAreProtectedFromPhantoms, LargeTransactionsAreAtomic);

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTING_METADATA_STORE_ISOLATION_H_
