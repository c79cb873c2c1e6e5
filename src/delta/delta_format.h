// The bytes of both delta formats (docs/DELTA.md): what writers and readers
// share.
#ifndef SYNCENGINE_DELTA_DELTA_FORMAT_H_
#define SYNCENGINE_DELTA_DELTA_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <limits>

#include "absl/strings/string_view.h"

namespace syncengine::delta {

inline constexpr size_t kMagicBytes = 4;

// The own format: header, frames, end.
inline constexpr absl::string_view kDeltaMagicFamily = "SED";
inline constexpr char kDeltaVersion = '1';
inline constexpr uint64_t kAnyBase = std::numeric_limits<uint64_t>::max();
enum class FrameKind : uint8_t { kEnd = 0, kStored = 1, kZstd = 2 };

// librsync's: single-byte commands, the operands big-endian.
inline constexpr absl::string_view kLibrsyncDeltaMagic = "rs\x02\x36";
inline constexpr uint8_t kCommandEnd = 0x00;
inline constexpr uint8_t kCommandLiteralInlineMax = 0x40;  // 0x01..0x40: that many bytes follow.
inline constexpr uint8_t kCommandLiteral = 0x41;  // ..0x44: the length in 1, 2, 4, 8 bytes.
inline constexpr uint8_t kCommandCopy = 0x45;     // ..0x54: + 4 * offset's width + length's width.
inline constexpr uint8_t kCommandMax = 0x54;

}  // namespace syncengine::delta

#endif  // SYNCENGINE_DELTA_DELTA_FORMAT_H_
