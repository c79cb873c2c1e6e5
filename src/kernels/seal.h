// AES-256: authenticated (GCM) and as a bare stream (CTR); and comparison in constant time
// (OpenSSL's libcrypto).
#ifndef SYNCENGINE_KERNELS_SEAL_H_
#define SYNCENGINE_KERNELS_SEAL_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace syncengine::kernels {

inline constexpr size_t kAesKeyBytes = 32;
inline constexpr size_t kGcmNonceBytes = 12;
inline constexpr size_t kGcmTagBytes = 16;
inline constexpr size_t kCtrBlockBytes = 16;

struct GcmInput {
  absl::string_view key;    // kAesKeyBytes.
  absl::string_view nonce;  // kGcmNonceBytes; never twice with one key.
  absl::string_view associated;
};

// AES-256-GCM (NIST SP 800-38D). All functions are Thread-safe; wrong key or nonce sizes are
// kInvalidArgument, a failure inside the library kInternal.

// Encrypts all but the last kGcmTagBytes of `buffer` where they are and writes the tag there.
absl::Status GcmSeal(const GcmInput& input, absl::Span<char> buffer);
// The plaintext of `sealed` (ciphertext and tag). Reason::kIntegrity when any bit of it, of the key
// or of the associated bytes differs from what was sealed; nothing is released then.
absl::StatusOr<std::string> GcmOpen(const GcmInput& input, absl::string_view sealed);

// Encrypts or decrypts `buffer` where it is; `start` is the first counter block (big-endian, all
// 128 bits count). Gives no integrity by itself.
absl::Status AesCtr(absl::string_view key, absl::string_view start, absl::Span<char> buffer);

// Equality in time that depends on the sizes only.
bool SecureEquals(absl::string_view a, absl::string_view b);

}  // namespace syncengine::kernels

#endif  // SYNCENGINE_KERNELS_SEAL_H_
