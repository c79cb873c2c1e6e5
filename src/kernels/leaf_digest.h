// SHA-256 of many leaves of one length, two side by side where the processor
// has instructions for it: one message alone leaves half of them idle.
#ifndef SYNCENGINE_KERNELS_LEAF_DIGEST_H_
#define SYNCENGINE_KERNELS_LEAF_DIGEST_H_

#include <cstddef>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "src/kernels/digest.h"

namespace syncengine::kernels {

// Puts SHA-256 of bytes [i * leaf_bytes, (i + 1) * leaf_bytes) into digests[i]
// for each digest. `leaf_bytes` is a multiple of 64, `bytes` has leaf_bytes for
// each of `digests`. Thread-safe.
void Sha256Leaves(absl::string_view bytes, size_t leaf_bytes, absl::Span<Digest> digests);

// The specification: one leaf after the other, on any processor.
void Sha256LeavesScalar(absl::string_view bytes, size_t leaf_bytes, absl::Span<Digest> digests);

}  // namespace syncengine::kernels

#endif  // SYNCENGINE_KERNELS_LEAF_DIGEST_H_
