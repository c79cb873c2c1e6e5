// The object store port's rules for names and requests.
#ifndef SYNCENGINE_SRC_STORES_OBJECT_NAME_H_
#define SYNCENGINE_SRC_STORES_OBJECT_NAME_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace syncengine::stores {

inline constexpr int kObjectPageMax = 1000;

// Each gives kInvalidArgument with the rule that was broken.
absl::Status CheckObjectName(absl::string_view name);
absl::Status CheckObjectPageLimit(int limit);

absl::Status NoSuchObject(absl::string_view name);
absl::Status ObjectExists(absl::string_view name);
absl::Status OffsetPastEnd(absl::string_view name, uint64_t offset, uint64_t size);

}  // namespace syncengine::stores

#endif  // SYNCENGINE_SRC_STORES_OBJECT_NAME_H_
