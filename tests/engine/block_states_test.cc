// What collection does to a block between two requests, and what the requests make of it.
#include <gtest/gtest.h>

#include <functional>

#include "src/engine/keys.h"
#include "src/engine/rows.h"
#include "tests/engine/engine_fixture.h"

namespace syncengine::testing {
namespace {

using engine::BlockRow;
using engine::BlockState;

// Runs something after an object was stored and before its caller hears of it.
class HookedObjectStore final : public ObjectStore {
 public:
  explicit HookedObjectStore(ObjectStore& base) : base_(base) {}

  Properties properties() const override { return base_.properties(); }
  absl::Status Put(absl::string_view name, absl::string_view bytes) override {
    const absl::Status status = base_.Put(name, bytes);
    if (after_put) after_put();
    return status;
  }
  absl::StatusOr<std::string> Get(absl::string_view name, uint64_t offset,
                                  uint64_t length) override {
    return base_.Get(name, offset, length);
  }
  absl::StatusOr<ObjectEntry> Stat(absl::string_view name) override { return base_.Stat(name); }
  absl::Status Delete(absl::string_view name) override { return base_.Delete(name); }
  absl::StatusOr<ObjectPage> List(absl::string_view prefix, absl::string_view after,
                                  int limit) override {
    return base_.List(prefix, after, limit);
  }
  absl::Status SetTier(absl::string_view name, Tier tier) override {
    return base_.SetTier(name, tier);
  }
  absl::Status Restore(absl::string_view name) override { return base_.Restore(name); }

  std::function<void()> after_put;

 private:
  ObjectStore& base_;
};

class BlockStatesTest : public EngineFixture<MemoryStores> {
 protected:
  std::optional<BlockRow> Row(const BlockId& id) {
    std::optional<BlockRow> row;
    EXPECT_TRUE(stores_.metadata()
                    .View(engine::NamespacePartition(ns()),
                          [&](MetadataReader& rows) -> absl::Status {
                            row = *engine::ReadRow<BlockRow>(rows, engine::BlockKey(id));
                            return absl::OkStatus();
                          })
                    .ok());
    return row;
  }
  void SetState(const BlockId& id, BlockState state) {
    BlockRow row = *Row(id);
    row.state = state;
    EXPECT_TRUE(stores_.metadata()
                    .Update(engine::NamespacePartition(ns()),
                            [&](MetadataWriter& rows) {
                              return rows.Put(engine::BlockKey(id), EncodeRow(row));
                            })
                    .ok());
  }
};

TEST_F(BlockStatesTest, ACommitRevivesACondemnedBlock) {
  const SealedFile file = client_.File({"one"});
  caller().Put(file.segment);
  SetState(file.blocks[0], BlockState::kCondemned);
  ASSERT_TRUE(caller().Commit({caller().NewFile("f", file)}).committed);
  EXPECT_EQ(Row(file.blocks[0])->state, BlockState::kPresent);
  EXPECT_EQ(Row(file.blocks[0])->refs, 1u);
}

TEST_F(BlockStatesTest, AskingForACondemnedBlockRevivesIt) {
  const SealedFile file = client_.File({"one"});
  caller().Put(file.segment);
  SetState(file.blocks[0], BlockState::kCondemned);
  EXPECT_TRUE(session_->MissingBlocks(ns(), {}, file.blocks)->empty());
  EXPECT_EQ(Row(file.blocks[0])->state, BlockState::kPresent);
}

TEST_F(BlockStatesTest, ADyingBlockIsMissingAndMayBeStoredAnewElsewhere) {
  const SealedFile file = client_.File({"one"});
  caller().Put(file.segment);
  SetState(file.blocks[0], BlockState::kDeleting);
  EXPECT_EQ(*session_->MissingBlocks(ns(), {}, file.blocks), file.blocks);
  SE_EXPECT_CODE(session_->GetFrames(ns(), file.blocks), kNotFound);
  EXPECT_EQ(caller().Verdict({caller().NewFile("f", file)}), ChangeVerdict::kMissingBlocks);
  const std::string again = client_.Segment(FrameKind::kData, {"one"});
  EXPECT_EQ(caller().Put(again).blocks_new, 1u);
  EXPECT_EQ(Row(file.blocks[0])->segment, ParseSegment(again)->segment_id);
  EXPECT_TRUE(caller().Commit({caller().NewFile("f", file)}).committed);
}

TEST_F(BlockStatesTest, TheFirstPlaceOfABlockStaysItsPlace) {
  const SealedFile file = client_.File({"one"});
  caller().Put(file.segment);
  EXPECT_EQ(caller().Put(client_.Segment(FrameKind::kData, {"one", "two"})).blocks_new, 1u);
  EXPECT_EQ(Row(file.blocks[0])->segment, ParseSegment(file.segment)->segment_id);
}

TEST_F(BlockStatesTest, EveryRevisionAndEveryManifestThatNamesABlockIsCounted) {
  const SealedFile flat = client_.File({"left", "right"});
  const SealedFile tall = client_.TallFile({"left", "right"});
  caller().Put(flat.segment);
  caller().Put(tall.segment);
  const Revision file = caller().Create(caller().NewFile("f", flat));
  ASSERT_TRUE(caller().Commit({Caller::Edit(file)}).committed);
  ASSERT_TRUE(caller().Commit({caller().NewFile("g", tall)}).committed);
  EXPECT_EQ(Row(flat.blocks[0])->refs, 3u);
  EXPECT_EQ(Row(tall.content.blocks[0])->refs, 1u);
}

TEST_F(BlockStatesTest, AChildThatDiesWhileItsManifestIsStoredLeavesTheManifestUnknown) {
  const SealedFile file = client_.TallFile({"left", "right"});
  caller().Put(client_.File({"left", "right"}).segment);
  HookedObjectStore hooked(stores_.objects());
  hooked.after_put = [&] { SetState(file.blocks[1], BlockState::kDeleting); };
  const EnginePorts base = ports();
  const auto engine = Engine::Open({.objects = hooked,
                                    .metadata = base.metadata,
                                    .notifier = base.notifier,
                                    .clock = base.clock,
                                    .entropy = base.entropy,
                                    .executor = base.executor})
                          .value();
  const std::string alone = client_.Segment(FrameKind::kManifest, {client_.node_plaintext()});
  SE_ASSERT_OK_AND_ASSIGN(const PutSegmentResult result,
                          engine->OwnerSession()->PutSegment(ns(), {}, alone));
  EXPECT_FALSE(result.stored);
  EXPECT_EQ(result.missing, std::vector<BlockId>{file.blocks[1]});
  EXPECT_FALSE(Row(file.content.blocks[0]).has_value());
  EXPECT_EQ(Row(file.blocks[0])->refs, 0u);
}

}  // namespace
}  // namespace syncengine::testing
