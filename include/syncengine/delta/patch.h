// The third step: from the base and a delta to the new content.
#ifndef SYNCENGINE_DELTA_PATCH_H_
#define SYNCENGINE_DELTA_PATCH_H_

#include <cstdint>
#include <limits>

#include "absl/status/statusor.h"
#include "syncengine/delta/stream.h"

namespace syncengine::delta {

struct PatchOptions {
  // More than this is refused with kResourceExhausted before it is written.
  uint64_t result_bytes_max = std::numeric_limits<int64_t>::max();
};

struct PatchStats {
  uint64_t result_bytes = 0;
  uint64_t delta_bytes = 0;
  // Whether the delta carried a digest of the result and the result has it. librsync's format
  // carries none: compare the result with something you trust.
  bool verified = false;
};

// Reads either format of delta, by its magic, and writes the result. The delta may come from
// anyone: copies stay within the base, sizes within the limits of limits.h, memory within a few
// MiB. Sink::Finish() is called only when the whole delta was read and the result has the digest it
// names; until then the sink holds unverified bytes.
// Reason::kIntegrity: the delta is damaged or was made for another base. Reason::kVersion: it was
// written by a newer format. kInvalidArgument: the bytes are no delta.
absl::StatusOr<PatchStats> ApplyDelta(Base& base, Source& delta, const PatchOptions& options,
                                      Sink& result);

}  // namespace syncengine::delta

#endif  // SYNCENGINE_DELTA_PATCH_H_
