#include "syncengine/format/frame.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "src/format/frame_layout.h"
#include "src/kernels/checksum.h"
#include "src/kernels/compress.h"
#include "src/kernels/seal.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/manifest.h"

namespace syncengine {
namespace {

absl::Status Damaged(absl::string_view what) {
  return MakeError(Reason::kIntegrity, absl::StrCat("frame: ", what));
}

absl::Status Newer(absl::string_view what, int value) {
  return MakeError(Reason::kVersion,
                   absl::StrCat("frame: ", what, " ", value, "; upgrade this program"));
}

// The size, magic and checksum; the version comes before all that another version could change.
absl::Status CheckWhole(absl::string_view frame) {
  if (frame.size() < internal::kFrameBytesMin || frame.size() > internal::kFrameStoredMax) {
    return Damaged(absl::StrCat(frame.size(), " bytes cannot be a frame"));
  }
  if (frame.substr(0, 4) != internal::kFrameMagic) return Damaged("not a frame");
  const auto version = static_cast<uint8_t>(frame[4]);
  if (version > internal::kFrameVersion) return Newer("version", version);
  const size_t covered = frame.size() - internal::kFrameChecksumBytes;
  ByteReader checksum(frame.substr(covered), "frame");
  if (kernels::Xxh3(frame.substr(0, covered)) != checksum.U64()) return Damaged("wrong checksum");
  return absl::OkStatus();
}

absl::Status CheckSuite(uint8_t version, uint8_t suite, uint8_t kind, uint8_t compression) {
  if (version != internal::kFrameVersion) return Damaged("version 0");
  if (suite != internal::kFrameSuite) return Newer("cipher suite", suite);
  if (kind < static_cast<uint8_t>(FrameKind::kData) ||
      kind > static_cast<uint8_t>(FrameKind::kDelta)) {
    return Damaged("unknown kind");
  }
  if (compression > static_cast<uint8_t>(Compression::kZstd)) return Damaged("unknown compression");
  if (kind == static_cast<uint8_t>(FrameKind::kDelta) &&
      compression != static_cast<uint8_t>(Compression::kZstd)) {
    return Damaged("a delta that is not compressed");
  }
  return absl::OkStatus();
}

absl::Status CheckSizes(const FrameHeader& header) {
  if (header.plaintext_bytes > limits::kFrameBytesMax) return Damaged("the plaintext is too big");
  const bool fits = header.compression == Compression::kNone
                        ? header.stored_bytes == header.plaintext_bytes
                        : header.stored_bytes < header.plaintext_bytes;
  return fits ? absl::OkStatus() : Damaged("stored and plaintext sizes disagree");
}

// A delta's bases, too: a block that is its own base could never be opened.
absl::Status CheckDistinct(const std::vector<FrameBlock>& blocks,
                           const std::vector<BlockId>& bases = {}) {
  std::vector<BlockId> ids = bases;
  ids.reserve(bases.size() + blocks.size());
  for (const FrameBlock& block : blocks) ids.push_back(block.id);
  std::sort(ids.begin(), ids.end());
  if (std::adjacent_find(ids.begin(), ids.end()) == ids.end()) return absl::OkStatus();
  return Damaged("the same block twice");
}

// Strictly ascending, hence distinct.
absl::StatusOr<std::vector<BlockId>> ReadChildren(ByteReader& reader) {
  const uint32_t count = reader.U32();
  if (count == 0 || count > limits::kManifestEntriesMax ||
      reader.remaining() / BlockId::kSize < count) {
    return Damaged("the number of children does not fit the size");
  }
  std::vector<BlockId> children;
  children.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    const auto child = reader.ReadId<BlockId>();
    if (i > 0 && child <= children.back()) return Damaged("children are not in order");
    children.push_back(child);
  }
  return children;
}

absl::StatusOr<std::vector<FrameBlock>> ReadBlocks(ByteReader& reader, FrameKind kind) {
  const uint32_t count = reader.U32();
  if (count == 0 || count > limits::kFrameBlocksMax ||
      reader.remaining() / BlockId::kSize < count) {
    return Damaged("the number of blocks does not fit the size");
  }
  std::vector<FrameBlock> blocks(count);
  for (FrameBlock& block : blocks) block.id = reader.ReadId<BlockId>();
  SYNCENGINE_RETURN_IF_ERROR(CheckDistinct(blocks));
  if (kind != FrameKind::kManifest) return blocks;
  for (FrameBlock& block : blocks) {
    SYNCENGINE_ASSIGN_OR_RETURN(block.children, ReadChildren(reader));
  }
  return blocks;
}

// The depth and the bases of a delta frame.
absl::Status ReadBases(ByteReader& reader, FrameHeader& header) {
  if (header.kind != FrameKind::kDelta) return absl::OkStatus();
  header.depth = reader.U32();
  if (header.depth == 0 || header.depth > limits::kDeltaDepthMax) {
    return Damaged("a chain of deltas of impossible length");
  }
  const uint32_t count = reader.U32();
  if (count == 0 || count > limits::kDeltaBasesMax || reader.remaining() / BlockId::kSize < count) {
    return Damaged("the number of bases does not fit the size");
  }
  header.bases.resize(count);
  for (BlockId& base : header.bases) base = reader.ReadId<BlockId>();
  return CheckDistinct(header.blocks, header.bases);
}

// `header` is filled up to its block list.
absl::Status ReadFixed(ByteReader& reader, size_t frame_bytes, FrameHeader& header) {
  reader.Raw(internal::kFrameMagic.size());
  const uint8_t version = reader.U8();
  const uint8_t suite = reader.U8();
  const uint8_t kind = reader.U8();
  const uint8_t compression = reader.U8();
  SYNCENGINE_RETURN_IF_ERROR(CheckSuite(version, suite, kind, compression));
  if (reader.U32() != frame_bytes) return Damaged("its size is not the size it states");
  header.kind = static_cast<FrameKind>(kind);
  header.compression = static_cast<Compression>(compression);
  header.generation = reader.U32();
  header.counter = reader.U64();
  header.salt = reader.ReadId<FrameSalt>();
  header.commitment = std::string(reader.Raw(internal::kFrameCommitmentBytes));
  header.plaintext_bytes = reader.U32();
  header.stored_bytes = reader.U32();
  return CheckSizes(header);
}

// The content of the bases, one after another.
absl::StatusOr<std::string> JoinBases(const FrameHeader& header,
                                      absl::Span<const PlainBlock> bases) {
  const auto same = [](const BlockId& id, const PlainBlock& base) { return id == base.id; };
  if (!std::equal(header.bases.begin(), header.bases.end(), bases.begin(), bases.end(), same)) {
    return absl::InvalidArgumentError(absl::StrCat("frame: expected the ", header.bases.size(),
                                                   " bases that it names, in their order; found ",
                                                   bases.size()));
  }
  size_t total = 0;
  for (const PlainBlock& base : bases) total += base.bytes.size();
  if (total > limits::kDeltaPrefixBytesMax) return Damaged("the bases are too big");
  std::string prefix;
  prefix.reserve(total);
  for (const PlainBlock& base : bases) absl::StrAppend(&prefix, base.bytes);
  return prefix;
}

absl::StatusOr<std::string> Unseal(const NamespaceKeys& keys, const FrameHeader& header,
                                   absl::string_view frame, absl::string_view prefix) {
  SYNCENGINE_ASSIGN_OR_RETURN(
      const ObjectKey key,
      keys.DeriveObjectKey(KeyPurpose::kFrame, header.generation, header.salt.bytes()));
  if (!kernels::SecureEquals(key.commitment, header.commitment)) {
    return Damaged("sealed with other keys, or damaged");
  }
  const std::string associated =
      internal::FrameAssociated(frame.substr(0, header.header_bytes), keys.id());
  const auto nonce = internal::FrameNonce(header.counter);
  auto stored = kernels::GcmOpen(
      {.key = key.key.bytes(),
       .nonce = absl::string_view(nonce.data(), nonce.size()),
       .associated = associated},
      frame.substr(header.header_bytes, header.stored_bytes + kernels::kGcmTagBytes));
  if (!stored.ok()) return Annotate(stored.status(), "frame");
  if (header.compression == Compression::kNone) return stored;
  auto plaintext = kernels::DecompressWithPrefix(*stored, prefix, header.plaintext_bytes);
  if (!plaintext.ok()) return Annotate(plaintext.status(), "frame");
  return plaintext;
}

absl::Status VerifyBlock(const NamespaceKeys& keys, FrameKind kind, const FrameBlock& block,
                         absl::string_view bytes) {
  const bool is_manifest = kind == FrameKind::kManifest;
  if ((is_manifest ? keys.IdOfManifest(bytes) : keys.IdOf(bytes)) != block.id) {
    return Damaged(absl::StrCat("the content of block ", block.id.ToHex(), " is not its own"));
  }
  if (!is_manifest) return absl::OkStatus();
  SYNCENGINE_ASSIGN_OR_RETURN(const Manifest manifest, DecodeManifestNode(bytes));
  if (DistinctIds(manifest.entries) == block.children) return absl::OkStatus();
  return Damaged(absl::StrCat("manifest block ", block.id.ToHex(), " has other children"));
}

}  // namespace

