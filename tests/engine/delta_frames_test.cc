// Delta frames in segments: their bases are there, are counted, and are never given up before them.
#include "src/engine/delta_frames.h"

#include <gtest/gtest.h>

#include "src/engine/keys.h"
#include "syncengine/engine/check.h"
#include "syncengine/engine/collector.h"
#include "syncengine/engine/forget.h"
#include "tests/engine/engine_fixture.h"
#include "tests/engine/short_sighted_store.h"

namespace syncengine::testing {
namespace {

std::string OldBlock(char c) {
  std::string block;
  for (int i = 0; i < 400; ++i) block += std::string(1, c) + std::to_string(i * i * 7919);
  return block;
}
std::string NewBlock(char c) { return OldBlock(c).replace(100, 3, "new"); }

class DeltaFramesTest : public EngineFixture<MemoryStores> {
 protected:
  // A segment with one delta frame: NewBlock of each character against OldBlock of each.
  std::string Delta(absl::string_view names, uint32_t depth = 0) {
    std::vector<std::string> old_blocks;
    std::vector<std::string> new_blocks;
    for (const char name : names) {
      old_blocks.push_back(OldBlock(name));
      new_blocks.push_back(NewBlock(name));
    }
    return Segment(new_blocks, old_blocks, depth);
  }
  std::string Segment(const std::vector<std::string>& blocks, const std::vector<std::string>& bases,
                      uint32_t depth) {
    auto sealer = FrameSealer::Create(client_.keys(), entropy_.NewId<FrameSalt>(), {}).value();
    const std::vector<PlainBlock> base_blocks = Blocks(bases);
    const auto frame = sealer->SealDelta(Blocks(blocks), {base_blocks, depth}).value();
    EXPECT_TRUE(frame.has_value());
    SegmentBuilder builder(ns(), entropy_.NewId<SegmentId>());
    EXPECT_TRUE(builder.Add(frame.value_or("")).ok());
    return std::move(builder).Finish();
  }
  std::vector<PlainBlock> Blocks(const std::vector<std::string>& contents) {
    std::vector<PlainBlock> blocks;
    for (const std::string& content : contents) {
      blocks.push_back({.id = client_.keys().IdOf(content), .bytes = content});
    }
    return blocks;
  }
  BlockId IdOf(const std::string& content) { return client_.keys().IdOf(content); }
  engine::BlockRow Row(const BlockId& id) {
    std::optional<engine::BlockRow> row;
    const auto view = [&](MetadataReader& rows) -> absl::Status {
      row = engine::ReadRow<engine::BlockRow>(rows, engine::BlockKey(id)).value();
      return absl::OkStatus();
    };
    EXPECT_TRUE(stores_.metadata().View(engine::NamespacePartition(ns()), view).ok());
    return row.value_or(engine::BlockRow());
  }
  uint64_t Problems() {
    const auto report = CheckRepository(stores_.metadata(), stores_.objects(), {.read_data = true});
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? report->problems_total : 1;
  }
};

TEST_F(DeltaFramesTest, ABaseIsCountedOnceForEachFrame) {
  Caller caller = this->caller();
  EXPECT_TRUE(caller.Put(client_.File({OldBlock('a'), OldBlock('b')}).segment).stored);
  EXPECT_EQ(Row(IdOf(OldBlock('a'))).refs, 0u);
  const std::string delta = Delta("ab");
  EXPECT_EQ(caller.Put(delta).blocks_new, 2u);
  EXPECT_EQ(caller.Put(delta).blocks_new, 2u);  // Repeated: the same answer, one effect.
  EXPECT_EQ(Row(IdOf(OldBlock('a'))).refs, 1u);
  EXPECT_EQ(Row(IdOf(NewBlock('a'))).kind, FrameKind::kDelta);
  EXPECT_EQ(Row(IdOf(NewBlock('a'))).depth, 1u);
  // Its blocks are known already: nothing is stored there, and nothing counted.
  EXPECT_EQ(caller.Put(Delta("a")).blocks_new, 0u);
  EXPECT_EQ(Row(IdOf(OldBlock('a'))).refs, 1u);
  EXPECT_EQ(Problems(), 0u);
}

TEST_F(DeltaFramesTest, WithoutItsBasesASegmentIsNotStored) {
  Caller caller = this->caller();
  EXPECT_TRUE(caller.Put(client_.File({OldBlock('a')}).segment).stored);
  const PutSegmentResult refused = caller.Put(Delta("ab"));
  EXPECT_FALSE(refused.stored);
  EXPECT_EQ(refused.missing, std::vector<BlockId>{IdOf(OldBlock('b'))});
  EXPECT_EQ(Row(IdOf(OldBlock('a'))).refs, 0u);
}

TEST_F(DeltaFramesTest, ABaseMustBeLessDeepThanItsFrame) {
  Caller caller = this->caller();
  EXPECT_TRUE(caller.Put(client_.File({OldBlock('a')}).segment).stored);
  EXPECT_TRUE(caller.Put(Delta("a")).stored);
  const std::string third = NewBlock('a') + "more";
  const PutSegmentResult refused = caller.Put(Segment({third}, {NewBlock('a')}, 0));
  EXPECT_FALSE(refused.stored);
  EXPECT_EQ(refused.missing, std::vector<BlockId>{IdOf(NewBlock('a'))});
  EXPECT_TRUE(caller.Put(Segment({third}, {NewBlock('a')}, 1)).stored);
  EXPECT_EQ(Row(IdOf(third)).depth, 2u);
  EXPECT_EQ(Problems(), 0u);
}

TEST_F(DeltaFramesTest, ASegmentCannotBringTheBasesItNeeds) {
  auto sealer = FrameSealer::Create(client_.keys(), entropy_.NewId<FrameSalt>(), {}).value();
  SegmentBuilder builder(ns(), entropy_.NewId<SegmentId>());
  const std::string old_block = OldBlock('a');
  const std::string new_block = NewBlock('a');
  const std::vector<PlainBlock> bases = {{.id = IdOf(old_block), .bytes = old_block}};
  const std::vector<PlainBlock> blocks = {{.id = IdOf(new_block), .bytes = new_block}};
  EXPECT_TRUE(builder.Add(sealer->Seal(FrameKind::kData, bases).value()).ok());
  EXPECT_TRUE(builder.Add(sealer->SealDelta(blocks, {bases, 0}).value().value()).ok());
  const auto result = session_->PutSegment(ns(), {}, std::move(builder).Finish());
  EXPECT_TRUE(absl::IsInvalidArgument(result.status())) << result.status();
}

TEST_F(DeltaFramesTest, TheLastBlockOfAFrameTakesItsReferencesAlong) {
  Caller caller = this->caller();
  EXPECT_TRUE(caller.Put(client_.File({OldBlock('a'), OldBlock('b')}).segment).stored);
  EXPECT_TRUE(caller.Put(Delta("ab")).stored);
  const auto drop = [&](char name) {
    const auto update = [&](MetadataWriter& rows) -> absl::Status {
      engine::BlockTable blocks(rows, 0);
      const BlockId id = IdOf(NewBlock(name));
      SYNCENGINE_RETURN_IF_ERROR(blocks.Load({&id, 1}));
      SYNCENGINE_RETURN_IF_ERROR(engine::DropFromDelta(rows, blocks, *blocks.row(id)));
      SYNCENGINE_RETURN_IF_ERROR(blocks.Write(rows));
      return rows.Delete(engine::BlockKey(id));
    };
    EXPECT_TRUE(stores_.metadata().Update(engine::NamespacePartition(ns()), update).ok());
  };
  drop('a');
  EXPECT_EQ(Row(IdOf(OldBlock('a'))).refs, 1u);
  EXPECT_EQ(Row(IdOf(OldBlock('b'))).refs, 1u);
  drop('b');
  EXPECT_EQ(Row(IdOf(OldBlock('a'))).refs, 0u);
  EXPECT_EQ(Row(IdOf(OldBlock('b'))).refs, 0u);
}

TEST_F(DeltaFramesTest, CollectionKeepsABaseForAsLongAsItsDeltaIsUsed) {
  Caller caller = this->caller();
  EXPECT_TRUE(caller.Put(client_.File({OldBlock('a')}).segment).stored);
  EXPECT_TRUE(caller.Put(Delta("a")).stored);
  // No revision names the base.
  const Revision head = caller.Create(caller.NewFile("f", client_.File({NewBlock('a')})));
  const auto collect = [&] {
    for (int i = 0; i < 8; ++i) {
      clock_.Advance(absl::Hours(2));
      const auto report =
          CollectGarbage(ports(), {.grace = absl::ZeroDuration(), .trash = absl::ZeroDuration()});
      EXPECT_TRUE(report.ok()) << report.status();
      EXPECT_EQ(Problems(), 0u);
    }
  };
  const auto present = [&](const std::string& block) {
    const BlockId id = IdOf(block);
    return session_->MissingBlocks(ns(), {}, {&id, 1})->empty();
  };
  collect();
  EXPECT_TRUE(present(OldBlock('a')));
  EXPECT_TRUE(present(NewBlock('a')));
  EXPECT_TRUE(caller.Commit({Caller::Deletion(head)}).committed);
  EXPECT_TRUE(ForgetRevisions(ports(), ns(), {.keep_newest = 1}).ok());
  collect();
  EXPECT_FALSE(present(NewBlock('a')));
  EXPECT_FALSE(present(OldBlock('a')));
}

TEST_F(DeltaFramesTest, ASearchThatMissedADeltaRemovesNothing) {
  Caller caller = this->caller();
  EXPECT_TRUE(caller.Put(client_.File({OldBlock('a'), OldBlock('b')}).segment).stored);
  EXPECT_TRUE(caller.Put(Delta("a")).stored);
  caller.Create(caller.NewFile("f", client_.File({NewBlock('a')})));
  ShortSightedStore metadata(stores_.metadata(), 'F');
  const EnginePorts base = ports();
  const EnginePorts short_sighted{.objects = base.objects,
                                  .metadata = metadata,
                                  .notifier = base.notifier,
                                  .clock = base.clock,
                                  .entropy = base.entropy,
                                  .executor = base.executor};
  clock_.Advance(absl::Hours(2));
  const CollectorOptions options{.grace = absl::ZeroDuration(), .trash = absl::ZeroDuration()};
  const auto report = CollectGarbage(short_sighted, options);
  EXPECT_EQ(GetReason(report.status()), Reason::kIntegrity) << report.status();
  EXPECT_EQ(Row(IdOf(OldBlock('b'))).state, engine::BlockState::kPresent);
}

TEST_F(DeltaFramesTest, TheCheckFindsWrongCountsAndLostRows) {
  Caller caller = this->caller();
  EXPECT_TRUE(caller.Put(client_.File({OldBlock('a')}).segment).stored);
  EXPECT_TRUE(caller.Put(Delta("a")).stored);
  EXPECT_EQ(Problems(), 0u);
  const engine::BlockRow row = Row(IdOf(NewBlock('a')));
  const std::string key = engine::DeltaKey(row.segment, row.offset);
  const auto put = [&](const engine::DeltaRow& delta) {
    return stores_.metadata().Update(engine::NamespacePartition(ns()), [&](MetadataWriter& rows) {
      return rows.Put(key, engine::EncodeRow(delta));
    });
  };
  EXPECT_TRUE(put({.blocks = 2, .bases = {IdOf(OldBlock('a'))}}).ok());
  EXPECT_GT(Problems(), 0u);
  EXPECT_TRUE(put({.blocks = 1, .bases = {}}).ok());
  EXPECT_GT(Problems(), 0u);
  EXPECT_TRUE(put({.blocks = 1, .bases = {IdOf(NewBlock('a'))}}).ok());
  EXPECT_GT(Problems(), 0u);
  EXPECT_TRUE(put({.blocks = 1, .bases = {IdOf(OldBlock('a'))}}).ok());
  EXPECT_EQ(Problems(), 0u);
}

}  // namespace
}  // namespace syncengine::testing
