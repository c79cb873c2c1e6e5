#include "syncengine/format/frame.h"

#include <gtest/gtest.h>

#include <set>

#include "src/kernels/compress.h"
#include "src/kernels/seal.h"
#include "syncengine/base/limits.h"
#include "tests/format/format_fixture.h"

namespace syncengine {
namespace {

using testing::CountingBytes;
using testing::CountingId;
using testing::DataBlocks;
using testing::FixedKeys;
using testing::IsDamage;
using testing::RandomBytes;
using testing::SealData;
using testing::WithBitFlipped;
using testing::WithChecksum;
using testing::WithU32;

// Offsets of docs/FORMAT.md.
constexpr size_t kKindOffset = 6;
constexpr size_t kCompressionOffset = 7;
constexpr size_t kGenerationOffset = 12;
constexpr size_t kCommitmentOffset = 56;
constexpr size_t kPlaintextBytesOffset = 88;
constexpr size_t kStoredBytesOffset = 92;
constexpr size_t kBlockCountOffset = 96;
constexpr size_t kBlockListOffset = 100;

PlainBlock ManifestBlock(const NamespaceKeys& keys, const std::string& plaintext) {
  return {.id = keys.IdOfManifest(plaintext), .bytes = plaintext};
}

std::string TwoChildNode() {
  Manifest manifest;
  manifest.entries = {
      {CountingId<BlockId>(9), 10}, {CountingId<BlockId>(3), 20}, {CountingId<BlockId>(9), 10}};
  return *EncodeManifestNode(manifest);
}

std::unique_ptr<FrameSealer> Sealer(const NamespaceKeys& keys, int level = 3) {
  return *FrameSealer::Create(keys, CountingId<FrameSalt>(0xa0), {.compression_level = level});
}

TEST(FrameTest, OpensToTheBlocksThatWereSealed) {
  const auto keys = FixedKeys();
  const std::vector<std::string> contents = {"one", std::string(5000, 'x'), "three"};
  for (const int level : {0, 1, 3, 19}) {
    auto opened = OpenFrame(*keys, SealData(*keys, contents, level));
    ASSERT_TRUE(opened.ok()) << opened.status();
    const OpenedFrame frame = *std::move(opened);
    ASSERT_EQ(frame.size(), contents.size());
    for (size_t i = 0; i < contents.size(); ++i) {
      EXPECT_EQ(frame.block(i), contents[i]);
      EXPECT_EQ(frame.id(i), keys->IdOf(contents[i]));
    }
    EXPECT_EQ(frame.header().compression, level == 0 ? Compression::kNone : Compression::kZstd);
  }
}

TEST(FrameTest, RandomFramesRoundTrip) {
  const uint64_t seed = 20240117;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const auto keys = FixedKeys();
  const auto sealer = Sealer(*keys);
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> contents(1 + random() % 12);
    for (std::string& content : contents) {
      content = random() % 2 ? RandomBytes(random, 1 + random() % 4000)
                             : std::string(9 + random() % 3000, static_cast<char>(random()));
      content += RandomBytes(random, 8);
    }
    auto frame = sealer->Seal(FrameKind::kData, DataBlocks(*keys, contents));
    ASSERT_TRUE(frame.ok()) << frame.status();
    auto opened = OpenFrame(*keys, *frame);
    ASSERT_TRUE(opened.ok()) << opened.status();
    for (size_t i = 0; i < contents.size(); ++i) EXPECT_EQ(opened->block(i), contents[i]);
  }
}

TEST(FrameTest, OpenPartTellsAServerIdsSizesAndChildren) {
  const auto keys = FixedKeys();
  const std::string node = TwoChildNode();
  auto frame = Sealer(*keys)->Seal(FrameKind::kManifest, {ManifestBlock(*keys, node)});
  ASSERT_TRUE(frame.ok()) << frame.status();
  auto header = ParseFrameHeader(*frame);
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->kind, FrameKind::kManifest);
  EXPECT_EQ(header->generation, 1u);
  EXPECT_EQ(header->plaintext_bytes, node.size() + 4);
  ASSERT_EQ(header->blocks.size(), 1u);
  EXPECT_EQ(header->blocks[0].id, keys->IdOfManifest(node));
  EXPECT_EQ(header->blocks[0].children,
            (std::vector<BlockId>{CountingId<BlockId>(3), CountingId<BlockId>(9)}));
  EXPECT_TRUE(OpenFrame(*keys, *frame).ok());
}

