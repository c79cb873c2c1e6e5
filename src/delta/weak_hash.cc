#include "src/delta/weak_hash.h"

#include "src/kernels/scan.h"

namespace syncengine::delta {

PolynomialHash::PolynomialHash(uint32_t factor, size_t window)
    : kernel_(kernels::ChooseRollKernel(kernels::ForcedScanKernel())), factors_(factor, window) {}

uint32_t PolynomialHash::Of(absl::string_view bytes) const {
  return kernel_.hash(factors_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
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

kernels::RollHit RollsumHash::Find(const kernels::RollFilter& filter, const uint8_t* data,
                                   size_t begin, size_t end, uint32_t hash) const {
  for (size_t i = begin; i < end; ++i) {
    if (filter.MayHold(Spread(hash))) return {i, hash};
    // The window after the last position may not exist.
    if (i + 1 < end) hash = Roll(hash, data[i], data[i + window_]);
  }
  return {end, 0};
}

}  // namespace syncengine::delta
