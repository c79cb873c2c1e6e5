// New content that replaces old is stored as what differs from it, and comes back.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "syncengine/format/manifest.h"
#include "syncengine/format/segment.h"
#include "tests/transfer/transfer_fixture.h"

namespace syncengine::testing {
namespace {

class DeltaTest : public TransferTest {
 protected:
  // Commits `bytes` as the next state of one file; what was sent for it.
  UploadStats Put(const std::string& bytes, UploaderOptions options = {}) {
    ListPlan plan;
    UploadItem& item = plan.AddFile("file", bytes, node_);
    item.change.base = head_;
    if (old_.size > 0) {
      item.replaced = [old = old_]() -> absl::StatusOr<ContentRef> { return old; };
    }
    options.verify_sealed = true;
    const auto stats = Upload(plan, options);
    EXPECT_TRUE(stats.ok()) << stats.status();
    EXPECT_TRUE(plan.IsCommitted("file")) << plan.results["file"].status;
    EXPECT_EQ(probe_->violations(), std::vector<std::string>());
    head_ = plan.results["file"].outcome.revision;
    old_ = plan.results["file"].content;
    return stats.value_or(UploadStats());
  }
  std::string Get(const ContentRef& content) {
    MemoryTarget target;
    target.Add("file", content);
    Downloader downloader(opened_, *executor_);
    const auto stats = downloader.Download(target);
    EXPECT_TRUE(stats.ok()) << stats.status();
    EXPECT_TRUE(target.statuses["file"].ok()) << target.statuses["file"];
    return target.contents["file"];
  }
  // A file of one block.
  ContentRef MakeContent(const PlainBlock& block) {
    const Manifest root{.height = 0, .entries = {{block.id, block.bytes.size()}}};
    return *MakeContentRef(*opened_.keys, root, entropy_.NewId<EnvelopeSalt>());
  }
  // A byte changed every `step` bytes.
  static std::string Scratch(std::string bytes, size_t begin, size_t step) {
    for (size_t i = begin; i < bytes.size(); i += step) bytes[i] = static_cast<char>(bytes[i] ^ 1);
    return bytes;
  }

