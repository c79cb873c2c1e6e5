// The kernels of each instruction set, for the dispatcher in leaf_digest.cc
// only.
#ifndef SYNCENGINE_KERNELS_LEAF_DIGEST_SETS_H_
#define SYNCENGINE_KERNELS_LEAF_DIGEST_SETS_H_

#include "src/kernels/leaf_digest.h"

namespace syncengine::kernels {

#if defined(__x86_64__)
void Sha256LeavesShani(absl::string_view bytes, size_t leaf_bytes, absl::Span<Digest> digests);
#endif

}  // namespace syncengine::kernels

#endif  // SYNCENGINE_KERNELS_LEAF_DIGEST_SETS_H_
