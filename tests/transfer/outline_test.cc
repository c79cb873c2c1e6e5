// What is remembered of a content saves questions and is never trusted.
#include "src/transfer/outline.h"

#include <gtest/gtest.h>

#include "src/transfer/outlines.h"
#include "syncengine/base/limits.h"
#include "syncengine/stores/memory_metadata_store.h"
#include "tests/transfer/transfer_fixture.h"

namespace syncengine::testing {
namespace {

BlockId SomeId(uint64_t seed) { return SeededEntropy(seed).NewId<BlockId>(); }

TEST(OutlineTest, KnowsBlocksAndNodesAfterDecoding) {
  Outline outline;
  for (uint64_t i = 0; i < 100; ++i) outline.Add({SomeId(i), 1000 + i});
  outline.AddNode(SomeId(200));
  const Outline back = Outline::Decode(outline.Encode());
  ASSERT_EQ(back.blocks().size(), 100u);
  for (uint64_t i = 0; i < 100; ++i) {
    EXPECT_TRUE(back.Has(SomeId(i)));
    EXPECT_EQ(back.blocks()[i].length, 1000 + i);
  }
  EXPECT_TRUE(back.Has(SomeId(200)));
  EXPECT_FALSE(back.Has(SomeId(201)));
  EXPECT_EQ(back.Encode(), outline.Encode());
}

TEST(OutlineTest, DamagedBytesKnowNothing) {
  Outline outline;
  for (uint64_t i = 0; i < 10; ++i) outline.Add({SomeId(i), 7});
  outline.AddNode(SomeId(200));
  const std::string bytes = outline.Encode();
  for (size_t size = 0; size < bytes.size(); ++size) {
    if (size > 5 + 120) continue;
    const Outline cut = Outline::Decode(absl::string_view(bytes).substr(0, size));
    EXPECT_TRUE(cut.empty() || size == 5 + 120) << size;
  }
  EXPECT_TRUE(Outline::Decode("\x02" + bytes.substr(1)).empty());
  EXPECT_TRUE(Outline::Decode(bytes + "x").empty());
  EXPECT_TRUE(Outline::Decode(std::string("\1\xff\xff\xff\xff", 5)).empty());
}

TEST(OutlineTest, AnOutlineOfTooManyBlocksIsEmpty) {
  Outline outline;
  const ContentEntry block{SomeId(1), 7};
  for (size_t i = 0; i < Outline::kBlocksMax; ++i) outline.Add(block);
  EXPECT_EQ(outline.blocks().size(), Outline::kBlocksMax);
  outline.AddNode(SomeId(2));
  outline.Add(block);
  outline.Add(block);
  outline.AddNode(SomeId(2));
  EXPECT_TRUE(outline.empty());
  EXPECT_EQ(outline.Encode(), Outline().Encode());
}

TEST(OutlineTest, StoreRemembersWhatFitsIntoNoRow) {
  MemoryMetadataStore store;
  const NamespaceId id = SeededEntropy(1).NewId<NamespaceId>();
  const NodeId node = SeededEntropy(2).NewId<NodeId>();
  const NodeId other = SeededEntropy(3).NewId<NodeId>();
  Outlines outlines(&store, id);
  std::string large(3 * limits::kMetadataValueMax + 17, 'a');
  for (size_t i = 0; i < large.size(); i += 1000) large[i] = static_cast<char>(i >> 10);
  outlines.Remember(other, "other");
  outlines.Remember(node, large);
  SE_ASSERT_OK(outlines.Flush());
  EXPECT_TRUE(outlines.Find(node) == large);
  outlines.Remember(node, "small");
  SE_ASSERT_OK(outlines.Flush());
  EXPECT_EQ(outlines.Find(node), "small");
  EXPECT_EQ(outlines.Find(other), "other");
}

TEST(OutlineTest, StoreRemembersUntilItForgets) {
  MemoryMetadataStore store;
  const NamespaceId id = SeededEntropy(1).NewId<NamespaceId>();
  const NodeId node = SeededEntropy(2).NewId<NodeId>();
  Outlines outlines(&store, id);
  EXPECT_EQ(outlines.Find(node), "");
  outlines.Remember(node, "outline");
  SE_ASSERT_OK(outlines.Flush());
  EXPECT_EQ(Outlines(&store, id).Find(node), "outline");
  outlines.Remember(node, "");
  SE_ASSERT_OK(outlines.Flush());
  EXPECT_EQ(outlines.Find(node), "");
  Outlines nowhere(nullptr, id);
  nowhere.Remember(node, "outline");
  SE_ASSERT_OK(nowhere.Flush());
  EXPECT_EQ(nowhere.Find(node), "");
}

class OutlineUploadTest : public TransferTest {
 protected:
  // Commits `bytes` as the next state of one file.
  void Put(const std::string& bytes) {
    ListPlan plan;
    UploadItem& item = plan.AddFile("file", bytes, node_);
    item.change.base = head_;
    item.outline = [outline = outline_] { return outline; };
    SE_ASSERT_OK(Upload(plan));
    ASSERT_TRUE(plan.IsCommitted("file")) << plan.results["file"].status;
    head_ = plan.results["file"].outcome.revision;
    outline_ = plan.results["file"].outline;
    MemoryTarget target;
    SE_ASSERT_OK(Download(plan, target));
    EXPECT_TRUE(target.contents["file"] == bytes);
  }

  const NodeId node_ = entropy_.NewId<NodeId>();
  RevisionId head_;
  std::string outline_;
};
INSTANTIATE_TEST_SUITE_P(Executors, OutlineUploadTest,
                         ::testing::Values(ExecutorKind::kThreads, ExecutorKind::kManual),
                         ExecutorName);

TEST_P(OutlineUploadTest, WhatIsRememberedIsNotAskedFor) {
  Create();
  std::string bytes = MakeBytes(1, 3'000'000);
  Put(bytes);
  ASSERT_GT(Outline::Decode(outline_).blocks().size(), 100u);
  const size_t before = probe_->asked();
  EXPECT_GT(before, 100u);
  bytes.insert(1000, "x");
  Put(bytes);
  EXPECT_LE(probe_->asked() - before, 4u) << "only the blocks around the edit";
  EXPECT_EQ(probe_->violations(), std::vector<std::string>());
  // Nothing is new but nodes.
  uint64_t boundary = 0;
  const Outline whole = Outline::Decode(outline_);
  for (size_t i = 0; i < 100; ++i) boundary += whole.blocks()[i].length;
  const size_t edited = probe_->asked();
  Put(bytes.substr(0, boundary));
  EXPECT_EQ(probe_->asked(), edited);
  Put(bytes.substr(0, 5000));
  EXPECT_EQ(outline_, "") << "not worth it";
}

TEST_P(OutlineUploadTest, WhatIsRememberedWronglyIsSentAgain) {
  Create();
  std::string bytes = MakeBytes(1, 3'000'000);
  Put(bytes);
  for (const BlockId& id : service_.AllBlocks()) service_.Lose(id);
  bytes.insert(1'500'000, "x");
  Put(bytes);
  // A content of another, whose blocks this namespace never had.
  Outline foreign;
  foreign.Add({SomeId(1), 1000});
  outline_ = foreign.Encode();
  Put(MakeBytes(2, 1'000'000));
}

}  // namespace
}  // namespace syncengine::testing
