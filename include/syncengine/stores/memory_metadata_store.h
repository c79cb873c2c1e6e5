// A metadata store in memory: for tests, simulations and trees that need not last.
#ifndef SYNCENGINE_STORES_MEMORY_METADATA_STORE_H_
#define SYNCENGINE_STORES_MEMORY_METADATA_STORE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/synchronization/mutex.h"
#include "syncengine/ports/metadata_store.h"

namespace syncengine {

// One ordered map per partition, serializable because a partition has one writer or many readers at
// a time: their closures run under its lock. A closure therefore never reruns. Thread-safe.
class MemoryMetadataStore final : public MetadataStore {
 public:
  MemoryMetadataStore();
  ~MemoryMetadataStore() override;

  Properties properties() const override { return {}; }
  absl::Status Update(absl::string_view partition,
                      absl::FunctionRef<absl::Status(MetadataWriter&)> closure) override;
  absl::Status View(absl::string_view partition,
                    absl::FunctionRef<absl::Status(MetadataReader&)> closure) override;
  absl::StatusOr<std::vector<std::string>> ListPartitions() override;

 private:
  struct Partition {
    absl::Mutex mutex;
    absl::btree_map<std::string, std::string> rows ABSL_GUARDED_BY(mutex);
  };

  Partition& Find(absl::string_view name);

  absl::Mutex mutex_;
  // Partitions never go, so references to them stay good.
  std::map<std::string, std::unique_ptr<Partition>, std::less<>> partitions_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace syncengine

#endif  // SYNCENGINE_STORES_MEMORY_METADATA_STORE_H_
