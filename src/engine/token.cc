#include "src/engine/token.h"

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/kernels/digest.h"

namespace syncengine::engine {
namespace {

constexpr absl::string_view kPrefix = "se1_";
constexpr size_t kBodyChars = 43;  // 32 bytes in base64url without padding.
constexpr size_t kChecksumBytes = 3;
constexpr size_t kChecksumChars = 4;

std::string Checksum(absl::string_view prefix_and_body) {
  const kernels::Digest digest = kernels::Sha256(prefix_and_body);
  return absl::WebSafeBase64Escape(kernels::AsBytes(digest).substr(0, kChecksumBytes));
}

}  // namespace

Secret FormatToken(const TokenBytes& bytes) {
  const std::string text = absl::StrCat(kPrefix, absl::WebSafeBase64Escape(bytes.bytes()));
  return Secret(absl::StrCat(text, Checksum(text)));
}

bool LooksLikeToken(absl::string_view token) {
  return token.size() == kPrefix.size() + kBodyChars + kChecksumChars &&
         absl::StartsWith(token, kPrefix) &&
         absl::EndsWith(token, Checksum(token.substr(0, kPrefix.size() + kBodyChars)));
}

std::string HashToken(absl::string_view token) {
  return std::string(kernels::AsBytes(kernels::Sha256({"syncengine/v1/token", token})));
}

TokenBytes MaskToken(const TokenBytes& bytes, const OpId& nonce) {
  const kernels::Digest stream = kernels::Sha256({"syncengine/v1/token-mask", nonce.bytes()});
  TokenBytes masked;
  for (size_t i = 0; i < TokenBytes::kSize; ++i) {
    masked.mutable_data()[i] = static_cast<uint8_t>(bytes.data()[i] ^ stream[i]);
  }
  return masked;
}

std::string HashNonce(const OpId& nonce) {
  return std::string(
      kernels::AsBytes(kernels::Sha256({"syncengine/v1/device-nonce", nonce.bytes()})));
}

}  // namespace syncengine::engine
