#include "syncengine/format/node.h"

#include <gtest/gtest.h>

#include "syncengine/base/limits.h"
#include "tests/format/format_fixture.h"

namespace syncengine {
namespace {

using testing::CountingId;
using testing::IsDamage;

Revision FileRevision() {
  return {.id = CountingId<RevisionId>(1),
          .node = CountingId<NodeId>(2),
          .parent = CountingId<RevisionId>(3),
          .merged_from = CountingId<RevisionId>(4),
          .sequence = 0x1122334455667788,
          .device = CountingId<DeviceId>(5),
          .committed_at = absl::FromUnixMicros(1'700'000'000'123'456),
          .state = {.kind = NodeKind::kFile,
                    .parent = CountingId<NodeId>(6),
                    .name = "report.txt",
                    .attributes = {.mtime_ns = -5, .mode = 0644},
                    .content = {.size = 12,
                                .blocks = {CountingId<BlockId>(7), CountingId<BlockId>(8)},
                                .manifest = "sealed root"}}};
}

Revision SymlinkRevision() {
  Revision revision = FileRevision();
  revision.state.kind = NodeKind::kSymlink;
  revision.state.content = ContentRef();
  revision.state.attributes.symlink_target = "../elsewhere";
  return revision;
}

Revision SealedTombstone() {
  Revision revision = FileRevision();
  revision.state.kind = NodeKind::kDirectory;
  revision.state.deleted = true;
  revision.state.content = ContentRef();
  revision.state.attributes = {.sealed = "opaque"};
  return revision;
}

Revision AsideRevision() {
  Revision revision = FileRevision();
  revision.aside = true;
  return revision;
}

TEST(NodeTest, RevisionsRoundTrip) {
  for (const Revision& revision :
       {FileRevision(), SymlinkRevision(), SealedTombstone(), AsideRevision()}) {
    auto decoded = DecodeRevision(EncodeRevision(revision));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, revision);
  }
}

TEST(NodeTest, TruncatedAndExtendedRevisionsAreRefused) {
  const std::string bytes = EncodeRevision(FileRevision());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(IsDamage(DecodeRevision(bytes.substr(0, size)).status())) << size;
  }
  EXPECT_TRUE(IsDamage(DecodeRevision(bytes + "x").status()));
}

TEST(NodeTest, WhatDecodesEncodesToTheSameBytes) {
  const uint64_t seed = 4711;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const std::string bytes = EncodeRevision(FileRevision());
  int decoded_count = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string mutated = bytes;
    for (uint64_t flips = 1 + random() % 3; flips > 0; --flips) {
      mutated[random() % mutated.size()] = static_cast<char>(random());
    }
    auto decoded = DecodeRevision(mutated);
    if (!decoded.ok()) continue;
    ++decoded_count;
    ASSERT_EQ(EncodeRevision(*decoded), mutated);
  }
  EXPECT_GT(decoded_count, 1000);
}

TEST(NodeTest, ADeletionIsNeverKeptAside) {
  constexpr size_t kFlags = 98;
  std::string bytes = EncodeRevision(AsideRevision());
  ASSERT_EQ(bytes[kFlags], 2);
  for (const char flags : {3, 4}) {
    bytes[kFlags] = flags;
    EXPECT_TRUE(IsDamage(DecodeRevision(bytes).status()));
  }
}

TEST(NodeTest, ANewerVersionIsNamedAsSuch) {
  std::string bytes = EncodeRevision(FileRevision());
  bytes[0] = 2;
  EXPECT_EQ(GetReason(DecodeRevision(bytes).status()), Reason::kVersion);
}

TEST(NodeTest, StatesThatCannotBeStoredAreInvalid) {
  const auto invalid = [](auto change) {
    Revision revision = FileRevision();
    change(revision.state);
    EXPECT_TRUE(IsDamage(DecodeRevision(EncodeRevision(revision)).status()));
    return absl::IsInvalidArgument(ValidateNodeState(revision.state));
  };
  EXPECT_TRUE(ValidateNodeState(FileRevision().state).ok());
  EXPECT_TRUE(invalid([](NodeState& s) { s.kind = static_cast<NodeKind>(0); }));
  EXPECT_TRUE(invalid([](NodeState& s) { s.kind = static_cast<NodeKind>(4); }));
  EXPECT_TRUE(invalid([](NodeState& s) { s.kind = NodeKind::kDirectory; }));
  EXPECT_TRUE(invalid([](NodeState& s) { s.name = ""; }));
  EXPECT_TRUE(invalid([](NodeState& s) { s.name = "a/b"; }));
  EXPECT_TRUE(invalid([](NodeState& s) { s.attributes.mode = 010000; }));
  EXPECT_TRUE(invalid([](NodeState& s) { s.attributes.symlink_target = "x"; }));
  EXPECT_TRUE(invalid([](NodeState& s) { s.attributes.sealed = "x"; }));
  EXPECT_TRUE(invalid([](NodeState& s) {
    s.attributes = {.sealed = std::string(limits::kSealedAttributesMax + 1, 'x')};
  }));
  EXPECT_TRUE(invalid([](NodeState& s) { s.content.size = 0; }));
  EXPECT_TRUE(invalid([](NodeState& s) { s.content.manifest = ""; }));
  EXPECT_TRUE(invalid([](NodeState& s) { s.content.blocks.clear(); }));
  EXPECT_TRUE(invalid([](NodeState& s) { std::swap(s.content.blocks[0], s.content.blocks[1]); }));
  EXPECT_TRUE(invalid([](NodeState& s) { s.content.blocks[0] = s.content.blocks[1]; }));
  EXPECT_TRUE(invalid([](NodeState& s) {
    s.content.manifest = std::string(limits::kSealedManifestBytesMax + 1, 'x');
  }));
}

TEST(NodeTest, KindsHaveNames) {
  EXPECT_EQ(NodeKindName(NodeKind::kFile), "file");
  EXPECT_EQ(NodeKindName(NodeKind::kDirectory), "directory");
  EXPECT_EQ(NodeKindName(NodeKind::kSymlink), "symlink");
}

}  // namespace
}  // namespace syncengine
