// Integers in as many bytes as they need: seven bits a byte, the lowest first,
// the high bit set in all bytes but the last. Each value has one encoding;
// others are refused.
#ifndef SYNCENGINE_DELTA_VARINT_H_
#define SYNCENGINE_DELTA_VARINT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace syncengine::delta {

void AppendVarint(uint64_t value, std::string& bytes);

// Takes a value from the front of `bytes`; none when there is no valid one.
std::optional<uint64_t> TakeVarint(absl::string_view& bytes);

// Takes the bytes of one varint as they come, for streams. Single-threaded.
class VarintParser {
 public:
  enum class State { kMore, kDone, kInvalid };
  State Add(uint8_t byte);
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0;
  int shift_ = 0;
};

// Small magnitudes of either sign as small numbers: 0, -1, 1, -2, ...
inline uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
inline int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

}  // namespace syncengine::delta

#endif  // SYNCENGINE_DELTA_VARINT_H_
