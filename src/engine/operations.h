// The stored results of requests that may be repeated.
#ifndef SYNCENGINE_ENGINE_OPERATIONS_H_
#define SYNCENGINE_ENGINE_OPERATIONS_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/engine/rows.h"
#include "syncengine/base/ids.h"

namespace syncengine::engine {

// How many results a namespace keeps. Counted and not timed, so that a clock that jumps does not
// make a repeated request a new one; a repetition comes within minutes, or after a long time
// offline from a device that has sent little since.
inline constexpr uint64_t kOperationsKept = 1u << 20;

// The stored result of `op`, if it was done. kInvalidArgument for the zero id.
absl::StatusOr<std::optional<OperationRow>> FindOperation(MetadataReader& rows, const OpId& op);
// Stores `result` under `op` and drops the oldest result when there are too many.
absl::Status StoreOperation(MetadataWriter& rows, HeadRow& head, const OpId& op,
                            OperationRow result);

}  // namespace syncengine::engine

#endif  // SYNCENGINE_ENGINE_OPERATIONS_H_
