// A metadata store whose scans end early and say nothing of it.
#ifndef SYNCENGINE_TESTS_ENGINE_SHORT_SIGHTED_STORE_H_
#define SYNCENGINE_TESTS_ENGINE_SHORT_SIGHTED_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "syncengine/ports/metadata_store.h"

namespace syncengine::testing {

// Scans of rows whose keys begin with the tag leave out the last of each slice.
class ShortSightedStore final : public MetadataStore {
 public:
  ShortSightedStore(MetadataStore& base, char tag) : base_(base), tag_(tag) {}

  Properties properties() const override { return base_.properties(); }
  absl::Status Update(absl::string_view partition,
                      absl::FunctionRef<absl::Status(MetadataWriter&)> closure) override {
    return base_.Update(partition, closure);
  }
  absl::Status View(absl::string_view partition,
                    absl::FunctionRef<absl::Status(MetadataReader&)> closure) override {
    return base_.View(partition, [&](MetadataReader& rows) {
      Reader reader(rows, tag_);
      return closure(reader);
    });
  }
  absl::StatusOr<std::vector<std::string>> ListPartitions() override {
    return base_.ListPartitions();
  }

 private:
  class Reader final : public MetadataReader {
   public:
    Reader(MetadataReader& base, char tag) : base_(base), tag_(tag) {}
    absl::StatusOr<std::optional<std::string>> Get(absl::string_view key) override {
      return base_.Get(key);
    }
    absl::StatusOr<std::vector<std::optional<std::string>>> GetMany(
        absl::Span<const std::string> keys) override {
      return base_.GetMany(keys);
    }
    absl::StatusOr<std::vector<KeyValue>> Scan(const ScanRange& range) override {
      auto found = base_.Scan(range);
      if (found.ok() && range.begin[0] == tag_ && !found->empty()) found->pop_back();
      return found;
    }

   private:
    MetadataReader& base_;
    const char tag_;
  };

  MetadataStore& base_;
  const char tag_;
};

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTS_ENGINE_SHORT_SIGHTED_STORE_H_