absl::StatusOr<FrameHeader> ParseFrameHeader(absl::string_view frame) {
  SYNCENGINE_RETURN_IF_ERROR(CheckWhole(frame));
  FrameHeader header;
  const size_t body_end = frame.size() - internal::kFrameTrailerBytes;
  ByteReader reader(frame.substr(0, body_end), "frame");
  SYNCENGINE_RETURN_IF_ERROR(ReadFixed(reader, frame.size(), header));
  SYNCENGINE_ASSIGN_OR_RETURN(header.blocks, ReadBlocks(reader, header.kind));
  SYNCENGINE_RETURN_IF_ERROR(ReadBases(reader, header));
  if (reader.remaining() != header.stored_bytes) return Damaged("the ciphertext has another size");
  header.header_bytes = body_end - header.stored_bytes;
  return header;
}

absl::Status OpenedFrame::Slice() {
  ByteReader reader(plaintext_, "frame");
  size_t offset = 4 * size();
  if (offset > plaintext_.size()) return Damaged("the block lengths are cut off");
  slices_.reserve(size());
  for (size_t i = 0; i < size(); ++i) {
    const size_t length = reader.U32();
    if (length == 0 || length > limits::kBlockBytesMax || length > plaintext_.size() - offset) {
      return Damaged("a block length is out of bounds");
    }
    slices_.emplace_back(offset, length);
    offset += length;
  }
  return offset == plaintext_.size() ? absl::OkStatus() : Damaged("bytes behind the last block");
}

absl::StatusOr<OpenedFrame> OpenFrame(const NamespaceKeys& keys, absl::string_view frame,
                                      absl::Span<const PlainBlock> bases) {
  OpenedFrame opened;
  SYNCENGINE_ASSIGN_OR_RETURN(opened.header_, ParseFrameHeader(frame));
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string prefix, JoinBases(opened.header_, bases));
  SYNCENGINE_ASSIGN_OR_RETURN(opened.plaintext_, Unseal(keys, opened.header_, frame, prefix));
  SYNCENGINE_RETURN_IF_ERROR(opened.Slice());
  for (size_t i = 0; i < opened.size(); ++i) {
    SYNCENGINE_RETURN_IF_ERROR(
        VerifyBlock(keys, opened.header_.kind, opened.header_.blocks[i], opened.block(i)));
  }
  return opened;
}

}  // namespace syncengine
