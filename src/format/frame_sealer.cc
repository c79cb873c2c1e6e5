#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "src/format/frame_layout.h"
#include "src/kernels/checksum.h"
#include "src/kernels/compress.h"
#include "src/kernels/seal.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/frame.h"
#include "syncengine/format/manifest.h"

namespace syncengine {
namespace {

using internal::kFrameTrailerBytes;

absl::Status Refused(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("frame: ", what));
}

bool HasDuplicate(absl::Span<const PlainBlock> blocks) {
  std::vector<BlockId> ids;
  ids.reserve(blocks.size());
  for (const PlainBlock& block : blocks) ids.push_back(block.id);
  std::sort(ids.begin(), ids.end());
  return std::adjacent_find(ids.begin(), ids.end()) != ids.end();
}

// The size of the plaintext, if the blocks can be one frame.
absl::StatusOr<size_t> CheckBlocks(absl::Span<const PlainBlock> blocks) {
  if (blocks.empty() || blocks.size() > limits::kFrameBlocksMax) {
    return Refused(absl::StrCat(blocks.size(), " blocks, expected 1 to ", limits::kFrameBlocksMax));
  }
  size_t total = 4 * blocks.size();
  for (const PlainBlock& block : blocks) {
    if (block.bytes.empty() || block.bytes.size() > limits::kBlockBytesMax) {
      return Refused(absl::StrCat("a block of ", block.bytes.size(), " bytes, expected 1 to ",
                                  limits::kBlockBytesMax));
    }
    total += block.bytes.size();
    if (total > limits::kFrameBytesMax) {
      return Refused(absl::StrCat("more than ", limits::kFrameBytesMax, " bytes together"));
    }
  }
  if (HasDuplicate(blocks)) return Refused("the same block twice");
  return total;
}

std::string JoinBlocks(absl::Span<const PlainBlock> blocks, size_t total) {
  std::string plaintext;
  plaintext.reserve(total);
  for (const PlainBlock& block : blocks) {
    const auto length = static_cast<uint32_t>(block.bytes.size());
    for (int shift = 0; shift < 32; shift += 8) {
      plaintext.push_back(static_cast<char>(length >> shift));
    }
  }
  for (const PlainBlock& block : blocks) absl::StrAppend(&plaintext, block.bytes);
  return plaintext;
}

// Nothing when the plaintext is to be stored as it is.
absl::StatusOr<std::optional<std::string>> MaybeCompress(absl::string_view plaintext, int level) {
  if (level == 0 || kernels::LooksIncompressible(plaintext)) return std::nullopt;
  return kernels::Compress(plaintext, level);
}

// The part of the open header that lists the blocks.
absl::StatusOr<std::string> EncodeBlockList(FrameKind kind, absl::Span<const PlainBlock> blocks) {
  ByteWriter writer;
  writer.U32(static_cast<uint32_t>(blocks.size()));
  for (const PlainBlock& block : blocks) writer.Raw(block.id.bytes());
  if (kind != FrameKind::kManifest) return std::move(writer).Take();
  for (const PlainBlock& block : blocks) {
    auto manifest = DecodeManifestNode(block.bytes);
    if (!manifest.ok()) return Refused(manifest.status().message());
    const std::vector<BlockId> children = DistinctIds(manifest->entries);
    writer.U32(static_cast<uint32_t>(children.size()));
    for (const BlockId& child : children) writer.Raw(child.bytes());
  }
  return std::move(writer).Take();
}

std::string EncodeHeader(const FrameHeader& header, absl::string_view block_list) {
  ByteWriter writer;
  writer.Raw(internal::kFrameMagic);
  writer.U8(internal::kFrameVersion);
  writer.U8(internal::kFrameSuite);
  writer.U8(static_cast<uint8_t>(header.kind));
  writer.U8(static_cast<uint8_t>(header.compression));
  writer.U32(static_cast<uint32_t>(internal::kFrameFixedBytes - 4 + block_list.size() +
                                   header.stored_bytes + kFrameTrailerBytes));
  writer.U32(header.generation);
  writer.U64(header.counter);
  writer.Raw(header.salt.bytes());
  writer.Raw(header.commitment);
  writer.U32(header.plaintext_bytes);
  writer.U32(header.stored_bytes);
  writer.Raw(block_list);
  return std::move(writer).Take();
}

void AppendChecksum(std::string& frame) {
  const uint64_t checksum = kernels::Xxh3(frame);
  for (int shift = 0; shift < 64; shift += 8) frame.push_back(static_cast<char>(checksum >> shift));
}

}  // namespace

absl::StatusOr<std::unique_ptr<FrameSealer>> FrameSealer::Create(
    const NamespaceKeys& keys, const FrameSalt& salt, const FrameSealerOptions& options) {
  if (options.compression_level < 0 || options.compression_level > kernels::kCompressLevelMax) {
    return Refused(absl::StrCat("compression level ", options.compression_level, ", expected 0 to ",
                                kernels::kCompressLevelMax));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(
      ObjectKey key, keys.DeriveObjectKey(KeyPurpose::kFrame, keys.generation(), salt.bytes()));
  return std::unique_ptr<FrameSealer>(new FrameSealer(keys, salt, options, std::move(key)));
}

absl::StatusOr<std::string> FrameSealer::Seal(FrameKind kind, absl::Span<const PlainBlock> blocks) {
  if (kind != FrameKind::kData && kind != FrameKind::kManifest) return Refused("unknown kind");
  if (next_counter_ >= limits::kSegmentFramesMax) {
    return absl::ResourceExhaustedError("frame: the sealer of this segment is used up");
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const size_t total, CheckBlocks(blocks));
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string block_list, EncodeBlockList(kind, blocks));
  const std::string plaintext = JoinBlocks(blocks, total);
  SYNCENGINE_ASSIGN_OR_RETURN(const std::optional<std::string> compressed,
                              MaybeCompress(plaintext, options_.compression_level));
  const absl::string_view stored = compressed.has_value() ? *compressed : plaintext;
  const FrameHeader header = {
      .kind = kind,
      .compression = compressed.has_value() ? Compression::kZstd : Compression::kNone,
      .generation = keys_.generation(),
      .counter = next_counter_,
      .salt = salt_,
      .commitment = key_.commitment,
      .plaintext_bytes = static_cast<uint32_t>(plaintext.size()),
      .stored_bytes = static_cast<uint32_t>(stored.size())};
  std::string frame = EncodeHeader(header, block_list);
  const size_t header_bytes = frame.size();
  const std::string associated = internal::FrameAssociated(frame, keys_.id());
  frame.reserve(header_bytes + stored.size() + kFrameTrailerBytes);
  absl::StrAppend(&frame, stored);
  frame.resize(frame.size() + kernels::kGcmTagBytes);
  const auto nonce = internal::FrameNonce(next_counter_);
  SYNCENGINE_RETURN_IF_ERROR(
      kernels::GcmSeal({.key = key_.key.bytes(),
                        .nonce = absl::string_view(nonce.data(), nonce.size()),
                        .associated = associated},
                       absl::MakeSpan(frame).subspan(header_bytes)));
  // Only now: a nonce counts as used once ciphertext under it can leave this function.
  ++next_counter_;
  AppendChecksum(frame);
  return frame;
}

}  // namespace syncengine
