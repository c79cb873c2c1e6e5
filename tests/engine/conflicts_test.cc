// Versions kept aside, conflicts noted with them, and decisions by compare-and-set.
#include <gtest/gtest.h>

#include "src/engine/conflict_row.h"
#include "src/engine/keys.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/engine/check.h"
#include "syncengine/engine/forget.h"
#include "tests/engine/engine_fixture.h"

namespace syncengine::testing {
namespace {

template <typename Stores>
class ConflictsTest : public EngineFixture<Stores> {
 protected:
  ConflictsTest() {
    Caller caller = this->caller();
    for (const SealedFile* file : {&base_, &theirs_, &ours_}) caller.Put(file->segment);
    first_ = caller.Create(caller.NewFile("f", base_));
    Change edit = Caller::Edit(first_);
    edit.state.content = theirs_.content;
    EXPECT_TRUE(caller.Commit({edit}).committed);
    head_ = caller.Head(first_.node);
  }

  Change Aside() {
    Change change{.node = first_.node, .base = first_.id, .state = first_.state, .aside = true};
    change.state.content = ours_.content;
    return change;
  }
  Change Noted(bool copy) {
    Change change = Aside();
    change.conflict = ConflictNote{.reason = ConflictReason::kOverlap,
                                   .theirs = head_.id,
                                   .copy = copy,
                                   .hunks = {{1, 2, 3, 4, 5, 6}}};
    return change;
  }
  // Notes a conflict, with its copy; gives its id.
  RevisionId Conflict() {
    Caller caller = this->caller();
    const CommitResult result = caller.Commit({Noted(/*copy=*/true)});
    EXPECT_TRUE(result.committed);
    const RevisionId id = result.outcomes[0].revision;
    Change copy = caller.NewFile("f copy", ours_);
    copy.node = ConflictCopyNode(id);
    EXPECT_TRUE(caller.Commit({copy}).committed);
    return id;
  }
  std::vector<ConflictRecord> List(bool decided_too = false) {
    auto page = this->session_->ListConflicts(this->ns(), {.decided_too = decided_too});
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? page->conflicts : std::vector<ConflictRecord>();
  }
  absl::StatusOr<ResolveResult> Resolve(const RevisionId& id, ConflictDecision decision) {
    return this->session_->Resolve(
        this->ns(), {.conflict = id, .decision = decision, .expected_head = head_.id});
  }
  void ExpectSound() {
    auto report = CheckRepository(this->stores_.metadata(), this->stores_.objects(), {});
    ASSERT_TRUE(report.ok()) << report.status();
    for (const auto& problem : report->problems) {
      ADD_FAILURE() << problem.place << ": " << problem.what;
    }
  }

