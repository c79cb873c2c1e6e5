#include "src/delta/block_hasher.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_cat.h"
#include "src/kernels/blake2b.h"
#include "src/kernels/checksum.h"
#include "src/kernels/digest.h"
#include "src/kernels/md4.h"
#include "syncengine/base/limits.h"

namespace syncengine::delta {
namespace {

bool IsMd4(SignatureFormat format) {
  return format == SignatureFormat::kLibrsyncRollsumMd4 ||
         format == SignatureFormat::kLibrsyncRabinMd4;
}

// Key material from the salt, for one purpose.
std::string Derive(const Salt& salt, absl::string_view purpose, size_t size) {
  const absl::string_view key(reinterpret_cast<const char*>(salt.data()), salt.size());
  const Secret secret = kernels::HkdfSha256({.key = key, .salt = {}, .info = purpose}, size);
  return std::string(secret.bytes());
}

// Odd and 5 modulo 8, so that its powers take 2^30 steps to repeat.
uint32_t OwnFactor(const Salt& salt) {
  uint32_t factor = 0;
  for (const char byte : Derive(salt, "syncengine/delta/1/weak", 4)) {
    factor = factor << 8 | static_cast<uint8_t>(byte);
  }
  return (factor & ~7u) | 5;
}

WeakHash MakeWeakHash(const Layout& layout) {
  switch (layout.format) {
    case SignatureFormat::kOwn:
      return PolynomialHash(OwnFactor(layout.salt), layout.block_bytes);
    case SignatureFormat::kLibrsyncRabinMd4:
    case SignatureFormat::kLibrsyncRabinBlake2:
      return PolynomialHash(PolynomialHash::kLibrsyncFactor, layout.block_bytes);
    default:
      return RollsumHash(layout.block_bytes);
  }
}

}  // namespace

uint32_t StrongBytesMax(SignatureFormat format) {
  if (format == SignatureFormat::kOwn || IsMd4(format)) return 16;
  return 32;
}

absl::Status CheckLayout(const Layout& layout) {
  const bool own = layout.format == SignatureFormat::kOwn;
  const uint32_t least = own ? 12 : 4;
  const uint32_t most = StrongBytesMax(layout.format);
  if (layout.strong_bytes < least || layout.strong_bytes > most) {
    return absl::InvalidArgumentError(absl::StrCat("signature: expected a strong hash of ", least,
                                                   " to ", most, " bytes, found ",
                                                   layout.strong_bytes));
  }
  if (layout.block_bytes < limits::kDeltaBlockBytesMin ||
      layout.block_bytes > limits::kBlockBytesMax ||
      (own && !std::has_single_bit(layout.block_bytes))) {
    return absl::InvalidArgumentError(
        absl::StrCat("signature: expected blocks of ", limits::kDeltaBlockBytesMin, " to ",
                     limits::kBlockBytesMax, " bytes", own ? ", a power of two" : "", "; found ",
                     layout.block_bytes));
  }
  return absl::OkStatus();
}

BlockHasher::BlockHasher(const Layout& layout)
    : format_(layout.format),
      secret_(layout.format == SignatureFormat::kOwn
                  ? Derive(layout.salt, "syncengine/delta/1/strong", kernels::kXxh3SecretBytes)
                  : ""),
      weak_(MakeWeakHash(layout)) {}

uint32_t BlockHasher::Weak(absl::string_view block) const {
  return std::visit([block](const auto& hash) { return hash.Of(block); }, weak_);
}

std::array<uint8_t, 32> BlockHasher::Strong(absl::string_view block) const {
  if (!IsMd4(format_) && format_ != SignatureFormat::kOwn) return kernels::Blake2b256(block);
  const std::array<uint8_t, 16> half = format_ == SignatureFormat::kOwn
                                           ? kernels::Xxh3Secret128(block, secret_)
                                           : kernels::Md4(block);
  std::array<uint8_t, 32> strong{};
  std::copy(half.begin(), half.end(), strong.begin());
  return strong;
}

}  // namespace syncengine::delta
