// BLAKE2b (RFC 7693) without a key and with a digest of 32 bytes, which is not the start of the
// usual one of 64: OpenSSL 3.0 does not offer it, librsync's signatures need it.
#ifndef SYNCENGINE_KERNELS_BLAKE2B_H_
#define SYNCENGINE_KERNELS_BLAKE2B_H_

#include "absl/strings/string_view.h"
#include "src/kernels/digest.h"

namespace syncengine::kernels {

Digest Blake2b256(absl::string_view bytes);

}  // namespace syncengine::kernels

#endif  // SYNCENGINE_KERNELS_BLAKE2B_H_