  SealedFile base_ = this->client_.File({"what both had"});
  SealedFile theirs_ = this->client_.File({"what they made of it"});
  SealedFile ours_ = this->client_.File({"what we made of it"});
  Revision first_;
  Revision head_;
};
TYPED_TEST_SUITE(ConflictsTest, AllStores);

TYPED_TEST(ConflictsTest, WhatIsKeptAsideIsARevisionAndNoHead) {
  Caller caller = this->caller();
  const CommitResult result = caller.Commit({this->Aside()});
  ASSERT_TRUE(result.committed);
  EXPECT_EQ(caller.Head(this->first_.node), this->head_);
  auto page = this->session_->Revisions(this->ns(), {.node = this->first_.node});
  SE_ASSERT_OK(page);
  ASSERT_EQ(page->revisions.size(), 3u);
  const Revision& aside = page->revisions[0];
  EXPECT_EQ(aside.id, result.outcomes[0].revision);
  EXPECT_TRUE(aside.aside);
  EXPECT_EQ(aside.parent, this->first_.id);
  EXPECT_EQ(aside.state.content, this->ours_.content);
  const ChangesEntry entry = caller.Journal().back();
  EXPECT_EQ(entry.entry.kind, JournalKind::kAside);
  EXPECT_EQ(entry.entry.revision, aside.id);
  ASSERT_TRUE(entry.revision.has_value());
  EXPECT_EQ(*entry.revision, aside);
  this->ExpectSound();
}

TYPED_TEST(ConflictsTest, AMergeGoesInWithWhatItMergesOrNotAtAll) {
  Caller caller = this->caller();
  Change merge = Caller::Edit(this->head_);
  merge.state.content = this->base_.content;
  const CommitResult result = caller.Commit({this->Aside(), merge});
  ASSERT_TRUE(result.committed);
  const Revision head = caller.Head(this->first_.node);
  EXPECT_EQ(head.parent, this->head_.id);
  EXPECT_EQ(head.merged_from, result.outcomes[0].revision);
  EXPECT_EQ(head.sequence, result.outcomes[1].sequence);
  // On a head that moved neither goes in.
  const size_t before = caller.Journal().size();
  EXPECT_EQ(caller.Verdict({this->Aside(), merge}), ChangeVerdict::kHeadMoved);
  EXPECT_EQ(caller.Journal().size(), before);
  this->ExpectSound();
}

TYPED_TEST(ConflictsTest, ARepeatedCommitKeepsAsideOnce) {
  Caller caller = this->caller();
  const CommitRequest request{.op = caller.NewOp(), .changes = {this->Noted(false)}};
  auto first = this->session_->Commit(this->ns(), request);
  auto again = this->session_->Commit(this->ns(), request);
  SE_ASSERT_OK(first);
  SE_ASSERT_OK(again);
  EXPECT_EQ(first->outcomes[0].revision, again->outcomes[0].revision);
  EXPECT_EQ(this->List().size(), 1u);
}

TYPED_TEST(ConflictsTest, ANoteMustTellTheHead) {
  Caller caller = this->caller();
  Change noted = this->Noted(false);
  noted.conflict->theirs = this->first_.id;
  EXPECT_EQ(caller.Verdict({noted}), ChangeVerdict::kHeadMoved);
  EXPECT_TRUE(this->List().empty());
}

TYPED_TEST(ConflictsTest, WhatMakesNoSenseAsideIsRefused) {
  Caller caller = this->caller();
  Change unknown = this->Aside();
  unknown.node = caller.NewNode();
  Change gone = this->Aside();
  gone.state.deleted = true;
  gone.state.content = {};
  Change merging = this->Aside();
  merging.merged_from = this->head_.id;
  Change hunks = this->Noted(false);
  hunks.conflict->hunks.resize(limits::kConflictHunksMax + 1);
  Change front = Caller::Edit(this->head_);
  front.conflict = this->Noted(false).conflict;
  for (const Change& change : {unknown, gone, merging, hunks, front}) {
    EXPECT_TRUE(absl::IsInvalidArgument(caller.TryCommit({change}).status()));
  }
  const Change edit = Caller::Edit(this->head_);
  EXPECT_TRUE(absl::IsInvalidArgument(caller.TryCommit({edit, this->Aside()}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(caller.TryCommit({this->Aside(), this->Aside()}).status()));
  // Blocks that nobody sent.
  const SealedFile unsent = this->client_.File({"never sent"});
  Change missing = this->Aside();
  missing.state.content = unsent.content;
  EXPECT_EQ(caller.Verdict({missing}), ChangeVerdict::kMissingBlocks);
}

TYPED_TEST(ConflictsTest, ARecordHasBothRevisionsTheBaseAndTheHunks) {
  const RevisionId id = this->Conflict();
  this->Reopen();
  const auto conflicts = this->List();
  ASSERT_EQ(conflicts.size(), 1u);
  const ConflictRecord& conflict = conflicts[0];
  EXPECT_EQ(conflict.id, id);
  EXPECT_EQ(conflict.path, "/f");
  EXPECT_EQ(conflict.head, this->head_.id);
  EXPECT_EQ(conflict.theirs, this->head_);
  EXPECT_EQ(conflict.ours.id, id);
  EXPECT_EQ(conflict.ours.parent, this->first_.id);
  EXPECT_EQ(conflict.ours.state.content, this->ours_.content);
  EXPECT_EQ(conflict.hunks, this->Noted(true).conflict->hunks);
  EXPECT_EQ(conflict.copy, ConflictCopyNode(id));
  EXPECT_EQ(conflict.copy_path, "/f copy");
  EXPECT_EQ(conflict.decision, ConflictDecision::kOpen);
}

TYPED_TEST(ConflictsTest, TheDevicesAreNamed) {
  auto laptop = this->session_->AddDevice("laptop", this->caller().NewOp());
  SE_ASSERT_OK(laptop);
  auto opened = this->engine_->OpenSession(laptop->token.bytes());
  SE_ASSERT_OK(opened);
  auto result = (*opened)->Commit(this->ns(),
                                  {.op = this->caller().NewOp(), .changes = {this->Noted(false)}});
  SE_ASSERT_OK(result);
  ASSERT_EQ(this->List().size(), 1u);
  EXPECT_EQ(this->List()[0].ours_device, "laptop");
  EXPECT_EQ(this->List()[0].theirs_device, "");
}

TYPED_TEST(ConflictsTest, EachDecisionDoesWhatItSays) {
  struct Case {
    ConflictDecision decision;
    const SealedFile& content;
    bool copy;
  };
  for (const Case& one : {Case{ConflictDecision::kTheirs, this->theirs_, false},
                          Case{ConflictDecision::kOurs, this->ours_, false},
                          Case{ConflictDecision::kBoth, this->theirs_, true}}) {
    Caller caller = this->caller();
    this->head_ = caller.Head(this->first_.node);
    const RevisionId id = this->Conflict();
    auto result = this->Resolve(id, one.decision);
    SE_ASSERT_OK(result);
    EXPECT_TRUE(result->resolved);
    const Revision head = caller.Head(this->first_.node);
    EXPECT_EQ(head.id, result->revision);
    EXPECT_EQ(head.state.content, one.content.content);
    EXPECT_EQ(head.merged_from, one.decision == ConflictDecision::kOurs ? id : RevisionId());
    const Revision copy = caller.Head(ConflictCopyNode(id));
    EXPECT_EQ(copy.state.deleted, !one.copy);
    EXPECT_TRUE(this->List().empty());
    this->ExpectSound();
    // Back to where it was for the next one.
    if (one.copy) {
      EXPECT_TRUE(caller.Commit({Caller::Deletion(copy)}).committed);
    }
    Change back = Caller::Edit(head);
    back.state.content = this->theirs_.content;
    EXPECT_TRUE(caller.Commit({back}).committed);
  }
  EXPECT_EQ(this->List(/*decided_too=*/true).size(), 3u);
}

TYPED_TEST(ConflictsTest, ADecisionCanBeTakenBackAndMadeAnew) {
  Caller caller = this->caller();
  const RevisionId id = this->Conflict();
  const Revision copy = caller.Head(ConflictCopyNode(id));
  for (const ConflictDecision decision :
       {ConflictDecision::kTheirs, ConflictDecision::kOurs, ConflictDecision::kBoth}) {
    SE_ASSERT_OK_AND_ASSIGN(const ResolveResult decided, this->Resolve(id, decision));
    ASSERT_TRUE(decided.resolved);
    EXPECT_FALSE(decided.copy_kept);
    this->head_ = caller.Head(this->first_.node);
    SE_ASSERT_OK_AND_ASSIGN(const ResolveResult undone, this->Resolve(id, ConflictDecision::kOpen));
    EXPECT_TRUE(undone.resolved);
    this->head_ = caller.Head(this->first_.node);
    EXPECT_EQ(undone.revision, this->head_.id);
    EXPECT_EQ(this->head_.state.content, this->theirs_.content);
    EXPECT_TRUE(this->head_.merged_from.IsZero());
    EXPECT_EQ(caller.Head(copy.node).state, copy.state);
    ASSERT_EQ(this->List().size(), 1u);
    EXPECT_TRUE(this->List()[0].resolution.IsZero());
    this->ExpectSound();
  }
  // What is open stays open.
  SE_ASSERT_OK_AND_ASSIGN(const ResolveResult again, this->Resolve(id, ConflictDecision::kOpen));
  EXPECT_TRUE(again.resolved);
  EXPECT_EQ(caller.Head(this->first_.node), this->head_);
}

TYPED_TEST(ConflictsTest, WhatWasChangedSinceADecisionIsNotTakenBack) {
  Caller caller = this->caller();
  const RevisionId id = this->Conflict();
  SE_ASSERT_OK(this->Resolve(id, ConflictDecision::kOurs));
  EXPECT_FALSE(this->Resolve(id, ConflictDecision::kOpen)->resolved);  // The head moved on.
  this->head_ = caller.Head(this->first_.node);
  Change edit = Caller::Edit(this->head_);
  edit.state.content = this->base_.content;
  EXPECT_TRUE(caller.Commit({edit}).committed);
  this->head_ = caller.Head(this->first_.node);
  EXPECT_TRUE(absl::IsFailedPrecondition(this->Resolve(id, ConflictDecision::kOpen).status()));
  EXPECT_EQ(caller.Head(this->first_.node), this->head_);
  EXPECT_TRUE(this->List().empty());
}

TYPED_TEST(ConflictsTest, AMergedContentNeedsItsBlocks) {
  const RevisionId id = this->Conflict();
  const SealedFile merged = this->client_.File({"made from both"});
  ResolveRequest request{.conflict = id,
                         .decision = ConflictDecision::kMerged,
                         .expected_head = this->head_.id,
                         .merged = this->head_.state};
  request.merged->content = merged.content;
  auto without = this->session_->Resolve(this->ns(), request);
  SE_ASSERT_OK(without);
  EXPECT_FALSE(without->resolved);
  EXPECT_EQ(without->missing, merged.blocks);
  EXPECT_EQ(this->List().size(), 1u);
  this->caller().Put(merged.segment);
  auto with = this->session_->Resolve(this->ns(), request);
  SE_ASSERT_OK(with);
  EXPECT_TRUE(with->resolved);
  const Revision head = this->caller().Head(this->first_.node);
  EXPECT_EQ(head.state.content, merged.content);
  EXPECT_EQ(head.merged_from, id);
  this->ExpectSound();
}

TYPED_TEST(ConflictsTest, ADecisionIsMadeOnceAndOnTheHeadThatWasLookedAt) {
  const RevisionId id = this->Conflict();
  Caller caller = this->caller();
  EXPECT_TRUE(caller.Commit({Caller::Edit(this->head_)}).committed);
  auto stale = this->Resolve(id, ConflictDecision::kOurs);
  SE_ASSERT_OK(stale);
  EXPECT_FALSE(stale->resolved);
  this->head_ = caller.Head(this->first_.node);
  ASSERT_TRUE(stale->head.has_value());
  EXPECT_EQ(*stale->head, this->head_);

  auto done = this->Resolve(id, ConflictDecision::kOurs);
  auto again = this->Resolve(id, ConflictDecision::kOurs);
  SE_ASSERT_OK(done);
  SE_ASSERT_OK(again);
  EXPECT_EQ(again->revision, done->revision);
  EXPECT_EQ(caller.Head(this->first_.node).id, done->revision);
  EXPECT_TRUE(absl::IsFailedPrecondition(this->Resolve(id, ConflictDecision::kTheirs).status()));
  EXPECT_TRUE(absl::IsNotFound(this->Resolve(this->head_.id, ConflictDecision::kTheirs).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(this->Resolve(id, ConflictDecision::kMerged).status()));
}

TYPED_TEST(ConflictsTest, ConflictsComeInPagesAndByNode) {
  Caller caller = this->caller();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(caller.Commit({this->Noted(false)}).committed);
  ConflictsRequest request{.limit = 2};
  size_t pages = 0;
  std::vector<RevisionId> ids;
  for (bool more = true; more; ++pages) {
    auto page = this->session_->ListConflicts(this->ns(), request);
    SE_ASSERT_OK(page);
    for (const ConflictRecord& conflict : page->conflicts) ids.push_back(conflict.id);
    more = page->more;
    request.after = page->next;
  }
  EXPECT_EQ(pages, 3u);
  EXPECT_EQ(ids.size(), 5u);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  auto other = this->session_->ListConflicts(this->ns(), {.node = caller.NewNode()});
  SE_ASSERT_OK(other);
  EXPECT_TRUE(other->conflicts.empty());
  for (const int limit : {0, 1001}) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        this->session_->ListConflicts(this->ns(), {.limit = limit}).status()));
  }
}

TYPED_TEST(ConflictsTest, AnUndecidedLoserIsNotForgotten) {
  const RevisionId id = this->Conflict();
  EXPECT_TRUE(this->caller().Commit({Caller::Edit(this->head_)}).committed);
  const auto forget = [&] {
    SE_EXPECT_OK(ForgetRevisions(this->ports(), this->ns(), {.node = this->first_.node}));
    auto page = this->session_->Revisions(this->ns(), {.node = this->first_.node});
    EXPECT_TRUE(page.ok());
    return page.ok() ? page->revisions : std::vector<Revision>();
  };
  auto left = forget();
  ASSERT_EQ(left.size(), 2u);  // The head and the loser.
  EXPECT_EQ(left[1].id, id);
  this->head_ = left[0];
  SE_ASSERT_OK(this->Resolve(id, ConflictDecision::kTheirs));
  left = forget();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].id, this->head_.id);
  EXPECT_EQ(this->List(/*decided_too=*/true).size(), 1u);  // The record stays, without them.
  this->ExpectSound();
}

