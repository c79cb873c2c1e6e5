#include "syncengine/format/segment.h"

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "src/kernels/checksum.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine {
namespace {

constexpr absl::string_view kMagic = "SES1";
constexpr absl::string_view kEndMagic = "1SES";
constexpr uint8_t kVersion = 1;
constexpr size_t kHeaderBytes = 4 + 1 + 3 + NamespaceId::kSize + SegmentId::kSize;
constexpr size_t kIndexEntryBytes = 8;
constexpr size_t kFooterBytes = 4 + 4 + 8 + 4;

absl::Status Damaged(absl::string_view what) {
  return MakeError(Reason::kIntegrity, absl::StrCat("segment: ", what));
}

// The checksum covers everything that no frame's checksum does: header, index and footer.
uint64_t IndexChecksum(absl::string_view header, absl::string_view index, uint32_t index_offset) {
  ByteWriter covered;
  covered.Raw(header);
  covered.Raw(index);
  covered.U32(index_offset);
  covered.U32(static_cast<uint32_t>(index.size() / kIndexEntryBytes));
  return kernels::Xxh3(covered.bytes());
}

struct Footer {
  uint32_t index_offset = 0;
  uint32_t count = 0;
};

absl::StatusOr<Footer> ReadFooter(absl::string_view bytes) {
  ByteReader reader(bytes.substr(bytes.size() - kFooterBytes), "segment");
  const Footer footer = {.index_offset = reader.U32(), .count = reader.U32()};
  const uint64_t checksum = reader.U64();
  if (reader.Raw(kEndMagic.size()) != kEndMagic) return Damaged("cut off at the end");
  if (footer.count == 0 || footer.count > limits::kSegmentFramesMax ||
      footer.index_offset < kHeaderBytes ||
      footer.index_offset + uint64_t{footer.count} * kIndexEntryBytes + kFooterBytes !=
          bytes.size()) {
    return Damaged("the number of frames does not fit the size");
  }
  const absl::string_view index =
      bytes.substr(footer.index_offset, footer.count * kIndexEntryBytes);
  if (IndexChecksum(bytes.substr(0, kHeaderBytes), index, footer.index_offset) != checksum) {
    return Damaged("wrong checksum of the index");
  }
  return footer;
}

absl::Status ReadHeader(absl::string_view bytes, Segment& segment) {
  ByteReader reader(bytes, "segment");
  if (reader.Raw(kMagic.size()) != kMagic) return Damaged("not a segment");
  const uint8_t version = reader.U8();
  if (version > kVersion) {
    return MakeError(Reason::kVersion,
                     absl::StrCat("segment: version ", version, "; upgrade this program"));
  }
  if (version != kVersion || reader.Raw(3) != absl::string_view("\0\0\0", 3)) {
    return Damaged("unknown version or flags");
  }
  segment.namespace_id = reader.ReadId<NamespaceId>();
  segment.segment_id = reader.ReadId<SegmentId>();
  return absl::OkStatus();
}

// Frames fill the space between header and index, in order and without a gap.
absl::StatusOr<std::vector<SegmentFrame>> ReadFrames(absl::string_view bytes,
                                                     const Footer& footer) {
  ByteReader index(bytes.substr(footer.index_offset, footer.count * kIndexEntryBytes), "segment");
  std::vector<SegmentFrame> frames;
  absl::flat_hash_set<std::pair<FrameSalt, uint64_t>> nonces;
  uint64_t end = kHeaderBytes;
  for (uint32_t i = 0; i < footer.count; ++i) {
    SegmentFrame frame = {.offset = index.U32(), .length = index.U32()};
    if (frame.offset != end || frame.length > footer.index_offset - end) {
      return Damaged(absl::StrCat("frame ", i, " is out of place"));
    }
    end += frame.length;
    auto header = ParseFrameHeader(bytes.substr(frame.offset, frame.length));
    if (!header.ok()) return Annotate(header.status(), absl::StrCat("segment: frame ", i));
    frame.header = *std::move(header);
    if (!nonces.insert({frame.header.salt, frame.header.counter}).second) {
      return Damaged(absl::StrCat("frame ", i, " repeats a salt and counter"));
    }
    frames.push_back(std::move(frame));
  }
  if (end != footer.index_offset) return Damaged("bytes between the frames and the index");
  return frames;
}

}  // namespace

SegmentBuilder::SegmentBuilder(const NamespaceId& namespace_id, const SegmentId& segment_id) {
  absl::StrAppend(&bytes_, kMagic);
  bytes_.push_back(static_cast<char>(kVersion));
  bytes_.append(3, '\0');
  absl::StrAppend(&bytes_, namespace_id.bytes(), segment_id.bytes());
}

size_t SegmentBuilder::size() const {
  return bytes_.size() + frames_.size() * kIndexEntryBytes + kFooterBytes;
}

absl::Status SegmentBuilder::Add(absl::string_view frame) {
  if (frame.size() > limits::kSegmentBytesMax ||
      size() + frame.size() + kIndexEntryBytes > limits::kSegmentBytesMax ||
      frames_.size() >= limits::kSegmentFramesMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("segment: no room for a frame of ", frame.size(), " bytes; finish it first"));
  }
  frames_.push_back({.offset = static_cast<uint32_t>(bytes_.size()),
                     .length = static_cast<uint32_t>(frame.size())});
  absl::StrAppend(&bytes_, frame);
  return absl::OkStatus();
}

std::string SegmentBuilder::Finish() && {
  ByteWriter index;
  for (const Place& place : frames_) {
    index.U32(place.offset);
    index.U32(place.length);
  }
  const auto index_offset = static_cast<uint32_t>(bytes_.size());
  ByteWriter footer;
  footer.U32(index_offset);
  footer.U32(static_cast<uint32_t>(frames_.size()));
  footer.U64(IndexChecksum(absl::string_view(bytes_).substr(0, kHeaderBytes), index.bytes(),
                           index_offset));
  footer.Raw(kEndMagic);
  absl::StrAppend(&bytes_, index.bytes(), footer.bytes());
  return std::move(bytes_);
}

absl::StatusOr<Segment> ParseSegment(absl::string_view bytes) {
  if (bytes.size() < kHeaderBytes + kFooterBytes || bytes.size() > limits::kSegmentBytesMax) {
    return Damaged(absl::StrCat(bytes.size(), " bytes cannot be a segment"));
  }
  Segment segment;
  SYNCENGINE_RETURN_IF_ERROR(ReadHeader(bytes, segment));
  SYNCENGINE_ASSIGN_OR_RETURN(const Footer footer, ReadFooter(bytes));
  SYNCENGINE_ASSIGN_OR_RETURN(segment.frames, ReadFrames(bytes, footer));
  return segment;
}

}  // namespace syncengine
