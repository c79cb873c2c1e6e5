#include "syncengine/format/manifest.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "src/kernels/seal.h"
#include "syncengine/base/limits.h"
#include "tests/format/format_fixture.h"

namespace syncengine {
namespace {

using testing::CountingId;
using testing::FixedKeys;
using testing::IsDamage;
using testing::WithBitFlipped;
using testing::WithU32;

const EnvelopeSalt kSalt = CountingId<EnvelopeSalt>(0x20);
constexpr size_t kCountOffset = 2;

Manifest ThreeEntries() {
  return {.height = 0,
          .entries = {{CountingId<BlockId>(9), 100},
                      {CountingId<BlockId>(3), 1},
                      {CountingId<BlockId>(9), 100}}};
}

Manifest ManyEntries(size_t count) {
  Manifest manifest;
  for (size_t i = 0; i < count; ++i) {
    BlockId id;
    id.mutable_data()[0] = static_cast<uint8_t>(i);
    id.mutable_data()[1] = static_cast<uint8_t>(i >> 8);
    manifest.entries.push_back({id, 1 + i});
  }
  return manifest;
}

TEST(ManifestTest, NodesRoundTrip) {
  for (const Manifest& manifest :
       {ThreeEntries(), ManyEntries(1), ManyEntries(limits::kManifestEntriesMax),
        Manifest{.height = 6, .entries = {{CountingId<BlockId>(1), (uint64_t{1} << 63) - 1}}}}) {
    auto bytes = EncodeManifestNode(manifest);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_EQ(DecodeManifestNode(*bytes).value(), manifest);
  }
}

TEST(ManifestTest, RulesAreKeptOnWrite) {
  const BlockId id = CountingId<BlockId>(1);
  const uint64_t half = uint64_t{1} << 62;
  for (const Manifest& manifest :
       std::vector<Manifest>{{.height = 0, .entries = {}},
                             {.height = 7, .entries = {{id, 1}}},
                             {.height = 0, .entries = {{id, 0}}},
                             {.height = 0, .entries = {{id, limits::kBlockBytesMax + 1}}},
                             {.height = 1, .entries = {{id, half}, {id, half}}},
                             {.height = 1, .entries = {{id, ~uint64_t{0}}, {id, 2}}},
                             ManyEntries(limits::kManifestEntriesMax + 1)}) {
    EXPECT_TRUE(absl::IsInvalidArgument(EncodeManifestNode(manifest).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(ManifestLength(manifest).status()));
  }
  EXPECT_EQ(ManifestLength(ThreeEntries()).value(), 201u);
}

TEST(ManifestTest, HostileNodesAreRefused) {
  const std::string bytes = *EncodeManifestNode(ThreeEntries());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(IsDamage(DecodeManifestNode(bytes.substr(0, size)).status())) << size;
  }
  EXPECT_TRUE(IsDamage(DecodeManifestNode(bytes + "x").status()));
  for (const uint32_t count : {0u, 2u, 4u, 4097u, 0x06666666u, 0xffffffffu}) {
    EXPECT_TRUE(IsDamage(DecodeManifestNode(WithU32(bytes, kCountOffset, count)).status()));
  }
  EXPECT_TRUE(IsDamage(DecodeManifestNode(WithU32(bytes, 6 + 32, 0)).status()));
  EXPECT_TRUE(IsDamage(DecodeManifestNode(WithU32(bytes, 6 + 36, 0x80000000)).status()));
  std::string newer = bytes;
  newer[0] = 2;
  EXPECT_EQ(GetReason(DecodeManifestNode(newer).status()), Reason::kVersion);
  newer[0] = 0;
  EXPECT_TRUE(IsDamage(DecodeManifestNode(newer).status()));
}

TEST(ManifestTest, AChildFitsItsParentsEntry) {
  const std::string child = *EncodeManifestNode(ThreeEntries());
  const BlockId id = CountingId<BlockId>(1);
  EXPECT_EQ(DecodeManifestChild(child, 1, {id, 201}).value(), ThreeEntries());
  EXPECT_TRUE(IsDamage(DecodeManifestChild(child, 1, {id, 200}).status()));
  EXPECT_TRUE(IsDamage(DecodeManifestChild(child, 2, {id, 201}).status()));
  EXPECT_TRUE(IsDamage(DecodeManifestChild(child, 0, {id, 201}).status()));
}

TEST(ManifestTest, ContentRefRoundTrips) {
  const auto keys = FixedKeys();
  for (const Manifest& root :
       {ThreeEntries(), ManyEntries(limits::kManifestRootEntriesMax), Manifest()}) {
    auto content = MakeContentRef(*keys, root, kSalt);
    ASSERT_TRUE(content.ok()) << content.status();
    EXPECT_TRUE(std::is_sorted(content->blocks.begin(), content->blocks.end()));
    EXPECT_LE(content->manifest.size(), limits::kSealedManifestBytesMax);
    EXPECT_EQ(OpenContentRef(*keys, *content).value(), root);
  }
  EXPECT_TRUE(absl::IsInvalidArgument(
      MakeContentRef(*keys, ManyEntries(limits::kManifestRootEntriesMax + 1), kSalt).status()));
}

TEST(ManifestTest, OpenPartsThatDisagreeWithTheSealAreRefused) {
  const auto keys = FixedKeys();
  const ContentRef content = *MakeContentRef(*keys, ThreeEntries(), kSalt);
  ContentRef changed = content;
  changed.size += 1;
  EXPECT_TRUE(IsDamage(OpenContentRef(*keys, changed).status()));
  changed = content;
  changed.blocks.pop_back();
  EXPECT_TRUE(IsDamage(OpenContentRef(*keys, changed).status()));
  changed = content;
  std::swap(changed.blocks[0], changed.blocks[1]);
  EXPECT_TRUE(IsDamage(OpenContentRef(*keys, changed).status()));
  changed = content;
  changed.blocks.push_back(CountingId<BlockId>(77));
  EXPECT_TRUE(IsDamage(OpenContentRef(*keys, changed).status()));
  changed = ContentRef{.size = content.size};
  EXPECT_TRUE(IsDamage(OpenContentRef(*keys, changed).status()));
}

TEST(ManifestTest, EveryBitFlipAndTruncationOfARootIsRefused) {
  const auto keys = FixedKeys();
  const ContentRef content = *MakeContentRef(*keys, ThreeEntries(), kSalt);
  for (size_t bit = 0; bit < content.manifest.size() * 8; ++bit) {
    EXPECT_FALSE(OpenManifest(*keys, WithBitFlipped(content.manifest, bit), content.blocks).ok())
        << bit;
  }
  for (size_t size = 0; size < content.manifest.size(); ++size) {
    EXPECT_TRUE(
        IsDamage(OpenManifest(*keys, content.manifest.substr(0, size), content.blocks).status()));
  }
  EXPECT_TRUE(IsDamage(OpenManifest(*keys, content.manifest + "x", content.blocks).status()));
  EXPECT_TRUE(IsDamage(OpenManifest(*FixedKeys(1), content.manifest, content.blocks).status()));
}

TEST(ManifestTest, AForeignCommitmentIsRefusedEvenUnderAValidTag) {
  const auto keys = FixedKeys();
  const ContentRef content = *MakeContentRef(*keys, ThreeEntries(), kSalt);
  const std::string node = *EncodeManifestNode(ThreeEntries());
  const auto key = *keys->DeriveObjectKey(KeyPurpose::kManifest, 1, kSalt.bytes());
  const auto resealed = [&](std::string header) {
    const std::string associated = header + std::string(keys->id().bytes());
    const std::string nonce(12, '\0');
    std::string sealed = header + node + std::string(kernels::kGcmTagBytes, '\0');
    EXPECT_TRUE(kernels::GcmSeal({.key = key.key.bytes(), .nonce = nonce, .associated = associated},
                                 absl::MakeSpan(sealed).subspan(header.size()))
                    .ok());
    return sealed;
  };
  std::string header = content.manifest.substr(0, 58);
  EXPECT_EQ(resealed(header), content.manifest);
  header[26] ^= 1;
  EXPECT_TRUE(IsDamage(OpenManifest(*keys, resealed(header), content.blocks).status()));
}

TEST(ManifestTest, RootsOutliveRotation) {
  const auto keys = FixedKeys();
  const auto rotated = *keys->Rotate(testing::CountingBytes(32, 0x80));
  const ContentRef old_content = *MakeContentRef(*keys, ThreeEntries(), kSalt);
  const ContentRef new_content = *MakeContentRef(*rotated, ThreeEntries(), kSalt);
  EXPECT_EQ(OpenContentRef(*rotated, old_content).value(), ThreeEntries());
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenContentRef(*keys, new_content).status()));
}

}  // namespace
}  // namespace syncengine
