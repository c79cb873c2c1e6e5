// zstd, one frame at a time, with sizes that are known beforehand (libzstd).
#ifndef SYNCENGINE_KERNELS_COMPRESS_H_
#define SYNCENGINE_KERNELS_COMPRESS_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace syncengine::kernels {

// All functions are Thread-safe; each thread keeps one compression and one decompression context
// for its next call.

inline constexpr int kCompressLevelMin = 1;
inline constexpr int kCompressLevelMax = 19;

// One zstd frame with its content size; nothing when it would not be smaller than `plain`.
// kInvalidArgument for a level outside [kCompressLevelMin, kCompressLevelMax].
absl::StatusOr<std::optional<std::string>> Compress(absl::string_view plain, int level);

// As Compress, with `prefix` as if it had been compressed just before `plain`: what is repeated
// from it costs next to nothing. Needs the same prefix to decompress.
absl::StatusOr<std::optional<std::string>> CompressWithPrefix(absl::string_view plain,
                                                              absl::string_view prefix, int level);

// True when a sample of `plain` shows nothing that would compress: already compressed or encrypted
// bytes. Costs a few microseconds; errs on the side of false.
bool LooksIncompressible(absl::string_view plain);

// The content of `frame`, which must be `size` bytes. The caller has checked `size` against a
// limit: exactly that much is allocated, and never written past. Reason::kIntegrity unless `frame`
// is one whole zstd frame (nothing after it, not a skippable one) that states this content size and
// names no dictionary.
absl::StatusOr<std::string> DecompressExactly(absl::string_view frame, size_t size);
// The same for a frame of CompressWithPrefix. With another prefix the result is an error or some
// other `size` bytes.
absl::StatusOr<std::string> DecompressWithPrefix(absl::string_view frame, absl::string_view prefix,
                                                 size_t size);

}  // namespace syncengine::kernels

#endif  // SYNCENGINE_KERNELS_COMPRESS_H_
