#include "src/delta/weak_hash.h"

namespace syncengine::delta {
namespace {

constexpr size_t kStride = 8;

uint32_t Power(uint32_t base, size_t exponent) {
  uint32_t power = 1;
  for (; exponent > 0; exponent >>= 1, base *= base) {
    if ((exponent & 1) != 0) power *= base;
  }
  return power;
}

}  // namespace

PolynomialHash::PolynomialHash(uint32_t factor, size_t window) : factor_(factor) {
  for (size_t i = 0; i < kStride; ++i) powers_[i] = Power(factor, i + 1);
  const uint32_t leading = Power(factor, window);
  // The leading 1 moves up with every step; taking factor - 1 more from it puts it back.
  for (uint32_t byte = 0; byte < 256; ++byte) leaving_[byte] = leading * (byte + factor - 1);
}

uint32_t PolynomialHash::Of(absl::string_view bytes) const {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  const size_t size = bytes.size();
  uint32_t hash = 1;
  size_t i = 0;
  for (; size - i >= kStride; i += kStride) {
    // The terms do not depend on each other, only their sum on the step before.
    uint32_t sum = data[i + kStride - 1];
    for (size_t k = 0; k + 1 < kStride; ++k) sum += data[i + k] * powers_[kStride - 2 - k];
    hash = hash * powers_[kStride - 1] + sum;
  }
  for (; i < size; ++i) hash = hash * factor_ + data[i];
  return hash;
}

uint32_t RollsumHash::Of(absl::string_view bytes) const {
  uint32_t sum = 0;
  uint32_t sums = 0;
  for (const char byte : bytes) {
    sum += static_cast<uint8_t>(byte) + kOffset;
    sums += sum;
  }
  return sums << 16 | (sum & 0xFFFF);
}

}  // namespace syncengine::delta
