#include "src/kernels/compress.h"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"

namespace syncengine::kernels {
namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// Null when memory is short.
ZSTD_CCtx* ThreadCompressor() {
  thread_local std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  return context.get();
}

ZSTD_DCtx* ThreadDecompressor() {
  thread_local std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  return context.get();
}

absl::Status NoMemory() { return absl::ResourceExhaustedError("zstd: no memory for a context"); }

absl::Status CheckZstdFrame(absl::string_view frame, size_t size) {
  constexpr absl::string_view kMagic("\x28\xb5\x2f\xfd", 4);
  if (frame.substr(0, 4) != kMagic) {
    return MakeError(Reason::kIntegrity, "zstd: not a zstd frame");
  }
  const unsigned long long content = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (content == ZSTD_CONTENTSIZE_ERROR || content == ZSTD_CONTENTSIZE_UNKNOWN || content != size) {
    return MakeError(Reason::kIntegrity,
                     absl::StrCat("zstd: the frame does not state the expected ", size, " bytes"));
  }
  if (ZSTD_getDictID_fromFrame(frame.data(), frame.size()) != 0) {
    return MakeError(Reason::kIntegrity, "zstd: the frame names a dictionary");
  }
  const size_t compressed = ZSTD_findFrameCompressedSize(frame.data(), frame.size());
  if (ZSTD_isError(compressed) || compressed != frame.size()) {
    return MakeError(Reason::kIntegrity, "zstd: expected exactly one whole frame");
  }
  return absl::OkStatus();
}

absl::Status CheckLevel(int level) {
  if (level >= kCompressLevelMin && level <= kCompressLevelMax) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("zstd: level ", level, " is not in [",
                                                 kCompressLevelMin, ", ", kCompressLevelMax, "]"));
}

// The smallest window that reaches from the end of the content to the begin of the prefix.
int WindowLog(size_t bytes) { return std::clamp<int>(std::bit_width(bytes), 10, 27); }

// From here on a second search, for long matches far away, is worth its time.
constexpr size_t kLongDistanceBytes = 4u << 20;

}  // namespace

absl::StatusOr<std::optional<std::string>> Compress(absl::string_view plain, int level) {
  SYNCENGINE_RETURN_IF_ERROR(CheckLevel(level));
  if (plain.size() < 2) return std::nullopt;
  ZSTD_CCtx* const context = ThreadCompressor();
  if (context == nullptr) return NoMemory();
  // A room one byte smaller than the plaintext makes "does not shrink" an early, cheap failure.
  std::string frame(plain.size() - 1, '\0');
  const size_t written =
      ZSTD_compressCCtx(context, frame.data(), frame.size(), plain.data(), plain.size(), level);
  if (ZSTD_isError(written)) return std::nullopt;
  frame.resize(written);
  return frame;
}

absl::StatusOr<std::optional<std::string>> CompressWithPrefix(absl::string_view plain,
                                                              absl::string_view prefix, int level) {
  SYNCENGINE_RETURN_IF_ERROR(CheckLevel(level));
  if (plain.size() < 2) return std::nullopt;
  ZSTD_CCtx* const context = ThreadCompressor();
  if (context == nullptr) return NoMemory();
  const size_t reach = plain.size() + prefix.size();
  ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, WindowLog(reach));
  if (reach >= kLongDistanceBytes) {
    ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 1);
  }
  ZSTD_CCtx_refPrefix(context, prefix.data(), prefix.size());
  std::string frame(plain.size() - 1, '\0');
  const size_t written =
      ZSTD_compress2(context, frame.data(), frame.size(), plain.data(), plain.size());
  // The context must not keep a view of the prefix, nor its size of window.
  ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
  if (ZSTD_isError(written)) return std::nullopt;
  frame.resize(written);
  return frame;
}

bool LooksIncompressible(absl::string_view plain) {
  constexpr size_t kWindows = 4;
  constexpr size_t kWindowBytes = 1024;
  if (plain.size() < kWindows * kWindowBytes) return false;
  std::array<uint32_t, 256> counts{};
  const size_t stride = (plain.size() - kWindowBytes) / (kWindows - 1);
  for (size_t window = 0; window < kWindows; ++window) {
    for (const char byte : plain.substr(window * stride, kWindowBytes)) {
      ++counts[static_cast<uint8_t>(byte)];
    }
  }
  uint64_t squares = 0;
  for (const uint64_t count : counts) squares += count * count;
  // For n uniform bytes the sum of squared counts is n + n(n-1)/256 = 69,616 with a deviation of
  // about 360; text gives several times that.
  return squares < 71'500;
}

absl::StatusOr<std::string> DecompressExactly(absl::string_view frame, size_t size) {
  return DecompressWithPrefix(frame, {}, size);
}

absl::StatusOr<std::string> DecompressWithPrefix(absl::string_view frame, absl::string_view prefix,
                                                 size_t size) {
  SYNCENGINE_RETURN_IF_ERROR(CheckZstdFrame(frame, size));
  ZSTD_DCtx* const context = ThreadDecompressor();
  if (context == nullptr) return NoMemory();
  std::string plain(size, '\0');
  if (!prefix.empty()) ZSTD_DCtx_refPrefix(context, prefix.data(), prefix.size());
  const size_t written =
      ZSTD_decompressDCtx(context, plain.data(), plain.size(), frame.data(), frame.size());
  if (!prefix.empty()) ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters);
  if (ZSTD_isError(written) || written != size) {
    return MakeError(Reason::kIntegrity, "zstd: the frame does not decompress");
  }
  return plain;
}

}  // namespace syncengine::kernels