TEST(FrameTest, WhatDoesNotShrinkIsStoredAsItIs) {
  std::mt19937_64 random(7);
  const auto keys = FixedKeys();
  for (const size_t size : {1, 5, 100, 5000, 70'000}) {
    auto header = ParseFrameHeader(SealData(*keys, {RandomBytes(random, size)}, 3));
    ASSERT_TRUE(header.ok());
    EXPECT_EQ(header->compression, Compression::kNone);
    EXPECT_EQ(header->stored_bytes, size + 4);
  }
}

TEST(FrameTest, EveryBitFlipIsRefused) {
  const auto keys = FixedKeys();
  const std::string node = TwoChildNode();
  const std::string manifest_frame =
      *Sealer(*keys)->Seal(FrameKind::kManifest, {ManifestBlock(*keys, node)});
  for (const std::string& frame : {SealData(*keys, {"hello", "world"}), manifest_frame,
                                   SealData(*keys, {std::string(400, 'z')}, 3)}) {
    for (size_t bit = 0; bit < frame.size() * 8; ++bit) {
      const std::string flipped = WithBitFlipped(frame, bit);
      EXPECT_FALSE(ParseFrameHeader(flipped).ok()) << "bit " << bit;
      EXPECT_FALSE(OpenFrame(*keys, flipped).ok()) << "bit " << bit;
    }
  }
}

TEST(FrameTest, EveryBitFlipWithAForgedChecksumIsRefused) {
  const auto keys = FixedKeys();
  const std::string node = TwoChildNode();
  const std::string manifest_frame =
      *Sealer(*keys)->Seal(FrameKind::kManifest, {ManifestBlock(*keys, node)});
  for (const std::string& frame : {SealData(*keys, {"hello", "world"}), manifest_frame,
                                   SealData(*keys, {std::string(400, 'z')}, 3)}) {
    for (size_t bit = 0; bit < (frame.size() - 8) * 8; ++bit) {
      EXPECT_FALSE(OpenFrame(*keys, WithChecksum(WithBitFlipped(frame, bit))).ok())
          << "bit " << bit;
    }
  }
}

TEST(FrameTest, EveryTruncationAndExtensionIsRefused) {
  const auto keys = FixedKeys();
  const std::string frame = SealData(*keys, {"hello", "world"});
  for (size_t size = 0; size < frame.size(); ++size) {
    const std::string cut = frame.substr(0, size);
    EXPECT_TRUE(IsDamage(OpenFrame(*keys, cut).status())) << size;
    if (size < 8) continue;
    EXPECT_FALSE(OpenFrame(*keys, WithChecksum(cut)).ok()) << size;
  }
  EXPECT_TRUE(IsDamage(OpenFrame(*keys, frame + '\0').status()));
  EXPECT_TRUE(IsDamage(OpenFrame(*keys, WithChecksum(frame + '\0')).status()));
}

TEST(FrameTest, RandomDamageWithAForgedChecksumNeverOpens) {
  const uint64_t seed = 31337;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const auto keys = FixedKeys();
  const std::string node = TwoChildNode();
  const std::string frames[] = {
      SealData(*keys, {"hello", std::string(400, 'z')}, 3),
      *Sealer(*keys)->Seal(FrameKind::kManifest, {ManifestBlock(*keys, node)})};
  for (int round = 0; round < 20'000; ++round) {
    const std::string& frame = frames[round % 2];
    std::string damaged = frame;
    for (uint64_t changes = 1 + random() % 8; changes > 0; --changes) {
      damaged[random() % (damaged.size() - 8)] = static_cast<char>(random());
    }
    if (random() % 8 == 0) damaged.resize(8 + random() % damaged.size());
    damaged = WithChecksum(std::move(damaged));
    EXPECT_EQ(OpenFrame(*keys, damaged).ok(), damaged == frame);
  }
}

TEST(FrameTest, HostileCountsAndLengthsAreRefusedBeforeAnyAllocation) {
  const auto keys = FixedKeys();
  const std::string node = TwoChildNode();
  const std::string manifest_frame =
      *Sealer(*keys)->Seal(FrameKind::kManifest, {ManifestBlock(*keys, node)});
  const std::string data_frame = SealData(*keys, {"hello"});
  for (const uint32_t value : {0u, 2u, 4096u, 4097u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
    for (const size_t offset :
         {size_t{8}, kPlaintextBytesOffset, kStoredBytesOffset, kBlockCountOffset}) {
      EXPECT_TRUE(
          IsDamage(ParseFrameHeader(WithChecksum(WithU32(data_frame, offset, value))).status()))
          << offset << " " << value;
    }
    if (value == 2) continue;  // The true number of children.
    const size_t children_offset = kBlockListOffset + BlockId::kSize;
    EXPECT_TRUE(IsDamage(
        ParseFrameHeader(WithChecksum(WithU32(manifest_frame, children_offset, value))).status()))
        << value;
  }
}

TEST(FrameTest, NewerVersionsSuitesAndKindsAreNamedAsSuch) {
  const auto keys = FixedKeys();
  const std::string frame = SealData(*keys, {"hello"});
  for (const size_t offset : {size_t{4}, size_t{5}}) {
    std::string newer = frame;
    newer[offset] = 2;
    EXPECT_EQ(GetReason(OpenFrame(*keys, WithChecksum(newer)).status()), Reason::kVersion);
  }
  std::string other = frame;
  other[kKindOffset] = 4;
  EXPECT_TRUE(IsDamage(OpenFrame(*keys, WithChecksum(other)).status()));
}

TEST(FrameTest, OtherKeysAndOtherNamespacesDoNotOpenIt) {
  const auto keys = FixedKeys();
  const std::string frame = SealData(*keys, {"hello"});
  EXPECT_TRUE(IsDamage(OpenFrame(*FixedKeys(1), frame).status()));
  auto elsewhere = NamespaceKeys::Create(CountingId<NamespaceId>(0x41), CountingBytes(64, 0));
  EXPECT_TRUE(IsDamage(OpenFrame(**elsewhere, frame).status()));
}

TEST(FrameTest, AGenerationThatIsNotThereAsksForTheKeys) {
  const auto keys = FixedKeys();
  const auto newer = *keys->Rotate(CountingBytes(32, 0x80));
  const std::string frame = SealData(*newer, {"hello"});
  EXPECT_TRUE(OpenFrame(*newer, frame).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenFrame(*keys, frame).status()));
  // And the newer keys still open what the older ones sealed.
  EXPECT_TRUE(OpenFrame(*newer, SealData(*keys, {"hello"})).ok());
  EXPECT_EQ(static_cast<uint8_t>(frame[kGenerationOffset]), 2);
}

TEST(FrameTest, ABlockUnderAForeignIdIsNotReleased) {
  const auto keys = FixedKeys();
  const PlainBlock poisoned = {.id = keys->IdOf("something else"), .bytes = "poison"};
  auto frame = Sealer(*keys)->Seal(FrameKind::kData, {poisoned});
  ASSERT_TRUE(frame.ok());
  EXPECT_TRUE(ParseFrameHeader(*frame).ok());
  EXPECT_TRUE(IsDamage(OpenFrame(*keys, *frame).status()));
}

TEST(FrameTest, ADataBlockCannotPassForAManifest) {
  const auto keys = FixedKeys();
  const std::string node = TwoChildNode();
  auto frame = Sealer(*keys)->Seal(FrameKind::kManifest, {{.id = keys->IdOf(node), .bytes = node}});
  ASSERT_TRUE(frame.ok());
  EXPECT_TRUE(IsDamage(OpenFrame(*keys, *frame).status()));
}

// A member of the namespace, who has the keys, seals any plaintext under any header.
std::string ForgeFrame(const NamespaceKeys& keys, std::string frame, size_t header_bytes,
                       absl::string_view stored) {
  const auto salt = CountingId<FrameSalt>(0xa0);
  const auto key = *keys.DeriveObjectKey(KeyPurpose::kFrame, 1, salt.bytes());
  frame.resize(header_bytes);
  frame = WithU32(std::move(frame), 8, static_cast<uint32_t>(header_bytes + stored.size() + 24));
  frame = WithU32(std::move(frame), kStoredBytesOffset, static_cast<uint32_t>(stored.size()));
  const std::string associated = frame + std::string(keys.id().bytes());
  frame += std::string(stored) + std::string(kernels::kGcmTagBytes, '\0');
  const std::string nonce(12, '\0');
  EXPECT_TRUE(kernels::GcmSeal({.key = key.key.bytes(), .nonce = nonce, .associated = associated},
                               absl::MakeSpan(frame).subspan(header_bytes))
                  .ok());
  return WithChecksum(frame + std::string(8, '\0'));
}

TEST(FrameTest, ADecompressionBombIsRefused) {
  const auto keys = FixedKeys();
  const std::string content(100'000, 'z');
  const std::string frame = SealData(*keys, {content}, 3);
  const size_t header_bytes = ParseFrameHeader(frame)->header_bytes;
  const std::string bomb = **kernels::Compress(std::string(30 << 20, '\0'), 3);
  EXPECT_LT(bomb.size(), 10'000u);
  // Declared small: the zstd frame's own size disagrees.
  EXPECT_TRUE(IsDamage(OpenFrame(*keys, ForgeFrame(*keys, frame, header_bytes, bomb)).status()));
  // Declared as it is: over the limit.
  const std::string honest = WithU32(frame, kPlaintextBytesOffset, 30 << 20);
  EXPECT_TRUE(IsDamage(OpenFrame(*keys, ForgeFrame(*keys, honest, header_bytes, bomb)).status()));
  // The forger itself is not what fails.
  std::string plaintext = WithU32(std::string(4, '\0'), 0, 100'000) + content;
  EXPECT_TRUE(
      OpenFrame(*keys, ForgeFrame(*keys, frame, header_bytes, **kernels::Compress(plaintext, 3)))
          .ok());
}

TEST(FrameTest, ForgedBlockLengthsAreRefused) {
  const auto keys = FixedKeys();
  const std::string frame = SealData(*keys, {"hello", "world"});
  const size_t header_bytes = ParseFrameHeader(frame)->header_bytes;
  const auto forged = [&](uint32_t first, uint32_t second) {
    std::string plaintext(8, '\0');
    plaintext = WithU32(WithU32(plaintext, 0, first), 4, second) + "helloworld";
    return OpenFrame(*keys, ForgeFrame(*keys, frame, header_bytes, plaintext)).status();
  };
  EXPECT_TRUE(forged(5, 5).ok());
  EXPECT_TRUE(IsDamage(forged(5, 4)));
  EXPECT_TRUE(IsDamage(forged(5, 6)));
  EXPECT_TRUE(IsDamage(forged(6, 4)));
  EXPECT_TRUE(IsDamage(forged(0, 10)));
  EXPECT_TRUE(IsDamage(forged(10, 0)));
  EXPECT_TRUE(IsDamage(forged(0xffffffff, 11)));
  EXPECT_TRUE(IsDamage(forged(5, 0xffffffff)));
}

TEST(FrameTest, AnEmptyBlockIsRefused) {
  const auto keys = FixedKeys();
  std::string frame = SealData(*keys, {"hello", "world"});
  const BlockId empty = keys->IdOf("");
  std::copy_n(empty.bytes().begin(), 32, frame.begin() + kBlockListOffset);
  const size_t header_bytes = ParseFrameHeader(WithChecksum(frame))->header_bytes;
  const std::string plaintext = WithU32(std::string(8, '\0'), 4, 5) + "world";
  frame = WithU32(std::move(frame), kPlaintextBytesOffset, 13);
  const auto opened = OpenFrame(*keys, ForgeFrame(*keys, frame, header_bytes, plaintext));
  EXPECT_EQ(opened.status().message(), "frame: a block length is out of bounds");
}

TEST(FrameTest, AForeignCommitmentIsRefusedEvenUnderAValidTag) {
  const auto keys = FixedKeys();
  std::string frame = SealData(*keys, {"hello"});
  const size_t header_bytes = ParseFrameHeader(frame)->header_bytes;
  const std::string plaintext = WithU32(std::string(4, '\0'), 0, 5) + "hello";
  EXPECT_TRUE(OpenFrame(*keys, ForgeFrame(*keys, frame, header_bytes, plaintext)).ok());
  frame[kCommitmentOffset] ^= 1;
  EXPECT_TRUE(
      IsDamage(OpenFrame(*keys, ForgeFrame(*keys, frame, header_bytes, plaintext)).status()));
}

TEST(FrameTest, ForgedChildrenOfAManifestAreRefused) {
  const auto keys = FixedKeys();
  const std::string node = TwoChildNode();
  const std::string frame =
      *Sealer(*keys, 0)->Seal(FrameKind::kManifest, {ManifestBlock(*keys, node)});
  const size_t header_bytes = ParseFrameHeader(frame)->header_bytes;
  const std::string plaintext =
      WithU32(std::string(4, '\0'), 0, static_cast<uint32_t>(node.size())) + node;
  EXPECT_TRUE(OpenFrame(*keys, ForgeFrame(*keys, frame, header_bytes, plaintext)).ok());
  std::string hidden = frame;
  hidden[header_bytes - 1] ^= 1;  // The last byte of the last child.
  const std::string forged = ForgeFrame(*keys, hidden, header_bytes, plaintext);
  EXPECT_TRUE(ParseFrameHeader(forged).ok());
  EXPECT_TRUE(IsDamage(OpenFrame(*keys, forged).status()));
}

TEST(FrameTest, SealRefusesWhatNoFrameCanHold) {
  const auto keys = FixedKeys();
  const auto sealer = Sealer(*keys);
  const auto refused = [&](const std::vector<PlainBlock>& blocks) {
    return absl::IsInvalidArgument(sealer->Seal(FrameKind::kData, blocks).status());
  };
  const std::string big(limits::kBlockBytesMax + 1, 'x');
  const PlainBlock hello = {.id = keys->IdOf("hello"), .bytes = "hello"};
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({{.id = keys->IdOf(""), .bytes = ""}}));
  EXPECT_TRUE(refused({{.id = BlockId(), .bytes = big}}));
  EXPECT_TRUE(refused({hello, hello}));
  EXPECT_TRUE(refused(std::vector<PlainBlock>(limits::kFrameBlocksMax + 1, hello)));
  EXPECT_TRUE(absl::IsInvalidArgument(sealer->Seal(FrameKind::kDelta, {hello}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(sealer->Seal(FrameKind::kManifest, {hello}).status()));
  EXPECT_FALSE(FrameSealer::Create(*keys, FrameSalt(), {.compression_level = 20}).ok());
  // None of the refusals used a counter value.
  EXPECT_EQ(ParseFrameHeader(*sealer->Seal(FrameKind::kData, {hello}))->counter, 0u);
}

TEST(FrameTest, ALargestBlockFits) {
  const auto keys = FixedKeys();
  const std::string big(limits::kBlockBytesMax, 'x');
  const std::string frame = SealData(*keys, {big}, 0);
  auto opened = OpenFrame(*keys, frame);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->block(0), big);
}

TEST(FrameTest, CountersOfASealerNeverRepeat) {
  const auto keys = FixedKeys();
  const auto sealer = Sealer(*keys, 0);
  const std::vector<std::string> contents = {"hello"};
  const auto blocks = DataBlocks(*keys, contents);
  std::set<uint64_t> counters;
  std::set<std::string> ciphertexts;
  for (uint32_t i = 0; i < limits::kSegmentFramesMax; ++i) {
    const std::string frame = *sealer->Seal(FrameKind::kData, blocks);
    const auto header = *ParseFrameHeader(frame);
    counters.insert(header.counter);
    ciphertexts.insert(frame.substr(header.header_bytes));
  }
  EXPECT_EQ(counters.size(), limits::kSegmentFramesMax);
  EXPECT_EQ(ciphertexts.size(), limits::kSegmentFramesMax);
  EXPECT_TRUE(absl::IsResourceExhausted(sealer->Seal(FrameKind::kData, blocks).status()));
}

TEST(FrameTest, RepeatedChildrenOrUnsortedOnesAreRefused) {
  const auto keys = FixedKeys();
  const std::string node = TwoChildNode();
  const std::string frame =
      *Sealer(*keys)->Seal(FrameKind::kManifest, {ManifestBlock(*keys, node)});
  std::string swapped = frame;
  const size_t first = kBlockListOffset + BlockId::kSize + 4;
  std::swap_ranges(swapped.begin() + first, swapped.begin() + first + 32,
                   swapped.begin() + first + 32);
  EXPECT_TRUE(IsDamage(ParseFrameHeader(WithChecksum(swapped)).status()));
  std::string repeated = frame;
  std::copy_n(repeated.begin() + first, 32, repeated.begin() + first + 32);
  EXPECT_TRUE(IsDamage(ParseFrameHeader(WithChecksum(repeated)).status()));
}

TEST(FrameTest, TheSameBlockTwiceIsRefused) {
  const auto keys = FixedKeys();
  std::string frame = SealData(*keys, {"hello", "world"});
  std::copy_n(frame.begin() + kBlockListOffset, 32, frame.begin() + kBlockListOffset + 32);
  EXPECT_TRUE(IsDamage(ParseFrameHeader(WithChecksum(frame)).status()));
}

TEST(FrameTest, CompressionMustShrink) {
  const auto keys = FixedKeys();
  std::string frame = SealData(*keys, {"hello"});
  frame[kCompressionOffset] = 1;
  EXPECT_TRUE(IsDamage(ParseFrameHeader(WithChecksum(frame)).status()));
}

}  // namespace
}  // namespace syncengine
