#include "syncengine/delta/signature.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_cat.h"
#include "src/delta/block_hasher.h"
#include "src/delta/signature_format.h"
#include "src/kernels/checksum.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::delta {
namespace {

constexpr size_t kReadBytes = 1u << 20;

// The greatest integer whose square is at most `value`.
uint64_t SquareRoot(uint64_t value) {
  uint64_t root = 0;
  for (uint64_t bit = uint64_t{1} << 31; bit > 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= value) root += bit;
  }
  return root;
}

uint32_t AutomaticBlockBytes(uint64_t base_bytes) {
  const uint64_t root = std::max<uint64_t>(SquareRoot(base_bytes), 1);
  return static_cast<uint32_t>(
      std::clamp<uint64_t>(std::bit_floor(root), 256, limits::kBlockBytesMax));
}

uint32_t AutomaticStrongBytes(SignatureFormat format) {
  return format == SignatureFormat::kOwn ? 12 : StrongBytesMax(format);
}

// Reads until `room` is full or the source ends.
absl::StatusOr<size_t> ReadFully(Source& source, absl::Span<char> room) {
  size_t size = 0;
  while (size < room.size()) {
    SYNCENGINE_ASSIGN_OR_RETURN(const size_t more, source.Read(room.subspan(size)));
    if (more == 0) break;
    size += more;
  }
  return size;
}

absl::Status SourceChanged(uint64_t expected) {
  return absl::FailedPreconditionError(
      absl::StrCat("signature: the base does not hold the expected ", expected,
                   " bytes; it changed while it was read, try again"));
}

}  // namespace

absl::StatusOr<Layout> ChooseLayout(const SignatureOptions& options, uint64_t base_bytes) {
  Layout layout{.format = options.format,
                .block_bytes = options.block_bytes,
                .strong_bytes = options.strong_bytes,
                .salt = options.salt};
  if (layout.block_bytes == 0) layout.block_bytes = AutomaticBlockBytes(base_bytes);
  if (layout.strong_bytes == 0) layout.strong_bytes = AutomaticStrongBytes(options.format);
  SYNCENGINE_RETURN_IF_ERROR(CheckLayout(layout));
  if (base_bytes / layout.block_bytes >= limits::kDeltaBlocksMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "signature: a base of ", base_bytes, " bytes has more than ", limits::kDeltaBlocksMax,
        " blocks of ", layout.block_bytes, " bytes; choose larger blocks"));
  }
  return layout;
}

void Signature::Reserve(size_t blocks) {
  weak_.reserve(blocks);
  strong_.reserve(blocks * layout_.strong_bytes);
}

void Signature::Add(const BlockHash& hash) {
  weak_.push_back(hash.weak);
  strong_.append(reinterpret_cast<const char*>(hash.strong.data()), layout_.strong_bytes);
}

absl::StatusOr<std::vector<BlockHash>> HashSlice(const Layout& layout, absl::string_view slice) {
  SYNCENGINE_RETURN_IF_ERROR(CheckLayout(layout));
  const BlockHasher hasher(layout);
  std::vector<BlockHash> hashes;
  hashes.reserve(slice.size() / layout.block_bytes + 1);
  for (; !slice.empty(); slice.remove_prefix(std::min<size_t>(slice.size(), layout.block_bytes))) {
    const absl::string_view block = slice.substr(0, layout.block_bytes);
    hashes.push_back({hasher.Weak(block), hasher.Strong(block)});
  }
  return hashes;
}

std::string EncodeSignature(const Signature& signature) {
  SignatureEncoder encoder(signature.layout(), signature.base_bytes().value_or(0));
  std::string bytes = encoder.Header();
  for (size_t i = 0; i < signature.blocks(); ++i) {
    bytes += encoder.Entry(signature.weak(i), signature.strong(i));
  }
  return bytes + encoder.Trailer();
}

absl::Status WriteSignature(Source& base, uint64_t base_bytes, const SignatureOptions& options,
                            Sink& sink) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Layout layout, ChooseLayout(options, base_bytes));
  SignatureEncoder encoder(layout, base_bytes);
  SYNCENGINE_RETURN_IF_ERROR(sink.Append(encoder.Header()));
  const size_t whole = std::max<size_t>(kReadBytes / layout.block_bytes, 1) * layout.block_bytes;
  std::string buffer(whole, '\0');
  uint64_t done = 0;
  for (size_t size = whole; size == whole;) {
    SYNCENGINE_ASSIGN_OR_RETURN(size, ReadFully(base, absl::MakeSpan(buffer)));
    done += size;
    if (done > base_bytes) return SourceChanged(base_bytes);
    SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<BlockHash> hashes,
                                HashSlice(layout, absl::string_view(buffer).substr(0, size)));
    std::string entries;
    for (const BlockHash& hash : hashes) entries += encoder.Entry(hash);
    SYNCENGINE_RETURN_IF_ERROR(sink.Append(entries));
  }
  if (done != base_bytes) return SourceChanged(base_bytes);
  SYNCENGINE_RETURN_IF_ERROR(sink.Append(encoder.Trailer()));
  return sink.Finish();
}

}  // namespace syncengine::delta
