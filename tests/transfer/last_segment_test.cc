// What is left at the end of an upload goes in one segment, or by itself when that is refused.
#include "src/transfer/last_segment.h"

#include <gtest/gtest.h>

#include <atomic>

#include "absl/strings/str_cat.h"
#include "tests/transfer/transfer_fixture.h"

namespace syncengine::testing {
namespace {

class LastSegmentTest : public TransferTest {
 protected:
  // Commits `bytes` as the next state of one file, beside a file that is new; the segments sent.
  size_t Put(const std::string& bytes, const std::string& fresh) {
    const size_t before = probe_->puts();
    ListPlan plan;
    UploadItem& item = plan.AddFile("file", bytes, node_);
    item.change.base = head_;
    if (old_.size > 0) {
      item.replaced = [old = old_]() -> absl::StatusOr<ContentRef> { return old; };
    }
    plan.AddFile(absl::StrCat("fresh", before), fresh, NewNode());
    EXPECT_TRUE(Upload(plan, {.verify_sealed = true}).ok());
    EXPECT_TRUE(plan.IsCommitted("file")) << plan.results["file"].status;
    head_ = plan.results["file"].outcome.revision;
    old_ = plan.results["file"].content;
    MemoryTarget target;
    EXPECT_TRUE(Download(plan, target).ok());
    EXPECT_TRUE(target.contents["file"] == bytes);
    EXPECT_TRUE(target.contents[absl::StrCat("fresh", before)] == fresh);
    return probe_->puts() - before;
  }

  const NodeId node_ = entropy_.NewId<NodeId>();
  RevisionId head_;
  ContentRef old_;
};
INSTANTIATE_TEST_SUITE_P(Executors, LastSegmentTest,
                         ::testing::Values(ExecutorKind::kThreads, ExecutorKind::kManual),
                         ExecutorName);

TEST_P(LastSegmentTest, DeltasBlocksAndNodesOfASmallUploadAreOneSegment) {
  Create();
  std::string bytes = MakeBytes(1, 3'000'000);
  EXPECT_EQ(Put(bytes, MakeBytes(2, 5000)), 1u) << "blocks and nodes";
  bytes.insert(1'500'000, "x");
  const uint64_t sent = probe_->put_bytes();
  EXPECT_EQ(Put(bytes, MakeBytes(3, 5000)), 1u) << "a delta, a block and nodes";
  EXPECT_LT(probe_->put_bytes() - sent, 20'000u);
  EXPECT_EQ(probe_->violations(), std::vector<std::string>());
}

TEST_P(LastSegmentTest, EachGoesByItselfWhenTogetherIsRefused) {
  Create();
  std::string bytes = MakeBytes(1, 3'000'000);
  Put(bytes, MakeBytes(2, 5000));
  // Everything is lost between the questions and the segment.
  std::atomic<bool> lost = false;
  probe_->fail_before = [&](size_t, ProbeService::Call call) {
    if (call == ProbeService::Call::kPut && !lost.exchange(true)) {
      for (const BlockId& id : service_.AllBlocks()) service_.Lose(id);
    }
    return absl::OkStatus();
  };
  bytes.insert(1'500'000, "x");
  EXPECT_GT(Put(bytes, MakeBytes(3, 5000)), 3u);
  EXPECT_TRUE(lost);
}

}  // namespace
}  // namespace syncengine::testing
