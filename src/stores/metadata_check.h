// The metadata store port's rules for partitions, keys, values and ranges.
#ifndef SYNCENGINE_SRC_STORES_METADATA_CHECK_H_
#define SYNCENGINE_SRC_STORES_METADATA_CHECK_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "syncengine/ports/metadata_store.h"

namespace syncengine::stores {

inline constexpr size_t kPartitionBytesMax = 40;

// Each gives kInvalidArgument with the rule that was broken.
absl::Status CheckPartition(absl::string_view partition);
absl::Status CheckKey(absl::string_view key);
absl::Status CheckKeyAndValue(absl::string_view key, absl::string_view value);
absl::Status CheckRange(const ScanRange& range);

}  // namespace syncengine::stores

#endif  // SYNCENGINE_SRC_STORES_METADATA_CHECK_H_