TYPED_TEST(ConflictsTest, AnEditedCopyStaysAlsoWhenItsBeginningWasForgotten) {
  Caller caller = this->caller();
  const RevisionId id = this->Conflict();
  Change edit = Caller::Edit(caller.Head(ConflictCopyNode(id)));
  edit.state.content = this->base_.content;
  EXPECT_TRUE(caller.Commit({edit}).committed);
  this->clock_.Advance(absl::Hours(1));
  SE_ASSERT_OK(ForgetRevisions(this->ports(), this->ns(), {.keep_newest = 1}));
  const auto result = this->Resolve(id, ConflictDecision::kTheirs);
  SE_ASSERT_OK(result);
  EXPECT_TRUE(result->resolved);
  EXPECT_TRUE(result->copy_kept);
  EXPECT_FALSE(caller.Head(ConflictCopyNode(id)).state.deleted);
}

TYPED_TEST(ConflictsTest, CheckFindsADamagedConflict) {
  const std::string key = engine::ConflictKey(this->Conflict());
  const std::string partition = engine::NamespacePartition(this->ns());
  std::string bytes;
  const auto edit = [&](absl::FunctionRef<void(std::string&)> change) {
    SE_ASSERT_OK(this->stores_.metadata().Update(partition, [&](MetadataWriter& rows) {
      std::string damaged = bytes;
      change(damaged);
      return rows.Put(key, damaged);
    }));
  };
  SE_ASSERT_OK(this->stores_.metadata().View(partition, [&](MetadataReader& rows) -> absl::Status {
    bytes = rows.Get(key).value().value();
    return absl::OkStatus();
  }));
  const auto problems = [&] {
    auto report = CheckRepository(this->stores_.metadata(), this->stores_.objects(), {});
    return report.ok() ? report->problems.size() : 0;
  };
  edit([](std::string& row) { row.pop_back(); });
  EXPECT_EQ(problems(), 1u);
  edit([](std::string& row) { row[1] ^= 1; });  // The node.
  EXPECT_EQ(problems(), 1u);
  edit([](std::string& row) { row[17] ^= 1; });  // Ours.
  EXPECT_EQ(problems(), 1u);
  edit([](std::string&) {});
  EXPECT_EQ(problems(), 0u);
}

TEST(ConflictRowTest, RowsRoundTripAndDamageIsFound) {
  engine::ConflictRow row{.ours_sequence = 7, .theirs_sequence = 6};
  row.note = {.reason = ConflictReason::kTooLarge, .copy = true, .hunks = {{1, 2, 3, 4, 5, 6}}};
  row.decision = ConflictDecision::kBoth;
  row.decided_at = absl::FromUnixMicros(8);
  const std::string bytes = engine::EncodeRow(row);
  auto decoded = engine::DecodeRow<engine::ConflictRow>(bytes);
  SE_ASSERT_OK(decoded);
  EXPECT_EQ(engine::EncodeRow(*decoded), bytes);
  EXPECT_EQ(decoded->note, row.note);
  EXPECT_EQ(decoded->decision, row.decision);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(engine::DecodeRow<engine::ConflictRow>(bytes.substr(0, size)).ok()) << size;
  }
  std::string newer = bytes;
  newer[0] = 2;
  EXPECT_EQ(GetReason(engine::DecodeRow<engine::ConflictRow>(newer).status()), Reason::kVersion);
}

}  // namespace
}  // namespace syncengine::testing