  const NodeId node_ = entropy_.NewId<NodeId>();
  RevisionId head_;
  ContentRef old_;
};
INSTANTIATE_TEST_SUITE_P(Executors, DeltaTest,
                         ::testing::Values(ExecutorKind::kThreads, ExecutorKind::kManual),
                         ExecutorName);

TEST_P(DeltaTest, ScatteredEditsOfNoiseCostLittleAndComeBack) {
  Create();
  const std::string first = MakeBytes(1, 3'000'000);
  Put(first);
  const ContentRef old = old_;
  // Every block is new, and none is kept.
  const std::string second = Scratch(first, 100, 1500);
  const UploadStats stats = Put(second);
  EXPECT_GT(stats.blocks_new, 500u);
  EXPECT_LT(stats.stored_bytes, first.size() / 20);
  EXPECT_TRUE(Get(old_) == second);
  EXPECT_TRUE(Get(old) == first);
}

TEST_P(DeltaTest, InsertsAndDeletionsFindWhatTheyReplace) {
  Create();
  std::string bytes = MakeBytes(2, 6'000'000);
  Put(bytes);
  for (const size_t place : {5'500'000, 4'000'000, 1'000'000, 10}) {
    bytes.insert(place, MakeBytes(place, 300));
  }
  bytes.erase(2'000'000, 50'000);
  const UploadStats stats = Put(bytes);
  EXPECT_LT(stats.stored_bytes, 70'000u);
  EXPECT_TRUE(Get(old_) == bytes);
}

TEST_P(DeltaTest, ManyRevisionsDoNotMakeAnEndlessChain) {
  Create();
  std::vector<std::string> revisions = {MakeBytes(3, 200'000)};
  std::vector<ContentRef> contents;
  Put(revisions.back());
  contents.push_back(old_);
  int plain = 0;
  for (size_t i = 1; i <= 20; ++i) {
    revisions.push_back(Scratch(revisions.back(), 37 * i, 2000));
    const UploadStats stats = Put(revisions.back());
    contents.push_back(old_);
    plain += stats.stored_bytes > 150'000 ? 1 : 0;
  }
  // Now and then a revision is stored whole.
  EXPECT_GE(plain, 2);
  EXPECT_LE(plain, 4);
  for (size_t i = 0; i < revisions.size(); ++i) EXPECT_TRUE(Get(contents[i]) == revisions[i]) << i;
}

TEST_P(DeltaTest, WhatResemblesNothingIsSentPlain) {
  Create();
  Put(MakeBytes(4, 500'000));
  const std::string other = MakeBytes(5, 500'000);
  const UploadStats stats = Put(other);
  EXPECT_GT(stats.stored_bytes, 500'000u);
  EXPECT_LT(stats.stored_bytes, 520'000u);
  EXPECT_TRUE(Get(old_) == other);
}

TEST_P(DeltaTest, ManySmallFilesShareFrames) {
  Create();
  ListPlan plan;
  for (int i = 0; i < 200; ++i) {
    plan.AddFile(absl::StrCat("f", i), MakeBytes(i, 3000 + i), NewNode());
  }
  SE_ASSERT_OK(Upload(plan));
  ListPlan next;
  std::map<std::string, std::string> contents;
  for (const auto& [label, result] : plan.results) {
    const int i = std::stoi(label.substr(1));
    contents[label] = Scratch(MakeBytes(i, 3000 + i), 5, 1000);
    UploadItem& item = next.AddFile(absl::StrCat(label, ".new"), contents[label], NewNode());
    item.replaced = [old = result.content]() -> absl::StatusOr<ContentRef> { return old; };
  }
  const auto stats = Upload(next);
  SE_ASSERT_OK(stats);
  EXPECT_LT(stats->stored_bytes, 200 * 200u);
  MemoryTarget target;
  SE_ASSERT_OK(Download(next, target));
  for (const auto& [label, bytes] : contents) EXPECT_TRUE(target.contents[label + ".new"] == bytes);
}

TEST_P(DeltaTest, OldContentThatIsLostIsNotNeeded) {
  Create();
  const std::string first = MakeBytes(6, 400'000);
  Put(first);
  for (const BlockId& id : service_.AllBlocks()) service_.Lose(id);
  const std::string second = Scratch(first, 10, 1500);
  EXPECT_GT(Put(second).stored_bytes, 400'000u);
  EXPECT_TRUE(Get(old_) == second);
}

TEST_P(DeltaTest, ABaseThatIsLostMeanwhileMakesTheFileBeSentWhole) {
  Create();
  const std::string first = MakeBytes(7, 40'000);
  Put(first);
  const std::vector<BlockId> bases = service_.AllBlocks();
  bool lost = false;
  probe_->fail_before = [&](size_t, ProbeService::Call call) {
    if (call == ProbeService::Call::kPut && !std::exchange(lost, true)) {
      for (const BlockId& base : bases) service_.Lose(base);
    }
    return absl::OkStatus();
  };
  const std::string second = Scratch(first, 10, 1500);
  Put(second);
  EXPECT_TRUE(lost);
  EXPECT_TRUE(Get(old_) == second);
}

TEST_P(DeltaTest, DeltasThatNeedEachOtherAreRefused) {
  Create();
  const std::string left = MakeBytes(20, 3000);
  const std::string right = Scratch(left, 7, 500);
  const NamespaceKeys& keys = *opened_.keys;
  const PlainBlock a{keys.IdOf(left), left};
  const PlainBlock b{keys.IdOf(right), right};
  const auto upload = service_.BeginUpload(opened_.record.id, {.op = entropy_.NewId<OpId>()});
  SE_ASSERT_OK(upload);
  const auto put = [&](const std::string& frame) {
    SegmentBuilder builder(keys.id(), entropy_.NewId<SegmentId>());
    SE_ASSERT_OK(builder.Add(frame));
    SE_ASSERT_OK(service_.PutSegment(keys.id(), *upload, std::move(builder).Finish()));
  };
  for (const uint32_t depth : {0u, 5u}) {
    const auto sealer = *FrameSealer::Create(keys, entropy_.NewId<FrameSalt>(), {});
    put(*sealer->Seal(FrameKind::kData, {a}));
    put(**sealer->SealDelta({b}, {.blocks = {&a, 1}, .depth = 0}));
    EXPECT_EQ(Get(MakeContent(b)), right);
    // This server lets the later frame take the place of the earlier one.
    put(**sealer->SealDelta({a}, {.blocks = {&b, 1}, .depth = depth}));
    for (const PlainBlock& block : {a, b}) {
      MemoryTarget target;
      target.Add("file", MakeContent(block));
      Downloader downloader(opened_, *executor_);
      SE_ASSERT_OK(downloader.Download(target));
      EXPECT_EQ(GetReason(target.statuses["file"]), Reason::kIntegrity) << target.statuses["file"];
    }
  }
}

TEST_P(DeltaTest, WithoutDeltasNothingIsFetched) {
  Create();
  const std::string first = MakeBytes(8, 100'000);
  Put(first);
  const UploadStats stats = Put(Scratch(first, 10, 1500), {.deltas = false});
  EXPECT_EQ(stats.fetched_bytes, 0u);
  EXPECT_GT(stats.stored_bytes, 100'000u);
}

}  // namespace
}  // namespace syncengine::testing
