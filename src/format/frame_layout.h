// Offsets and constants of a frame that both its writer and its reader need (docs/FORMAT.md).
#ifndef SYNCENGINE_FORMAT_FRAME_LAYOUT_H_
#define SYNCENGINE_FORMAT_FRAME_LAYOUT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "src/kernels/seal.h"
#include "syncengine/base/ids.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/salts.h"

namespace syncengine::internal {

inline constexpr absl::string_view kFrameMagic = "SEF1";
inline constexpr uint8_t kFrameVersion = 1;
inline constexpr uint8_t kFrameSuite = 1;
inline constexpr size_t kFrameCommitmentBytes = 32;
inline constexpr size_t kFrameChecksumBytes = 8;
inline constexpr size_t kFrameTrailerBytes = kernels::kGcmTagBytes + kFrameChecksumBytes;
// Magic, version, suite, kind, compression, frame bytes, generation, counter, salt, commitment,
// plaintext bytes, stored bytes, number of blocks.
inline constexpr size_t kFrameFixedBytes =
    4 + 1 + 1 + 1 + 1 + 4 + 4 + 8 + FrameSalt::kSize + kFrameCommitmentBytes + 4 + 4 + 4;
inline constexpr size_t kFrameBytesMin = kFrameFixedBytes + BlockId::kSize + 4 + kFrameTrailerBytes;
inline constexpr size_t kFrameStoredMax = limits::kSegmentBytesMax;

// The counter, little-endian, and four zero bytes.
inline std::array<char, kernels::kGcmNonceBytes> FrameNonce(uint64_t counter) {
  std::array<char, kernels::kGcmNonceBytes> nonce{};
  for (int i = 0; i < 8; ++i) nonce[i] = static_cast<char>(counter >> (8 * i));
  return nonce;
}

// What the seal covers besides the ciphertext: the whole open part, and the namespace.
inline std::string FrameAssociated(absl::string_view header, const NamespaceId& id) {
  return absl::StrCat(header, id.bytes());
}

}  // namespace syncengine::internal

#endif  // SYNCENGINE_FORMAT_FRAME_LAYOUT_H_
