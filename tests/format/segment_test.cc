#include "syncengine/format/segment.h"

#include <gtest/gtest.h>

#include "syncengine/base/limits.h"
#include "tests/format/format_fixture.h"

namespace syncengine {
namespace {

using testing::CountingId;
using testing::DataBlocks;
using testing::FixedKeys;
using testing::IsDamage;
using testing::WithBitFlipped;
using testing::WithU32;

const NamespaceId kNamespace = CountingId<NamespaceId>(0x40);
const SegmentId kSegment = CountingId<SegmentId>(0x60);
constexpr size_t kHeaderBytes = 40;
constexpr size_t kFooterBytes = 20;

std::vector<std::string> Frames(const NamespaceKeys& keys, int count, uint8_t salt = 0xa0) {
  auto sealer = *FrameSealer::Create(keys, CountingId<FrameSalt>(salt), {});
  std::vector<std::string> frames;
  for (int i = 0; i < count; ++i) {
    frames.push_back(*sealer->Seal(FrameKind::kData, DataBlocks(keys, {std::to_string(i)})));
  }
  return frames;
}

std::string Build(const std::vector<std::string>& frames) {
  SegmentBuilder builder(kNamespace, kSegment);
  for (const std::string& frame : frames) EXPECT_TRUE(builder.Add(frame).ok());
  return std::move(builder).Finish();
}

TEST(SegmentTest, ParsesToTheFramesThatWentIn) {
  const auto keys = FixedKeys();
  const auto frames = Frames(*keys, 5);
  const std::string bytes = Build(frames);
  auto segment = ParseSegment(bytes);
  ASSERT_TRUE(segment.ok()) << segment.status();
  EXPECT_EQ(segment->namespace_id, kNamespace);
  EXPECT_EQ(segment->segment_id, kSegment);
  ASSERT_EQ(segment->frames.size(), frames.size());
  for (size_t i = 0; i < frames.size(); ++i) {
    const SegmentFrame& frame = segment->frames[i];
    EXPECT_EQ(bytes.substr(frame.offset, frame.length), frames[i]);
    EXPECT_EQ(frame.header.counter, i);
  }
}

TEST(SegmentTest, SizeIsWhatFinishGives) {
  const auto keys = FixedKeys();
  SegmentBuilder builder(kNamespace, kSegment);
  EXPECT_TRUE(builder.empty());
  for (const std::string& frame : Frames(*keys, 3)) ASSERT_TRUE(builder.Add(frame).ok());
  EXPECT_FALSE(builder.empty());
  const size_t size = builder.size();
  EXPECT_EQ(std::move(builder).Finish().size(), size);
}

TEST(SegmentTest, FramesMoveBetweenSegmentsUnchanged) {
  const auto keys = FixedKeys();
  const auto first = Frames(*keys, 3, 0xa0);
  const auto second = Frames(*keys, 3, 0xb0);
  const std::string moved = Build({second[2], first[1], first[0]});
  auto segment = ParseSegment(moved);
  ASSERT_TRUE(segment.ok()) << segment.status();
  for (const SegmentFrame& frame : segment->frames) {
    EXPECT_TRUE(OpenFrame(*keys, absl::string_view(moved).substr(frame.offset, frame.length)).ok());
  }
}

TEST(SegmentTest, ARepeatedSaltAndCounterIsRefused) {
  const auto frames = Frames(*FixedKeys(), 2);
  EXPECT_TRUE(IsDamage(ParseSegment(Build({frames[0], frames[1], frames[0]})).status()));
}

TEST(SegmentTest, EveryBitFlipIsRefused) {
  const std::string bytes = Build(Frames(*FixedKeys(), 2));
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    EXPECT_FALSE(ParseSegment(WithBitFlipped(bytes, bit)).ok()) << "bit " << bit;
  }
}

TEST(SegmentTest, EveryTruncationAndExtensionIsRefused) {
  const std::string bytes = Build(Frames(*FixedKeys(), 2));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(IsDamage(ParseSegment(bytes.substr(0, size)).status())) << size;
  }
  EXPECT_TRUE(IsDamage(ParseSegment(bytes + "x").status()));
}

// Rewrites the index checksum, as somebody who forges a segment would.
std::string WithIndexChecksum(std::string bytes, uint32_t index_offset) {
  const size_t footer = bytes.size() - kFooterBytes;
  const std::string covered =
      bytes.substr(0, kHeaderBytes) + bytes.substr(index_offset, footer - index_offset + 8);
  const uint64_t checksum = kernels::Xxh3(covered);
  for (int i = 0; i < 8; ++i) bytes[footer + 8 + i] = static_cast<char>(checksum >> (8 * i));
  return bytes;
}

TEST(SegmentTest, HostileCountsAndOffsetsAreRefused) {
  const auto frames = Frames(*FixedKeys(), 2);
  const std::string bytes = Build(frames);
  const size_t footer = bytes.size() - kFooterBytes;
  const auto index_offset = static_cast<uint32_t>(footer - 16);
  ASSERT_TRUE(ParseSegment(WithIndexChecksum(bytes, index_offset)).ok());
  for (const uint32_t value : {0u, 1u, 3u, 65'537u, 0x20000000u, 0x7fffffffu, 0xffffffffu}) {
    for (const size_t offset :
         {footer, footer + 4, footer - 16, footer - 12, footer - 8, footer - 4}) {
      const std::string forged = WithIndexChecksum(WithU32(bytes, offset, value), index_offset);
      EXPECT_TRUE(IsDamage(ParseSegment(forged).status())) << offset << " " << value;
    }
  }
}

TEST(SegmentTest, ASegmentWithoutFramesIsRefused) {
  EXPECT_TRUE(IsDamage(ParseSegment(Build({})).status()));
}

TEST(SegmentTest, ANewerVersionIsNamedAsSuch) {
  std::string bytes = Build(Frames(*FixedKeys(), 1));
  bytes[4] = 2;
  EXPECT_EQ(GetReason(ParseSegment(bytes).status()), Reason::kVersion);
}

TEST(SegmentTest, AFullSegmentTakesNoMore) {
  SegmentBuilder builder(kNamespace, kSegment);
  const std::string frame(15 << 20, 'x');
  EXPECT_TRUE(builder.Add(frame).ok());
  EXPECT_TRUE(builder.Add(frame).ok());
  const size_t size = builder.size();
  EXPECT_TRUE(absl::IsResourceExhausted(builder.Add(frame)));
  EXPECT_EQ(builder.size(), size);
}

}  // namespace
}  // namespace syncengine
