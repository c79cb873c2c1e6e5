// What the metadata store suites share.
#ifndef SYNCENGINE_TESTING_METADATA_STORE_FIXTURE_H_
#define SYNCENGINE_TESTING_METADATA_STORE_FIXTURE_H_

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "syncengine/ports/metadata_store.h"
#include "syncengine/testing/status_matchers.h"

namespace syncengine::testing {

template <typename Harness>
class MetadataStoreFixture : public ::testing::Test {
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

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTING_METADATA_STORE_FIXTURE_H_
