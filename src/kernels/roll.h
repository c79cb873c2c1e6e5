// Rabin and Karp's rolling hash: of a window, and of window after window until
// one may be known.
//
// The bytes of the window after a leading 1 are the digits of a number to the
// base `factor`, modulo 2^32. (librsync's "RabinKarp" with factor 0x08104225.)
// The scalar kernels are the specification; every other kernel gives the same
// values.
#ifndef SYNCENGINE_KERNELS_ROLL_H_
#define SYNCENGINE_KERNELS_ROLL_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace syncengine::kernels {

inline constexpr size_t kRollLanes = 8;
inline constexpr size_t kRollStride = 32;

// What follows from the factor, which is odd, and the length of the window. A
// plain value.
struct RollFactors {
  RollFactors(uint32_t factor, size_t window);

  // The hash one byte further: `out` leaves the front of the window, `in` joins
  // its end.
  uint32_t Roll(uint32_t hash, uint8_t out, uint8_t in) const {
    return hash * factor + in - leading * out - correction;
  }

  uint32_t factor;
  size_t window;
  uint32_t leading;     // factor^window.
  uint32_t correction;  // Puts the leading 1 back in its place after a step.
  // For steps of many positions; index k belongs to the k-th byte or position
  // of a step.
  alignas(32) uint32_t powers[kRollLanes];           // factor^(k + 1).
  alignas(32) uint32_t in_weights[kRollLanes];       // factor^-(k + 1).
  alignas(32) uint32_t out_weights[kRollLanes];      // leading * factor^-(k + 1).
  alignas(32) uint32_t corrections[kRollLanes];      // correction * factor^-(k + 1).
  alignas(32) uint32_t stride_weights[kRollStride];  // factor^(31 - k).
  uint32_t stride_power;                             // factor^32.
};

// Which values are worth a closer look: those whose highest bits, all but
// `shift`, name a set bit.
struct RollFilter {
  const uint64_t* bits;
  uint32_t shift;  // At least 1.

  bool MayHold(uint32_t value) const {
    const uint32_t bit = value >> shift;
    return (bits[bit / 64] >> (bit % 64) & 1) != 0;
  }
};

struct RollHit {
  size_t position;  // `end` when there is no hit.
  uint32_t hash;    // Of the window at `position`; nothing when that is `end`.
};

// The hash of `size` bytes.
using RollHash = uint32_t (*)(const RollFactors& factors, const uint8_t* data, size_t size);
// The first position in [begin, end) whose window, data[position, position +
// window), the filter may hold. `hash` is that of the window at `begin`. Reads
// data[begin, end - 1 + window) at most.
using RollFind = RollHit (*)(const RollFactors& factors, const RollFilter& filter,
                             const uint8_t* data, size_t begin, size_t end, uint32_t hash);

struct RollKernel {
  const char* name;  // "scalar", "avx2".
  bool (*supported)();
  RollHash hash;
  RollFind find;
};

// Every kernel compiled in, the best last.
absl::Span<const RollKernel> RollKernels();

// The kernel called `name` when this processor runs it, otherwise the best it
// runs. (Unknown names are refused by the chunker's kernels, which read the
// same environment variable.)
const RollKernel& ChooseRollKernel(absl::string_view name);

}  // namespace syncengine::kernels

#endif  // SYNCENGINE_KERNELS_ROLL_H_
