// An object store in memory: for tests, simulations and trees that need not last.
#ifndef SYNCENGINE_STORES_MEMORY_OBJECT_STORE_H_
#define SYNCENGINE_STORES_MEMORY_OBJECT_STORE_H_

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/synchronization/mutex.h"
#include "syncengine/ports/object_store.h"

namespace syncengine {

// Thread-safe.
class MemoryObjectStore final : public ObjectStore {
 public:
  struct Options {
    bool tiers = false;
    int restore_polls = 1;  // How often Restore of a cold object says kUnavailable first.
    uint64_t bytes_max = ~uint64_t{0};  // Reason::kDiskFull beyond.
  };

  MemoryObjectStore() : MemoryObjectStore(Options{}) {}
  explicit MemoryObjectStore(const Options& options) : options_(options) {}

  Properties properties() const override { return {.durable = false, .tiers = options_.tiers}; }
  absl::Status Put(absl::string_view name, absl::string_view bytes) override;
  absl::StatusOr<std::string> Get(absl::string_view name, uint64_t offset,
                                  uint64_t length) override;
  absl::StatusOr<ObjectEntry> Stat(absl::string_view name) override;
  absl::Status Delete(absl::string_view name) override;
  absl::StatusOr<ObjectPage> List(absl::string_view prefix, absl::string_view after,
                                  int limit) override;
  absl::Status SetTier(absl::string_view name, Tier tier) override;
  absl::Status Restore(absl::string_view name) override;

  // The sum of all object sizes.
  uint64_t stored_bytes() const;

 private:
  struct Object {
    std::string bytes;
    Tier tier = Tier::kHot;
    int polls_left = 0;  // Of Restore, while cold; readable at 0.

    bool readable() const { return tier != Tier::kCold || polls_left == 0; }
  };

  const Options options_;
  mutable absl::Mutex mutex_;
  absl::btree_map<std::string, Object> objects_ ABSL_GUARDED_BY(mutex_);
  uint64_t stored_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace syncengine

#endif  // SYNCENGINE_STORES_MEMORY_OBJECT_STORE_H_
