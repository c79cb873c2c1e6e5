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

// What a delta costs besides its bytes: each base is named here and counted by the service.
constexpr size_t kBaseCost = 2 * BlockId::kSize;
constexpr size_t kDeltaCost = 128;
// A delta must save a quarter to be worth opening other frames first. One that is a small part of
// its plaintext does so whatever the plain frame would be.
constexpr bool IsWorthIt(size_t delta_cost, size_t plain_cost) {
  return delta_cost < plain_cost - plain_cost / 4;
}
constexpr size_t kSurelyWorthIt = 32;

bool HasDuplicate(absl::Span<const PlainBlock> blocks, absl::Span<const PlainBlock> bases = {}) {
  std::vector<BlockId> ids;
  ids.reserve(blocks.size() + bases.size());
  for (const PlainBlock& block : blocks) ids.push_back(block.id);
  for (const PlainBlock& base : bases) ids.push_back(base.id);
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

// The size of the prefix, if the bases can be those of one frame.
absl::StatusOr<size_t> CheckBases(absl::Span<const PlainBlock> blocks, const DeltaBases& bases) {
  if (bases.blocks.empty() || bases.blocks.size() > limits::kDeltaBasesMax) {
    return Refused(
        absl::StrCat(bases.blocks.size(), " bases, expected 1 to ", limits::kDeltaBasesMax));
  }
  if (bases.depth >= limits::kDeltaDepthMax) {
    return Refused(absl::StrCat("bases at depth ", bases.depth, ", expected less than ",
                                limits::kDeltaDepthMax));
  }
  size_t total = 0;
  for (const PlainBlock& base : bases.blocks) total += base.bytes.size();
  if (total > limits::kDeltaPrefixBytesMax) {
    return Refused(
        absl::StrCat("bases of ", total, " bytes, at most ", limits::kDeltaPrefixBytesMax));
  }
  if (HasDuplicate(blocks, bases.blocks)) return Refused("the same block or base twice");
  return total;
}

std::string EncodeBases(const DeltaBases& bases) {
  ByteWriter writer;
  writer.U32(bases.depth + 1);
  writer.U32(static_cast<uint32_t>(bases.blocks.size()));
  for (const PlainBlock& base : bases.blocks) writer.Raw(base.id.bytes());
  return std::move(writer).Take();
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

struct FrameSealer::Body {
  FrameKind kind = FrameKind::kData;
  Compression compression = Compression::kNone;
  absl::string_view stored;
  size_t plaintext_bytes = 0;
  std::string block_list;
};

absl::StatusOr<std::string> FrameSealer::Seal(FrameKind kind, absl::Span<const PlainBlock> blocks) {
  if (kind != FrameKind::kData && kind != FrameKind::kManifest) return Refused("unknown kind");
  SYNCENGINE_ASSIGN_OR_RETURN(const size_t total, CheckBlocks(blocks));
  SYNCENGINE_ASSIGN_OR_RETURN(std::string block_list, EncodeBlockList(kind, blocks));
  const std::string plaintext = JoinBlocks(blocks, total);
  SYNCENGINE_ASSIGN_OR_RETURN(const std::optional<std::string> compressed,
                              MaybeCompress(plaintext, options_.compression_level));
  return SealBody({.kind = kind,
                   .compression = compressed.has_value() ? Compression::kZstd : Compression::kNone,
                   .stored = compressed.has_value() ? *compressed : plaintext,
                   .plaintext_bytes = plaintext.size(),
                   .block_list = std::move(block_list)});
}

absl::StatusOr<std::optional<std::string>> FrameSealer::SealDelta(
    absl::Span<const PlainBlock> blocks, const DeltaBases& bases) {
  SYNCENGINE_ASSIGN_OR_RETURN(const size_t total, CheckBlocks(blocks));
  SYNCENGINE_ASSIGN_OR_RETURN(const size_t prefix_bytes, CheckBases(blocks, bases));
  if (options_.compression_level == 0) return std::nullopt;
  const std::string plaintext = JoinBlocks(blocks, total);
  std::string prefix;
  prefix.reserve(prefix_bytes);
  for (const PlainBlock& base : bases.blocks) absl::StrAppend(&prefix, base.bytes);
  SYNCENGINE_ASSIGN_OR_RETURN(
      const std::optional<std::string> delta,
      kernels::CompressWithPrefix(plaintext, prefix, options_.compression_level));
  if (!delta.has_value()) return std::nullopt;
  const size_t cost = delta->size() + kDeltaCost + kBaseCost * bases.blocks.size();
  if (cost > plaintext.size() / kSurelyWorthIt) {
    SYNCENGINE_ASSIGN_OR_RETURN(const std::optional<std::string> plain,
                                MaybeCompress(plaintext, options_.compression_level));
    if (!IsWorthIt(cost, plain.has_value() ? plain->size() : plaintext.size())) return std::nullopt;
  }
  SYNCENGINE_ASSIGN_OR_RETURN(std::string block_list, EncodeBlockList(FrameKind::kDelta, blocks));
  absl::StrAppend(&block_list, EncodeBases(bases));
  SYNCENGINE_ASSIGN_OR_RETURN(std::string frame, SealBody({.kind = FrameKind::kDelta,
                                                           .compression = Compression::kZstd,
                                                           .stored = *delta,
                                                           .plaintext_bytes = plaintext.size(),
                                                           .block_list = std::move(block_list)}));
  return std::optional<std::string>(std::move(frame));
}

absl::StatusOr<std::string> FrameSealer::SealBody(const Body& body) {
  if (next_counter_ >= limits::kSegmentFramesMax) {
    return absl::ResourceExhaustedError("frame: the sealer of this segment is used up");
  }
  const FrameHeader header = {.kind = body.kind,
                              .compression = body.compression,
                              .generation = keys_.generation(),
                              .counter = next_counter_,
                              .salt = salt_,
                              .commitment = key_.commitment,
                              .plaintext_bytes = static_cast<uint32_t>(body.plaintext_bytes),
                              .stored_bytes = static_cast<uint32_t>(body.stored.size())};
  std::string frame = EncodeHeader(header, body.block_list);
  const size_t header_bytes = frame.size();
  const std::string associated = internal::FrameAssociated(frame, keys_.id());
  frame.reserve(header_bytes + body.stored.size() + kFrameTrailerBytes);
  absl::StrAppend(&frame, body.stored);
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
