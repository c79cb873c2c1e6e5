// Copies of stores at one moment, from which another run of events can start.
#ifndef SYNCENGINE_TESTS_CRASH_SNAPSHOTS_H_
#define SYNCENGINE_TESTS_CRASH_SNAPSHOTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "syncengine/ports/metadata_store.h"
#include "syncengine/ports/object_store.h"

namespace syncengine::testing {

// All rows, by partition.
using Rows = std::map<std::string, std::vector<KeyValue>>;
// All objects, by name.
using Objects = std::map<std::string, std::string>;

Rows CopyRows(MetadataStore& store);
void PutRows(const Rows& rows, MetadataStore& store);
Objects CopyObjects(ObjectStore& store);
void PutObjects(const Objects& objects, ObjectStore& store);

// Tells of every transaction that was committed. Thread-compatible.
class ObservedMetadataStore final : public MetadataStore {
 public:
  explicit ObservedMetadataStore(MetadataStore& base) : base_(base) {}

  std::function<void()> after;

  Properties properties() const override { return base_.properties(); }
  absl::Status Update(absl::string_view partition,
                      absl::FunctionRef<absl::Status(MetadataWriter&)> closure) override {
    absl::Status status = base_.Update(partition, closure);
    if (status.ok() && after) after();
    return status;
  }
  absl::Status View(absl::string_view partition,
                    absl::FunctionRef<absl::Status(MetadataReader&)> closure) override {
    return base_.View(partition, closure);
  }
  absl::StatusOr<std::vector<std::string>> ListPartitions() override {
    return base_.ListPartitions();
  }

 private:
  MetadataStore& base_;
};

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTS_CRASH_SNAPSHOTS_H_
