// The SHA256_* functions keep their state in a plain struct: copying a keyed state costs 112 bytes,
// cannot fail and needs no allocation, which the EVP interface cannot offer. OpenSSL 3 marks them
// deprecated but keeps them, with the same assembly.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "src/kernels/digest.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"

namespace syncengine::kernels {
namespace {

constexpr size_t kHmacBlockBytes = 64;

void Update(SHA256_CTX& state, std::initializer_list<absl::string_view> pieces) {
  for (const absl::string_view piece : pieces) SHA256_Update(&state, piece.data(), piece.size());
}

SHA256_CTX KeyedState(const std::array<uint8_t, kHmacBlockBytes>& key, uint8_t pad) {
  std::array<uint8_t, kHmacBlockBytes> block;
  for (size_t i = 0; i < block.size(); ++i) block[i] = key[i] ^ pad;
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, block.data(), block.size());
  OPENSSL_cleanse(block.data(), block.size());
  return state;
}

absl::Status CheckScryptCost(const ScryptCost& cost) {
  const bool defined = cost.log2_n >= 1 && cost.log2_n <= 30 && cost.r >= 1 && cost.r <= 64 &&
                       cost.p >= 1 && cost.p <= 64;
  if (defined && (size_t{128} << cost.log2_n) * cost.r <= kScryptMemoryMax) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "scrypt: cost log2(N)=", cost.log2_n, " r=", cost.r, " p=", cost.p, " is undefined or needs ",
      "more than ", kScryptMemoryMax >> 20, " MiB; use a lower cost"));
}

}  // namespace

Digest Sha256(std::initializer_list<absl::string_view> pieces) {
  SHA256_CTX state;
  SHA256_Init(&state);
  Update(state, pieces);
  Digest digest;
  SHA256_Final(digest.data(), &state);
  return digest;
}

Sha256Stream::Sha256Stream() { SHA256_Init(&state_); }

void Sha256Stream::Append(absl::string_view bytes) { Update(state_, {bytes}); }

Digest Sha256Stream::Finish() {
  Digest digest;
  SHA256_Final(digest.data(), &state_);
  return digest;
}

HmacSha256::HmacSha256(absl::string_view key) {
  std::array<uint8_t, kHmacBlockBytes> block{};
  Digest hashed;
  if (key.size() > block.size()) {
    hashed = Sha256(key);
    key = AsBytes(hashed);
  }
  std::copy(key.begin(), key.end(), block.begin());
  inner_ = KeyedState(block, 0x36);
  outer_ = KeyedState(block, 0x5c);
  OPENSSL_cleanse(block.data(), block.size());
}

HmacSha256::~HmacSha256() {
  OPENSSL_cleanse(&inner_, sizeof inner_);
  OPENSSL_cleanse(&outer_, sizeof outer_);
}

Digest HmacSha256::Of(std::initializer_list<absl::string_view> pieces) const {
  SHA256_CTX state = inner_;
  Update(state, pieces);
  Digest digest;
  SHA256_Final(digest.data(), &state);
  state = outer_;
  SHA256_Update(&state, digest.data(), digest.size());
  SHA256_Final(digest.data(), &state);
  return digest;
}

Secret HkdfSha256(const HkdfInput& input, size_t size) {
  Digest extracted = HmacSha256(input.salt).Of(input.key);
  const HmacSha256 expand(AsBytes(extracted));
  OPENSSL_cleanse(extracted.data(), extracted.size());
  std::string okm(size, '\0');
  Digest last{};
  absl::string_view previous;
  char counter = 0;
  for (size_t at = 0; at < size; at += kDigestBytes) {
    ++counter;
    last = expand.Of({previous, input.info, absl::string_view(&counter, 1)});
    previous = AsBytes(last);
    std::memcpy(okm.data() + at, last.data(), std::min(kDigestBytes, size - at));
  }
  OPENSSL_cleanse(last.data(), last.size());
  Secret secret{absl::string_view(okm)};
  OPENSSL_cleanse(okm.data(), okm.size());
  return secret;
}

absl::StatusOr<Secret> Scrypt(absl::string_view passphrase, absl::string_view salt,
                              const ScryptCost& cost, size_t size) {
  SYNCENGINE_RETURN_IF_ERROR(CheckScryptCost(cost));
  std::string key(size, '\0');
  // OpenSSL counts a little more than 128 * N * r; the bound above is the one that matters.
  const uint64_t memory_max = kScryptMemoryMax + (uint64_t{64} << 20);
  const int ok = EVP_PBE_scrypt(passphrase.data(), passphrase.size(),
                                reinterpret_cast<const uint8_t*>(salt.data()), salt.size(),
                                uint64_t{1} << cost.log2_n, cost.r, cost.p, memory_max,
                                reinterpret_cast<uint8_t*>(key.data()), key.size());
  if (ok != 1) {
    ERR_clear_error();
    return absl::ResourceExhaustedError("scrypt: failed, most likely for lack of memory");
  }
  Secret secret{absl::string_view(key)};
  OPENSSL_cleanse(key.data(), key.size());
  return secret;
}

}  // namespace syncengine::kernels
