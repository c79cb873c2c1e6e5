// MD4 (RFC 1320), for signatures of librsync's old format only: it is broken, and finds accidents,
// never malice.
#ifndef SYNCENGINE_KERNELS_MD4_H_
#define SYNCENGINE_KERNELS_MD4_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace syncengine::kernels {

inline constexpr size_t kMd4Bytes = 16;

std::array<uint8_t, kMd4Bytes> Md4(absl::string_view bytes);

}  // namespace syncengine::kernels

#endif  // SYNCENGINE_KERNELS_MD4_H_
