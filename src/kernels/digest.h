// SHA-256 and what is built on it: HMAC, HKDF and scrypt (OpenSSL's libcrypto).
#ifndef SYNCENGINE_KERNELS_DIGEST_H_
#define SYNCENGINE_KERNELS_DIGEST_H_

#include <openssl/sha.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/secret.h"

namespace syncengine::kernels {

inline constexpr size_t kDigestBytes = 32;
using Digest = std::array<uint8_t, kDigestBytes>;

inline absl::string_view AsBytes(const Digest& digest) {
  return absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size());
}

// The digest of the pieces one after another (FIPS 180-4).
Digest Sha256(std::initializer_list<absl::string_view> pieces);
inline Digest Sha256(absl::string_view bytes) { return Sha256({bytes}); }

// The same digest from pieces that come one at a time. Single-threaded.
class Sha256Stream {
 public:
  Sha256Stream();
  void Append(absl::string_view bytes);
  // Ends the message; nothing may be appended any more.
  Digest Finish();

 private:
  SHA256_CTX state_;
};

// HMAC-SHA256 (RFC 2104) with one key. The two key blocks are hashed once, at construction; each
// message then copies that state, so short messages cost two compressions and no allocation.
// Immutable after construction, Thread-safe. The state is wiped on destruction.
class HmacSha256 {
 public:
  explicit HmacSha256(absl::string_view key);
  HmacSha256(const HmacSha256&) = delete;
  HmacSha256& operator=(const HmacSha256&) = delete;
  ~HmacSha256();

  Digest Of(std::initializer_list<absl::string_view> pieces) const;
  Digest Of(absl::string_view message) const { return Of({message}); }

 private:
  SHA256_CTX inner_;
  SHA256_CTX outer_;
};

// HKDF-SHA256 (RFC 5869), extract and expand.
struct HkdfInput {
  absl::string_view key;  // Input keying material.
  absl::string_view salt;
  absl::string_view info;
};
// `size` is at most 255 * 32 bytes.
Secret HkdfSha256(const HkdfInput& input, size_t size);

// scrypt (RFC 7914) with N = 2^log2_n. Uses 128 * N * r bytes of memory for the call.
struct ScryptCost {
  int log2_n = 17;
  int r = 8;
  int p = 1;
};
inline constexpr size_t kScryptMemoryMax = size_t{2} << 30;

// kInvalidArgument for a cost that scrypt does not define or that would need more than
// kScryptMemoryMax; kResourceExhausted when the memory is not there.
absl::StatusOr<Secret> Scrypt(absl::string_view passphrase, absl::string_view salt,
                              const ScryptCost& cost, size_t size);

}  // namespace syncengine::kernels

#endif  // SYNCENGINE_KERNELS_DIGEST_H_
