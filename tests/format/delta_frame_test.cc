// Delta frames: what they hold comes back with the right bases, and with nothing else.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/frame.h"
#include "tests/format/format_fixture.h"

namespace syncengine {
namespace {

using testing::CountingId;
using testing::DataBlocks;
using testing::FixedKeys;
using testing::IsDamage;
using testing::RandomBytes;
using testing::WithBitFlipped;
using testing::WithChecksum;
using testing::WithU32;

class DeltaFrameTest : public ::testing::Test {
 protected:
  DeltaFrameTest() {
    std::mt19937_64 random(kSeed);
    for (int i = 0; i < 3; ++i) old_.push_back(RandomBytes(random, 8000));
    for (const std::string& block : old_) {
      new_.push_back(block);
      new_.back().insert(1000, "an insert");
    }
    bases_ = DataBlocks(*keys_, old_);
    blocks_ = DataBlocks(*keys_, new_);
  }

  std::unique_ptr<FrameSealer> Sealer(int level = 3) const {
    return *FrameSealer::Create(*keys_, CountingId<FrameSalt>(7), {.compression_level = level});
  }
  std::string Seal(uint32_t depth = 0) const {
    return Sealer()->SealDelta(blocks_, {.blocks = bases_, .depth = depth}).value().value();
  }
  // Offset of the depth; the number of bases and their ids follow.
  size_t bases_offset() const { return 100 + 32 * blocks_.size(); }

  static constexpr uint64_t kSeed = 5;
  const std::unique_ptr<NamespaceKeys> keys_ = FixedKeys();
  std::vector<std::string> old_;
  std::vector<std::string> new_;
  std::vector<PlainBlock> bases_;
  std::vector<PlainBlock> blocks_;
};

TEST_F(DeltaFrameTest, OpensWithItsBasesAndCostsLittleBesides) {
  const std::string frame = Seal(2);
  EXPECT_LT(frame.size(), 600u);  // Of 24,000 bytes that do not compress.
  const auto header = ParseFrameHeader(frame);
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->kind, FrameKind::kDelta);
  EXPECT_EQ(header->depth, 3u);
  ASSERT_EQ(header->bases.size(), old_.size());
  for (size_t i = 0; i < old_.size(); ++i) EXPECT_EQ(header->bases[i], bases_[i].id);
  const auto opened = OpenFrame(*keys_, frame, bases_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  for (size_t i = 0; i < new_.size(); ++i) EXPECT_EQ(opened->block(i), new_[i]);
}

TEST_F(DeltaFrameTest, OtherBasesDoNotOpenIt) {
  const std::string frame = Seal();
  EXPECT_TRUE(absl::IsInvalidArgument(OpenFrame(*keys_, frame).status()));
  std::vector<PlainBlock> swapped = {bases_[1], bases_[0], bases_[2]};
  EXPECT_TRUE(absl::IsInvalidArgument(OpenFrame(*keys_, frame, swapped).status()));
  // The right ids with wrong content.
  std::vector<PlainBlock> wrong = bases_;
  wrong[1].bytes = old_[0];
  EXPECT_TRUE(IsDamage(OpenFrame(*keys_, frame, wrong).status()));
  wrong[1].bytes = "";
  EXPECT_TRUE(IsDamage(OpenFrame(*keys_, frame, wrong).status()));
}

TEST_F(DeltaFrameTest, NoFlippedBitOpens) {
  const std::string frame = Seal();
  for (size_t bit = 0; bit < 8 * frame.size(); bit += 3) {
    EXPECT_FALSE(OpenFrame(*keys_, WithBitFlipped(frame, bit), bases_).ok()) << bit;
    if (bit / 8 >= frame.size() - 8) continue;
    EXPECT_FALSE(OpenFrame(*keys_, WithChecksum(WithBitFlipped(frame, bit)), bases_).ok()) << bit;
  }
}

TEST_F(DeltaFrameTest, HostileHeadersAreRefusedBeforeAnythingIsAllocated) {
  const std::string frame = Seal();
  for (const uint32_t depth : {0u, limits::kDeltaDepthMax + 1, ~0u}) {
    EXPECT_TRUE(
        IsDamage(ParseFrameHeader(WithChecksum(WithU32(frame, bases_offset(), depth))).status()));
  }
  for (const uint32_t count : {0u, 2u, 4u, limits::kDeltaBasesMax + 1, ~0u}) {
    EXPECT_TRUE(IsDamage(
        ParseFrameHeader(WithChecksum(WithU32(frame, bases_offset() + 4, count))).status()));
  }
  // A base twice, and a block that is its own base.
  std::string twice = frame;
  twice.replace(bases_offset() + 8, 32, twice.substr(bases_offset() + 40, 32));
  EXPECT_TRUE(IsDamage(ParseFrameHeader(WithChecksum(twice)).status()));
  std::string own = frame;
  own.replace(bases_offset() + 8, 32, own.substr(100, 32));
  EXPECT_TRUE(IsDamage(ParseFrameHeader(WithChecksum(own)).status()));
  std::string plain = frame;
  plain[7] = 0;
  EXPECT_TRUE(IsDamage(ParseFrameHeader(WithChecksum(plain)).status()));
}

TEST_F(DeltaFrameTest, IsNotMadeWhenItSavesLittle) {
  std::mt19937_64 random(kSeed + 1);
  const std::vector<std::string> others = {RandomBytes(random, 8000)};
  const auto blocks = DataBlocks(*keys_, others);
  EXPECT_EQ(Sealer()->SealDelta(blocks, {.blocks = bases_}).value(), std::nullopt);
  // What compresses well by itself needs no base.
  const std::vector<std::string> zeros = {std::string(8000, '\0')};
  EXPECT_EQ(Sealer()->SealDelta(DataBlocks(*keys_, zeros), {.blocks = bases_}).value(),
            std::nullopt);
  EXPECT_EQ(Sealer(0)->SealDelta(blocks_, {.blocks = bases_}).value(), std::nullopt);
}

TEST_F(DeltaFrameTest, BasesOutOfBoundsAreTheCallersMistake) {
  const auto refused = [&](const DeltaBases& bases) {
    return absl::IsInvalidArgument(Sealer()->SealDelta(blocks_, bases).status());
  };
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({.blocks = bases_, .depth = limits::kDeltaDepthMax}));
  EXPECT_TRUE(refused({.blocks = blocks_}));
  const std::vector<PlainBlock> twice = {bases_[0], bases_[0]};
  EXPECT_TRUE(refused({.blocks = twice}));
  const std::string huge(limits::kDeltaPrefixBytesMax, 'x');
  const std::vector<PlainBlock> big = {bases_[0], {.id = CountingId<BlockId>(1), .bytes = huge}};
  EXPECT_TRUE(refused({.blocks = big}));
}

TEST_F(DeltaFrameTest, LongPrefixesReachTheirBegin) {
  std::mt19937_64 random(kSeed + 2);
  const std::vector<std::string> old = {RandomBytes(random, 5 << 20), RandomBytes(random, 3 << 20)};
  const std::vector<std::string> edited = {old[0].substr(0, 100'000)};
  const auto bases = DataBlocks(*keys_, old);
  const auto frame = Sealer()->SealDelta(DataBlocks(*keys_, edited), {.blocks = bases}).value();
  ASSERT_TRUE(frame.has_value());
  EXPECT_LT(frame->size(), 1000u);
  const auto opened = OpenFrame(*keys_, *frame, bases);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->block(0), edited[0]);
}

}  // namespace
}  // namespace syncengine
