// Collection, step by step: what goes and when, what stays, and what stops it.
#include "syncengine/engine/collector.h"

#include <gtest/gtest.h>

#include <functional>

#include "src/engine/keys.h"
#include "src/engine/rows.h"
#include "syncengine/engine/check.h"
#include "syncengine/engine/forget.h"
#include "syncengine/testing/fault_plan.h"
#include "syncengine/testing/faulty_metadata_store.h"
#include "syncengine/testing/faulty_object_store.h"
#include "tests/engine/engine_fixture.h"
#include "tests/engine/short_sighted_store.h"

namespace syncengine::testing {
namespace {

using engine::BlockRow;
using engine::BlockState;

CollectorOptions AtOnce() { return {.grace = absl::ZeroDuration(), .trash = absl::ZeroDuration()}; }

template <typename Stores>
class CollectorFixture : public EngineFixture<Stores> {
 protected:
  using Base = EngineFixture<Stores>;
  using Base::clock_;
  using Base::ns;
  using Base::ports;
  using Base::session_;
  using Base::stores_;

  absl::StatusOr<CollectionReport> TryCollect(const CollectorOptions& options = AtOnce()) {
    clock_.Advance(absl::Seconds(1));
    return CollectGarbage(ports(), options);
  }
  CollectionReport Collect(const CollectorOptions& options = AtOnce()) {
    auto report = TryCollect(options);
    EXPECT_TRUE(report.ok()) << report.status();
    ExpectSound();
    return report.value_or(CollectionReport());
  }
  void ExpectSound() {
    const auto report = CheckRepository(stores_.metadata(), stores_.objects(), {.read_data = true});
    ASSERT_TRUE(report.ok()) << report.status();
    for (const CheckProblem& problem : report->problems) {
      ADD_FAILURE() << problem.place << ": " << problem.what;
    }
  }
  template <typename Row>
  std::optional<Row> Row_(const std::string& key) {
    std::optional<Row> row;
    EXPECT_TRUE(stores_.metadata()
                    .View(engine::NamespacePartition(ns()),
                          [&](MetadataReader& rows) -> absl::Status {
                            row = *engine::ReadRow<Row>(rows, key);
                            return absl::OkStatus();
                          })
                    .ok());
    return row;
  }
  std::optional<BlockRow> Block(const BlockId& id) { return Row_<BlockRow>(engine::BlockKey(id)); }
  std::optional<BlockState> State(const BlockId& id) {
    const auto row = Block(id);
    return row.has_value() ? std::optional(row->state) : std::nullopt;
  }
  void PutRow(const std::string& key, const std::string& value) {
    EXPECT_TRUE(stores_.metadata()
                    .Update(engine::NamespacePartition(ns()),
                            [&](MetadataWriter& rows) { return rows.Put(key, value); })
                    .ok());
  }
  bool HasObject(const std::string& segment) {
    const auto stat =
        stores_.objects().Stat(engine::SegmentObject(ns(), ParseSegment(segment)->segment_id));
    return stat.ok();
  }
  // A committed file whose content was replaced by nothing, with the old revision forgotten.
  SealedFile Garbage(const std::vector<std::string>& blocks) {
    Caller caller = this->caller();
    const SealedFile file = this->client_.File(blocks);
    caller.Put(file.segment);
    const Revision head = caller.Create(caller.NewFile(absl::StrCat("f", blocks[0]), file));
    EXPECT_TRUE(caller.Commit({Caller::Deletion(head)}).committed);
    EXPECT_EQ(ForgetRevisions(ports(), ns(), {.node = head.node})->revisions, 1u);
    return file;
  }
};

template <typename Stores>
class CollectorStoresTest : public CollectorFixture<Stores> {};
TYPED_TEST_SUITE(CollectorStoresTest, AllStores);
class CollectorTest : public CollectorFixture<MemoryStores> {};

TYPED_TEST(CollectorStoresTest, GarbageGoesInThreeRunsAndWhatIsNamedStays) {
  Caller caller = this->caller();
  const SealedFile kept = this->client_.TallFile({"left", "right"});
  caller.Put(kept.segment);
  caller.Create(caller.NewFile("kept", kept));
  const SealedFile garbage = this->Garbage({"one", "two"});

  EXPECT_EQ(this->Collect().blocks_condemned, 2u);
  EXPECT_EQ(this->State(garbage.blocks[0]), BlockState::kCondemned);
  EXPECT_EQ(this->Collect().blocks_waiting, 2u);
  EXPECT_EQ(this->State(garbage.blocks[0]), BlockState::kCondemned);
  const CollectionReport last = this->Collect();
  EXPECT_EQ(last.blocks_deleted, 2u);
  EXPECT_EQ(last.segments_doomed, 1u);
  EXPECT_EQ(last.objects_deleted, 1u);
  EXPECT_EQ(last.bytes_freed, garbage.segment.size());
  EXPECT_FALSE(this->HasObject(garbage.segment));
  this->Collect();
  EXPECT_EQ(this->State(garbage.blocks[0]), std::nullopt);

  EXPECT_EQ(this->State(kept.blocks[0]), BlockState::kPresent);
  SE_EXPECT_OK(this->session_->GetFrames(this->ns(), kept.blocks));
  const auto usage = this->session_->GetUsage(this->ns());
  EXPECT_EQ(usage->blocks, 3u);
  EXPECT_EQ(usage->segments, 1u);
  EXPECT_EQ(usage->stored_bytes, kept.segment.size());
}

TEST_F(CollectorTest, NothingIsDeletedBeforeTheGraceHasPassedHoweverManyRunsThereWere) {
  const SealedFile garbage = Garbage({"one"});
  CollectorOptions options = AtOnce();
  options.grace = absl::Hours(24);
  for (int run = 0; run < 5; ++run) Collect(options);
  EXPECT_EQ(State(garbage.blocks[0]), BlockState::kCondemned);
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(Collect(options).blocks_deleted, 1u);
}

TEST_F(CollectorTest, TimeAloneIsNotEnoughTwoRunsMustBeComplete) {
  const SealedFile garbage = Garbage({"one"});
  Collect();
  clock_.Advance(absl::Hours(10'000));
  Collect();
  EXPECT_EQ(State(garbage.blocks[0]), BlockState::kCondemned);
}

TEST_F(CollectorTest, TheTrashKeepsObjectsOfDoomedSegments) {
  const SealedFile garbage = Garbage({"one"});
  CollectorOptions options = AtOnce();
  options.trash = absl::Hours(48);
  for (int run = 0; run < 4; ++run) Collect(options);
  EXPECT_TRUE(HasObject(garbage.segment));
  EXPECT_EQ(CheckRepository(stores_.metadata(), stores_.objects())->objects_in_trash, 1u);
  clock_.Advance(absl::Hours(48));
  EXPECT_EQ(Collect(options).objects_deleted, 1u);
  EXPECT_FALSE(HasObject(garbage.segment));
}

TEST_F(CollectorTest, AskingStoringAndCommittingReviveWhatIsCondemned) {
  const std::vector<std::function<void(const SealedFile&)>> touches = {
      [&](const SealedFile& file) {
        EXPECT_TRUE(session_->MissingBlocks(ns(), {}, file.blocks)->empty());
      },
      [&](const SealedFile& file) {
        // Another segment with the same block: it stays where it is.
        const std::string again = client_.Segment(FrameKind::kData, {"again"});
        EXPECT_EQ(caller().Put(again).blocks_new, 0u);
        EXPECT_EQ(State(file.blocks[0]), BlockState::kPresent);
      },
      [&](const SealedFile& file) {
        EXPECT_TRUE(caller().Commit({caller().NewFile("f", file)}).committed);
      }};
  const std::vector<std::string> contents = {"asked", "again", "committed"};
  for (size_t i = 0; i < touches.size(); ++i) {
    const SealedFile file = Garbage({contents[i]});
    Collect();
    ASSERT_EQ(State(file.blocks[0]), BlockState::kCondemned);
    touches[i](file);
    EXPECT_EQ(State(file.blocks[0]), BlockState::kPresent);
    Collect();
    Collect();
    EXPECT_NE(State(file.blocks[0]), std::nullopt) << contents[i];
    SE_EXPECT_OK(session_->GetFrames(ns(), file.blocks));
  }
}

TEST_F(CollectorTest, AManifestGoesBeforeItsChildren) {
  Caller caller = this->caller();
  const SealedFile file = client_.TallFile({"left", "right"});
  const BlockId manifest = file.content.blocks[0];
  caller.Put(file.segment);
  Collect();
  EXPECT_EQ(State(manifest), BlockState::kCondemned);
  EXPECT_EQ(State(file.blocks[0]), BlockState::kPresent);
  Collect();
  Collect();
  EXPECT_EQ(State(manifest), BlockState::kDeleting);
  EXPECT_EQ(Block(file.blocks[0])->refs, 0u);
  for (int run = 0; run < 4; ++run) Collect();
  EXPECT_EQ(State(file.blocks[0]), std::nullopt);
  EXPECT_EQ(State(manifest), std::nullopt);
  EXPECT_EQ(session_->GetUsage(ns())->blocks, 0u);
  EXPECT_EQ(session_->GetUsage(ns())->segments, 0u);
  EXPECT_FALSE(HasObject(file.segment));
}

TEST_F(CollectorTest, ASegmentStaysAsLongAsOneOfItsBlocksIsInUse) {
  Caller caller = this->caller();
  const SealedFile both = client_.File({"kept", "dropped"});
  caller.Put(both.segment);
  SealedFile half = client_.File({"kept"});
  caller.Create(caller.NewFile("half", half));
  for (int run = 0; run < 5; ++run) Collect();
  EXPECT_EQ(State(both.blocks[1]), BlockState::kDeleting);
  EXPECT_TRUE(HasObject(both.segment));
  SE_EXPECT_OK(session_->GetFrames(ns(), {both.blocks[0]}));
  // The dead block may be stored anew; the first segment does not count it any more.
  EXPECT_EQ(caller.Put(client_.Segment(FrameKind::kData, {"dropped"})).blocks_new, 1u);
  ExpectSound();
}

TEST_F(CollectorTest, AnOpenUploadHoldsWhatItMayStillCommit) {
  Caller caller = this->caller();
  SE_ASSERT_OK_AND_ASSIGN(const UploadId upload,
                          session_->BeginUpload(ns(), {.op = caller.NewOp()}));
  Collect();  // The session began in an epoch before the blocks were stored.
  const SealedFile file = client_.File({"on its way"});
  SE_ASSERT_OK(session_->PutSegment(ns(), upload, file.segment));
  for (int run = 0; run < 5; ++run) Collect();
  EXPECT_EQ(State(file.blocks[0]), BlockState::kPresent);
  SE_ASSERT_OK(session_->AbortUpload(ns(), upload));
  EXPECT_EQ(Collect().blocks_condemned, 1u);
}

TEST_F(CollectorTest, AnUploadThatCommittedEverythingHoldsNothing) {
  Caller caller = this->caller();
  SE_ASSERT_OK_AND_ASSIGN(const UploadId upload,
                          session_->BeginUpload(ns(), {.op = caller.NewOp()}));
  const SealedFile file = client_.File({"committed"});
  SE_ASSERT_OK(session_->PutSegment(ns(), upload, file.segment));
  ASSERT_TRUE(caller.Commit({caller.NewFile("f", file)}, upload).committed);
  const SealedFile garbage = Garbage({"other"});
  EXPECT_EQ(Collect().blocks_condemned, 1u);
}

TEST_F(CollectorTest, AnIdleUploadEndsAndItsClientIsTold) {
  Caller caller = this->caller();
  const NodeId node = caller.NewNode();
  SE_ASSERT_OK_AND_ASSIGN(
      const UploadId upload,
      session_->BeginUpload(
          ns(), {.op = caller.NewOp(), .announcements = {{.node = node, .name = "soon"}}}));
  const SealedFile file = client_.File({"on its way"});
  SE_ASSERT_OK(session_->PutSegment(ns(), upload, file.segment));
  // Asking keeps it alive.
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(absl::Minutes(50));
    SE_ASSERT_OK(session_->MissingBlocks(ns(), upload, file.blocks));
  }
  EXPECT_EQ(Collect().uploads_expired, 0u);
  clock_.Advance(absl::Minutes(61));
  EXPECT_EQ(Collect().uploads_expired, 1u);
  EXPECT_EQ(caller.Journal().back().entry.kind, JournalKind::kAborted);
  const std::string more = client_.Segment(FrameKind::kData, {"more"});
  SE_EXPECT_CODE(session_->PutSegment(ns(), upload, more), kFailedPrecondition);
  SE_EXPECT_CODE(session_->MissingBlocks(ns(), upload, file.blocks), kFailedPrecondition);
  // What it stored is not lost, and what it commits is judged by its blocks alone.
  Change change = caller.NewFile("soon", file);
  EXPECT_TRUE(caller.Commit({change}, upload).committed);
}

TEST_F(CollectorTest, ARequestOfAnIdleUploadEndsIt) {
  Caller caller = this->caller();
  SE_ASSERT_OK_AND_ASSIGN(
      const UploadId upload,
      session_->BeginUpload(ns(), {.op = caller.NewOp(),
                                   .announcements = {{.node = caller.NewNode(), .name = "soon"}}}));
  clock_.Advance(absl::Minutes(61));
  const SealedFile file = client_.File({"late"});
  SE_EXPECT_CODE(session_->PutSegment(ns(), upload, file.segment), kFailedPrecondition);
  EXPECT_FALSE(HasObject(file.segment));
  EXPECT_EQ(caller.Journal().back().entry.kind, JournalKind::kAborted);
}

TEST_F(CollectorTest, AnOrphanWaitsAsLongAsABlockAndItsIdIsNeverUsedAgain) {
  const std::string segment = client_.Segment(FrameKind::kData, {"orphan"});
  const std::string name = engine::SegmentObject(ns(), ParseSegment(segment)->segment_id);
  SE_ASSERT_OK(stores_.objects().Put(name, segment));
  EXPECT_EQ(Collect().orphans_waiting, 1u);
  EXPECT_EQ(Collect().orphans_waiting, 1u);
  EXPECT_TRUE(HasObject(segment));
  const CollectionReport last = Collect();
  EXPECT_EQ(last.orphans_doomed, 1u);
  EXPECT_EQ(last.objects_deleted, 1u);
  EXPECT_FALSE(HasObject(segment));
  SE_EXPECT_CODE(session_->PutSegment(ns(), {}, segment), kAlreadyExists);
  // A request that was past that question stores it again: it goes at once.
  SE_ASSERT_OK(stores_.objects().Put(name, segment));
  EXPECT_EQ(Collect().objects_deleted, 1u);
  EXPECT_FALSE(HasObject(segment));
}

TEST_F(CollectorTest, AnOrphanWhoseRequestComesThroughIsOneNoMore) {
  const std::string segment = client_.Segment(FrameKind::kData, {"slow"});
  const SegmentId id = ParseSegment(segment)->segment_id;
  SE_ASSERT_OK(stores_.objects().Put(engine::SegmentObject(ns(), id), segment));
  Collect();
  Collect();
  EXPECT_TRUE(caller().Put(segment).stored);
  Collect();
  EXPECT_TRUE(HasObject(segment));
  EXPECT_FALSE(Row_<engine::DoomRow>(engine::DoomKey(id)).has_value());
}

TEST_F(CollectorTest, DryRunsCountAndChangeNothing) {
  Garbage({"one", "two"});
  CollectorOptions options = AtOnce();
  options.dry_run = true;
  EXPECT_EQ(Collect(options).blocks_condemned, 2u);
  EXPECT_EQ(Collect(options).blocks_condemned, 2u);
  Collect();
  Collect();
  EXPECT_EQ(Collect(options).blocks_deleted, 2u);
  EXPECT_EQ(session_->GetUsage(ns())->blocks, 2u);
}

TEST_F(CollectorTest, SmallTransactionsGiveTheSameResult) {
  for (int i = 0; i < 7; ++i) Garbage({absl::StrCat(i, "a"), absl::StrCat(i, "b")});
  caller().Put(client_.TallFile({"1", "2", "3", "4", "5"}).segment);
  CollectorOptions options = AtOnce();
  options.slice_rows = 2;
  for (int run = 0; run < 7; ++run) Collect(options);
  EXPECT_EQ(session_->GetUsage(ns())->blocks, 0u);
  EXPECT_EQ(session_->GetUsage(ns())->segments, 0u);
}

TEST_F(CollectorTest, WhatIsBeyondTheMemoryOfOneRunWaitsForTheNext) {
  Garbage({"1", "2", "3", "4", "5"});
  CollectorOptions options = AtOnce();
  options.candidates_max = 2;
  const CollectionReport first = Collect(options);
  EXPECT_EQ(first.blocks_condemned, 2u);
  EXPECT_TRUE(first.more);
  for (int run = 0; run < 8; ++run) Collect(options);
  EXPECT_EQ(session_->GetUsage(ns())->blocks, 0u);
}

// --- Brakes ---

TEST_F(CollectorTest, ARunThatWouldCondemnTooLargeAShareDoesNothing) {
  Garbage({"1", "2", "3"});
  caller().Create(caller().NewFile("kept", [&] {
    const SealedFile file = client_.File({"a", "b", "c", "d", "e"});
    caller().Put(file.segment);
    return file;
  }()));
  CollectorOptions options = AtOnce();
  options.always_allowed = 2;
  const auto refused = TryCollect(options);
  EXPECT_EQ(GetReason(refused.status()), Reason::kSafetyStop) << refused.status();
  EXPECT_EQ(Collect(options =
                        [&] {
                          CollectorOptions forced = options;
                          forced.force = true;
                          return forced;
                        }())
                .blocks_condemned,
            3u);
}

TEST_F(CollectorTest, ARunThatWouldCondemnFarMoreThanRecentOnesDoesNothing) {
  CollectorOptions options = AtOnce();
  options.always_allowed = 2;
  options.percent_max = 1000;
  for (int run = 0; run < 4; ++run) {
    Garbage({absl::StrCat("small ", run)});
    EXPECT_EQ(Collect(options).blocks_condemned, 1u);
  }
  Garbage({"1", "2", "3", "4", "5", "6", "7", "8", "9"});
  EXPECT_EQ(GetReason(TryCollect(options).status()), Reason::kSafetyStop);
}

TEST_F(CollectorTest, ACountThatIsWrongIsFoundByTheSearchAndStopsTheRun) {
  Caller caller = this->caller();
  const SealedFile file = client_.File({"precious"});
  caller.Put(file.segment);
  caller.Create(caller.NewFile("f", file));
  BlockRow row = *Block(file.blocks[0]);
  row.refs = 0;  // As a bug or a flipped bit would leave it.
  PutRow(engine::BlockKey(file.blocks[0]), EncodeRow(row));
  const auto stopped = TryCollect();
  EXPECT_EQ(GetReason(stopped.status()), Reason::kIntegrity) << stopped.status();
  EXPECT_EQ(State(file.blocks[0]), BlockState::kPresent);
  // Also when it happens to a block that was condemned before.
  row.state = BlockState::kCondemned;
  PutRow(engine::BlockKey(file.blocks[0]), EncodeRow(row));
  Garbage({"other"});
  for (int run = 0; run < 4; ++run) TryCollect().status().IgnoreError();
  EXPECT_EQ(State(file.blocks[0]), BlockState::kCondemned);
}

TEST_F(CollectorTest, ASegmentThatCountsNoBlockAndHasOneStopsTheRun) {
  Caller caller = this->caller();
  const SealedFile file = client_.File({"precious"});
  caller.Put(file.segment);
  caller.Create(caller.NewFile("f", file));
  Collect();
  Collect();
  const std::string key = engine::SegmentKey(ParseSegment(file.segment)->segment_id);
  auto row = *Row_<engine::SegmentRow>(key);
  row.blocks_live = 0;
  PutRow(key, EncodeRow(row));
  EXPECT_EQ(GetReason(TryCollect().status()), Reason::kIntegrity);
  EXPECT_TRUE(HasObject(file.segment));
}

TEST_F(CollectorTest, ASearchThatSawTooLittleRemovesNothing) {
  Caller caller = this->caller();
  const SealedFile file = client_.TallFile({"left", "right"});
  caller.Put(file.segment);
  caller.Create(caller.NewFile("f", file));
  const SealedFile garbage = Garbage({"one"});
  for (const char tag : {'B', 'N', 'K'}) {
    ShortSightedStore metadata(stores_.metadata(), tag);
    const EnginePorts base = ports();
    const EnginePorts short_sighted{.objects = base.objects,
                                    .metadata = metadata,
                                    .notifier = base.notifier,
                                    .clock = base.clock,
                                    .entropy = base.entropy,
                                    .executor = base.executor};
    const auto report = CollectGarbage(short_sighted, AtOnce());
    EXPECT_EQ(GetReason(report.status()), Reason::kIntegrity) << tag;
    EXPECT_EQ(State(garbage.blocks[0]), BlockState::kPresent) << tag;
  }
}

TEST_F(CollectorTest, AnUnreadableRowRemovesNothing) {
  const SealedFile garbage = Garbage({"one"});
  PutRow(engine::ChildrenKey(entropy_.NewId<BlockId>()), "\1not a row");
  EXPECT_EQ(GetReason(TryCollect().status()), Reason::kIntegrity);
  EXPECT_EQ(State(garbage.blocks[0]), BlockState::kPresent);
}

// --- One collector ---

TEST_F(CollectorTest, ASecondCollectorIsKeptOutUntilTheFirstFallsSilent) {
  Garbage({"one"});
  const engine::LeaseRow lease{.holder = entropy_.NewId<engine::CollectorId>(),
                               .token = 7,
                               .until = clock_.Now() + absl::Minutes(1)};
  PutRow(engine::LeaseKey(), EncodeRow(lease));
  EXPECT_EQ(GetReason(TryCollect().status()), Reason::kLocked);
  clock_.Advance(absl::Minutes(2));
  EXPECT_EQ(Collect().blocks_condemned, 1u);
  EXPECT_EQ(Row_<engine::LeaseRow>(engine::LeaseKey())->token, 8u);
}

// Runs something before the n-th object is deleted or listed.
class InterruptedObjectStore final : public ObjectStore {
 public:
  explicit InterruptedObjectStore(ObjectStore& base) : base_(base) {}

  Properties properties() const override { return base_.properties(); }
  absl::Status Put(absl::string_view name, absl::string_view bytes) override {
    return base_.Put(name, bytes);
  }
  absl::StatusOr<std::string> Get(absl::string_view name, uint64_t offset,
                                  uint64_t length) override {
    return base_.Get(name, offset, length);
  }
  absl::StatusOr<ObjectEntry> Stat(absl::string_view name) override { return base_.Stat(name); }
  absl::Status Delete(absl::string_view name) override {
    if (auto hook = std::exchange(before_delete, nullptr)) hook();
    return base_.Delete(name);
  }
  absl::StatusOr<ObjectPage> List(absl::string_view prefix, absl::string_view after,
                                  int limit) override {
    if (auto hook = std::exchange(before_list, nullptr)) hook();
    return base_.List(prefix, after, limit);
  }
  absl::Status SetTier(absl::string_view name, Tier tier) override {
    return base_.SetTier(name, tier);
  }
  absl::Status Restore(absl::string_view name) override { return base_.Restore(name); }

  std::function<void()> before_delete;
  std::function<void()> before_list;

 private:
  ObjectStore& base_;
};

TEST_F(CollectorTest, ACollectorThatWasReplacedCanChangeNothingMore) {
  const SealedFile garbage = Garbage({"one"});
  Collect();
  Collect();
  InterruptedObjectStore objects(stores_.objects());
  const EnginePorts base = ports();
  const EnginePorts slow{.objects = objects,
                         .metadata = base.metadata,
                         .notifier = base.notifier,
                         .clock = base.clock,
                         .entropy = base.entropy,
                         .executor = base.executor};
  std::vector<std::string> rows_after;
  // It sleeps in the middle of its run; another one does the work and a client stores the block
  // anew. Then it wakes, deletes an object that nobody needs, and is stopped.
  const std::string again = client_.Segment(FrameKind::kData, {"one"});
  objects.before_delete = [&] {
    clock_.Advance(absl::Minutes(5));
    Collect();
    EXPECT_EQ(caller().Put(again).blocks_new, 1u);
    EXPECT_TRUE(caller().Commit({caller().NewFile("f", garbage)}).committed);
  };
  const auto report = CollectGarbage(slow, AtOnce());
  EXPECT_EQ(GetReason(report.status()), Reason::kLocked) << report.status();
  ExpectSound();
  SE_EXPECT_OK(session_->GetFrames(ns(), garbage.blocks));
}

// --- Faults: every call fails once, and the next runs finish the work ---

TEST_F(CollectorTest, ARunMayFailAtAnyCallAndTheNextOnesFinish) {
  for (int64_t index = 0;; ++index) {
    MemoryStores stores;
    FaultPlan plan;
    FaultyMetadataStore metadata(stores.metadata(), plan, {.rerun_closures = true});
    FaultyObjectStore objects(stores.objects(), plan);
    const EnginePorts base = ports();
    const EnginePorts faulty{.objects = objects,
                             .metadata = metadata,
                             .notifier = base.notifier,
                             .clock = base.clock,
                             .entropy = base.entropy,
                             .executor = base.executor,
                             .keys = base.keys};
    const auto engine = Engine::Initialise(faulty).value();
    const auto session = engine->OwnerSession();
    SE_ASSERT_OK(session->CreateNamespace(client_.Record(), client_.keys().EncodeBundle()));
    Caller caller(*session, client_, entropy_);
    const SealedFile kept = client_.TallFile({"left", "right"});
    const SealedFile garbage = client_.TallFile({"one", "two"});
    caller.Put(kept.segment);
    caller.Put(garbage.segment);
    caller.Create(caller.NewFile("kept", kept));
    SE_ASSERT_OK(objects.Put(engine::SegmentObject(ns(), entropy_.NewId<SegmentId>()), "orphan"));
    plan.Arm({.index = index});
    bool reached = false;
    for (int run = 0; run < 12; ++run) {
      clock_.Advance(absl::Hours(1));
      const auto report = CollectGarbage(faulty, AtOnce());
      EXPECT_TRUE(report.ok() || plan.failures() > 0) << report.status();
      if (plan.failures() > 0) {
        reached = true;
        plan.Disarm();
      }
      const auto check = CheckRepository(stores.metadata(), stores.objects(), {.read_data = true});
      ASSERT_TRUE(check.ok() && check->clean())
          << "call " << index << ": " << check->problems[0].place << check->problems[0].what;
    }
    plan.Disarm();
    SE_EXPECT_OK(session->GetFrames(ns(), kept.blocks));
    EXPECT_EQ(session->GetUsage(ns())->blocks, 3u) << "call " << index;
    EXPECT_EQ(stores.objects().List("segments/", "", 100)->entries.size(), 1u) << "call " << index;
    if (!reached) return;
  }
}

}  // namespace
}  // namespace syncengine::testing
