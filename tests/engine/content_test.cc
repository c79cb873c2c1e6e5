// Segments in, frames out.
#include <gtest/gtest.h>

#include <set>

#include "syncengine/base/limits.h"
#include "tests/engine/engine_fixture.h"

namespace syncengine::testing {
namespace {

template <typename Stores>
using ContentTest = EngineFixture<Stores>;
TYPED_TEST_SUITE(ContentTest, AllStores);

TYPED_TEST(ContentTest, BlocksOfASegmentAreNoLongerMissingAndComeBackAsFrames) {
  Caller caller = this->caller();
  const SealedFile file = this->client_.File({"one", "two"});
  SE_ASSERT_OK_AND_ASSIGN(const auto before,
                          this->session_->MissingBlocks(this->ns(), {}, file.blocks));
  EXPECT_EQ(before, file.blocks);
  const PutSegmentResult stored = caller.Put(file.segment);
  EXPECT_TRUE(stored.stored);
  EXPECT_EQ(stored.blocks_new, 2u);
  SE_ASSERT_OK_AND_ASSIGN(const auto after,
                          this->session_->MissingBlocks(this->ns(), {}, file.blocks));
  EXPECT_TRUE(after.empty());
  SE_ASSERT_OK_AND_ASSIGN(const FramesReply reply,
                          this->session_->GetFrames(this->ns(), file.blocks));
  ASSERT_EQ(reply.frames.size(), 1u);
  EXPECT_EQ(reply.answered, 2u);
  SE_ASSERT_OK_AND_ASSIGN(const OpenedFrame frame,
                          OpenFrame(this->client_.keys(), reply.frames[0]));
  EXPECT_EQ(frame.size(), 2u);
}

TYPED_TEST(ContentTest, ARepeatedSegmentHasOneEffectAndTheSameAnswer) {
  Caller caller = this->caller();
  const SealedFile file = this->client_.File({"one"});
  EXPECT_EQ(caller.Put(file.segment).blocks_new, 1u);
  EXPECT_EQ(caller.Put(file.segment).blocks_new, 1u);
  SE_ASSERT_OK_AND_ASSIGN(const Usage usage, this->session_->GetUsage(this->ns()));
  EXPECT_EQ(usage.segments, 1u);
  EXPECT_EQ(usage.stored_bytes, file.segment.size());
}

TYPED_TEST(ContentTest, ManifestsWithoutTheirChildrenAreNotStored) {
  Caller caller = this->caller();
  const SealedFile file = this->client_.TallFile({"left", "right"});
  const std::string alone =
      this->client_.Segment(FrameKind::kManifest, {this->client_.node_plaintext()});
  const PutSegmentResult refused = caller.Put(alone);
  EXPECT_FALSE(refused.stored);
  EXPECT_EQ(std::set<BlockId>(refused.missing.begin(), refused.missing.end()),
            std::set<BlockId>(file.blocks.begin(), file.blocks.end()));
  SE_ASSERT_OK_AND_ASSIGN(const ObjectPage objects, this->stores_.objects().List("", "", 10));
  EXPECT_TRUE(objects.entries.empty());
  EXPECT_TRUE(caller.Put(this->client_.File({"left", "right"}).segment).stored);
  EXPECT_TRUE(caller.Put(alone).stored);
  EXPECT_TRUE(caller.Commit({caller.NewFile("f", file)}).committed);
}

TYPED_TEST(ContentTest, DamagedForeignAndReusedSegmentsAreRefused) {
  Caller caller = this->caller();
  const SealedFile file = this->client_.File({"one"});
  std::string damaged = file.segment;
  damaged[damaged.size() / 2] ^= 1;
  SE_EXPECT_CODE(this->session_->PutSegment(this->ns(), {}, damaged), kInvalidArgument);
  SE_EXPECT_CODE(this->session_->PutSegment(this->ns(), {}, file.segment.substr(0, 99)),
                 kInvalidArgument);
  Client other(this->entropy_, "other");
  SE_EXPECT_CODE(this->session_->PutSegment(this->ns(), {}, other.File({"x"}).segment),
                 kInvalidArgument);
  SE_ASSERT_OK_AND_ASSIGN(const ObjectPage objects, this->stores_.objects().List("", "", 10));
  EXPECT_TRUE(objects.entries.empty());
  // Other bytes under the id of a stored segment.
  caller.Put(file.segment);
  const SegmentId taken = ParseSegment(file.segment)->segment_id;
  SegmentBuilder builder(this->ns(), taken);
  const std::string other_bytes = this->client_.Segment(FrameKind::kData, {"other"});
  const Segment parsed = *ParseSegment(other_bytes);
  SE_ASSERT_OK(builder.Add(
      absl::string_view(other_bytes).substr(parsed.frames[0].offset, parsed.frames[0].length)));
  SE_EXPECT_CODE(this->session_->PutSegment(this->ns(), {}, std::move(builder).Finish()),
                 kAlreadyExists);
}

TYPED_TEST(ContentTest, FramesComeOnceEachInOrderOfNeedUntilTheReplyIsFull) {
  Caller caller = this->caller();
  // Sixty frames of 300 KiB that do not compress, spread over three segments.
  std::vector<BlockId> ids;
  for (int segment = 0; segment < 3; ++segment) {
    std::vector<std::pair<FrameKind, std::vector<std::string>>> groups;
    for (int frame = 0; frame < 20; ++frame) {
      std::string block(300 << 10, '\0');
      this->entropy_.Fill(absl::MakeSpan(reinterpret_cast<uint8_t*>(block.data()), block.size()));
      ids.push_back(this->client_.keys().IdOf(block));
      groups.push_back({FrameKind::kData, {std::move(block)}});
    }
    ASSERT_TRUE(caller.Put(this->client_.Segment(groups)).stored);
  }
  std::reverse(ids.begin(), ids.end());
  ids.insert(ids.begin() + 1, ids[0]);
  size_t done = 0;
  while (done < ids.size()) {
    SE_ASSERT_OK_AND_ASSIGN(
        const FramesReply reply,
        this->session_->GetFrames(this->ns(), absl::MakeConstSpan(ids).subspan(done)));
    ASSERT_GT(reply.answered, 0u);
    size_t bytes = 0;
    std::vector<BlockId> found;
    for (const std::string& frame : reply.frames) {
      bytes += frame.size();
      found.push_back(OpenFrame(this->client_.keys(), frame)->id(0));
    }
    EXPECT_LE(bytes, limits::kFramesReplyBytesTarget);
    std::vector<BlockId> expected(ids.begin() + done, ids.begin() + done + reply.answered);
    expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
    EXPECT_EQ(found, expected);
    done += reply.answered;
  }
}

TYPED_TEST(ContentTest, AnUnknownBlockIsNamed) {
  const BlockId unknown = this->entropy_.template NewId<BlockId>();
  const auto reply = this->session_->GetFrames(this->ns(), {unknown});
  SE_EXPECT_CODE(reply, kNotFound);
  EXPECT_NE(reply.status().message().find(unknown.ToHex()), absl::string_view::npos);
}

TYPED_TEST(ContentTest, AnAnnouncedUploadIsPendingUntilCommittedOrAborted) {
  Caller caller = this->caller();
  const NodeId kept = caller.NewNode();
  const NodeId dropped = caller.NewNode();
  const UploadRequest request{.op = caller.NewOp(),
                              .announcements = {{.node = kept, .name = "kept", .size = 5},
                                                {.node = dropped, .name = "no"}}};
  SE_ASSERT_OK_AND_ASSIGN(const UploadId upload, this->session_->BeginUpload(this->ns(), request));
  SE_ASSERT_OK_AND_ASSIGN(const UploadId again, this->session_->BeginUpload(this->ns(), request));
  EXPECT_EQ(upload, again);
  ASSERT_TRUE(caller.Commit({Caller::EmptyFile(kept, kRootNode, "kept")}, upload).committed);
  SE_ASSERT_OK(this->session_->AbortUpload(this->ns(), upload));
  SE_ASSERT_OK(this->session_->AbortUpload(this->ns(), upload));
  const auto journal = caller.Journal();
  ASSERT_EQ(journal.size(), 4u);
  EXPECT_EQ(journal[0].entry.kind, JournalKind::kUploading);
  EXPECT_EQ(journal[0].path, "/kept");
  EXPECT_EQ(journal[1].path, "/no");
  EXPECT_EQ(journal[2].entry.kind, JournalKind::kCommitted);
  EXPECT_EQ(journal[3].entry.kind, JournalKind::kAborted);
  EXPECT_EQ(journal[3].entry.node, dropped);
}

}  // namespace
}  // namespace syncengine::testing
