#include "benchmarks/fastcdc.h"

#include <algorithm>
#include <bit>

namespace syncengine::benchmarks {
namespace {

// `bits` ones at the top of the hash, where each of the last 64 bytes has had its say, leaving the
// topmost bit free for the shift by one.
uint64_t TopMask(int bits) { return ((uint64_t{1} << bits) - 1) << (63 - bits); }

}  // namespace

FastCdc::FastCdc(uint32_t average_bytes)
    : average_(average_bytes), min_(average_bytes / 4), max_(size_t{average_bytes} * 4) {
  const int bits = std::countr_zero(average_bytes);
  strict_mask_ = TopMask(bits + 2);
  loose_mask_ = TopMask(bits - 2);
  uint64_t state = 1;
  for (size_t byte = 0; byte < 256; ++byte) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    uint64_t mixed = (state ^ state >> 33) * 0xFF51AFD7ED558CCDu;
    gear_[byte] = mixed ^ mixed >> 29;
    gear_shifted_[byte] = gear_[byte] << 1;
  }
}

size_t FastCdc::Scan(const uint8_t* data, size_t begin, size_t end, uint64_t mask,
                     uint64_t& hash) const {
  const uint64_t shifted_mask = mask << 1;
  uint64_t h = hash;
  size_t i = begin;
  for (; i < end; i += 2) {
    // Both hashes come from the one before the step: the second need not wait for the first.
    const uint64_t shifted = h << 2;
    const uint64_t first = gear_shifted_[data[i]];
    const uint64_t both = first + gear_[data[i + 1]];
    if (((shifted + first) & shifted_mask) == 0) break;
    h = shifted + both;
    if ((h & mask) == 0) {
      ++i;
      break;
    }
  }
  hash = h;
  return std::min(i, end);
}

size_t FastCdc::Cut(absl::string_view bytes) const {
  if (bytes.size() <= min_) return bytes.size();
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  const size_t end = std::min(bytes.size(), max_) & ~size_t{1};
  const size_t middle = std::min(end, average_);
  uint64_t hash = 0;
  size_t at = Scan(data, min_, middle, strict_mask_, hash);
  if (at < middle) return at + 1;
  at = Scan(data, middle, end, loose_mask_, hash);
  return at < end ? at + 1 : std::min(bytes.size(), max_);
}

}  // namespace syncengine::benchmarks
