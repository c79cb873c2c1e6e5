// The rolling hashes: the value of the window one byte further follows from the
// value of this one.
#ifndef SYNCENGINE_DELTA_WEAK_HASH_H_
#define SYNCENGINE_DELTA_WEAK_HASH_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "src/kernels/roll.h"

namespace syncengine::delta {

// Both classes are immutable values, Thread-safe, and have the same functions:
//   Of(bytes)        the value of a window of any length;
//   Roll(h, out, in) the value after `out` left the front of a full window and
//   `in` joined its end; Find(...)        as kernels::RollFind says, over
//   values as Spread gives them; ForEachSuffix(bytes, visit) calls
//   visit(length, value) for every end of `bytes` from the
//                    shortest on, until it gives true;
//   Spread(h)        a value whose high bits are as good as random.

// Rabin and Karp's, as in kernels/roll.h.
class PolynomialHash {
 public:
  static constexpr uint32_t kLibrsyncFactor = 0x08104225;

  PolynomialHash(uint32_t factor, size_t window);

  uint32_t Of(absl::string_view bytes) const;
  uint32_t Roll(uint32_t hash, uint8_t out, uint8_t in) const {
    return factors_.Roll(hash, out, in);
  }
  kernels::RollHit Find(const kernels::RollFilter& filter, const uint8_t* data, size_t begin,
                        size_t end, uint32_t hash) const {
    return kernel_.find(factors_, filter, data, begin, end, hash);
  }
  template <typename Visitor>
  void ForEachSuffix(absl::string_view bytes, const Visitor& visit) const {
    uint32_t sum = 0;
    uint32_t leading = 1;
    for (size_t size = 1; size <= bytes.size(); ++size) {
      sum += static_cast<uint8_t>(bytes[bytes.size() - size]) * leading;
      leading *= factors_.factor;
      if (visit(size, leading + sum)) return;
    }
  }
  static uint32_t Spread(uint32_t hash) { return hash; }

 private:
  const kernels::RollKernel& kernel_;
  kernels::RollFactors factors_;
};

// Adler's, as in rsync and librsync: the sum of the bytes, each 31 more, and
// the sum of those sums, both modulo 2^16.
class RollsumHash {
 public:
  explicit RollsumHash(size_t window) : window_(static_cast<uint32_t>(window)) {}

  uint32_t Of(absl::string_view bytes) const;
  uint32_t Roll(uint32_t hash, uint8_t out, uint8_t in) const {
    const uint32_t sum = (hash & 0xFFFF) + in - out;
    const uint32_t sums = (hash >> 16) + sum - window_ * (out + kOffset);
    return sums << 16 | (sum & 0xFFFF);
  }
  kernels::RollHit Find(const kernels::RollFilter& filter, const uint8_t* data, size_t begin,
                        size_t end, uint32_t hash) const;
  template <typename Visitor>
  void ForEachSuffix(absl::string_view bytes, const Visitor& visit) const {
    uint32_t sum = 0;
    uint32_t sums = 0;
    for (size_t size = 1; size <= bytes.size(); ++size) {
      const uint32_t term = static_cast<uint8_t>(bytes[bytes.size() - size]) + kOffset;
      sum += term;
      sums += static_cast<uint32_t>(size) * term;
      if (visit(size, sums << 16 | (sum & 0xFFFF))) return;
    }
  }
  static uint32_t Spread(uint32_t hash) { return hash * 0x9E3779B1u; }

 private:
  static constexpr uint32_t kOffset = 31;

  uint32_t window_;
};

}  // namespace syncengine::delta

#endif  // SYNCENGINE_DELTA_WEAK_HASH_H_
