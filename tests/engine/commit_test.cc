// What a commit accepts, what it refuses, and that it does all or nothing.
#include <gtest/gtest.h>

#include "tests/engine/engine_fixture.h"

namespace syncengine::testing {
namespace {

template <typename Stores>
using CommitTest = EngineFixture<Stores>;
TYPED_TEST_SUITE(CommitTest, AllStores);

TYPED_TEST(CommitTest, WhatWasCommittedIsFoundByPathAndById) {
  Caller caller = this->caller();
  const NodeId directory = caller.NewNode();
  const NodeId file = caller.NewNode();
  const CommitResult result = caller.Commit(
      {Caller::Directory(directory, kRootNode, "a"), Caller::EmptyFile(file, directory, "b")});
  ASSERT_TRUE(result.committed);
  SE_ASSERT_OK_AND_ASSIGN(const Revision by_path, this->session_->Stat(this->ns(), {"/a/b"}));
  EXPECT_EQ(by_path, caller.Head(file));
  EXPECT_EQ(by_path.id, result.outcomes[1].revision);
  EXPECT_EQ(by_path.sequence, result.outcomes[1].sequence);
  SE_EXPECT_CODE(this->session_->Stat(this->ns(), {"/a/c"}), kNotFound);
}

TYPED_TEST(CommitTest, ARepeatedOperationHasOneEffectAndTheSameAnswerAlsoAfterARestart) {
  Caller caller = this->caller();
  const CommitRequest request{.op = caller.NewOp(),
                              .changes = {Caller::EmptyFile(caller.NewNode(), kRootNode, "f")}};
  SE_ASSERT_OK_AND_ASSIGN(const CommitResult first, this->session_->Commit(this->ns(), request));
  ASSERT_TRUE(first.committed);
  for (int round = 0; round < 2; ++round) {
    SE_ASSERT_OK_AND_ASSIGN(const CommitResult again, this->session_->Commit(this->ns(), request));
    EXPECT_TRUE(again.committed);
    EXPECT_EQ(again.outcomes[0].revision, first.outcomes[0].revision);
    EXPECT_EQ(again.outcomes[0].sequence, first.outcomes[0].sequence);
    this->Reopen();
  }
  EXPECT_EQ(this->caller().Journal().size(), 1u);
}

TYPED_TEST(CommitTest, AnOpIdOfAnotherRequestIsRefused) {
  Caller caller = this->caller();
  const OpId op = caller.NewOp();
  SE_ASSERT_OK(this->session_->BeginUpload(this->ns(), {.op = op}));
  SE_EXPECT_CODE(
      this->session_->Commit(this->ns(),
                             {.op = op, .changes = {Caller::EmptyFile(caller.NewNode(), {}, "f")}}),
      kInvalidArgument);
}

TYPED_TEST(CommitTest, AStaleBaseIsAnsweredWithTheHead) {
  Caller caller = this->caller();
  const Revision first = caller.Create(Caller::EmptyFile(caller.NewNode(), kRootNode, "f"));
  ASSERT_TRUE(caller.Commit({Caller::Edit(first)}).committed);
  const CommitResult refused = caller.Commit({Caller::Edit(first)});
  EXPECT_FALSE(refused.committed);
  EXPECT_EQ(refused.outcomes[0].verdict, ChangeVerdict::kHeadMoved);
  EXPECT_EQ(refused.outcomes[0].head, caller.Head(first.node));
}

TYPED_TEST(CommitTest, ANewNodeWhoseIdIsTakenIsAnsweredWithTheHead) {
  Caller caller = this->caller();
  const Revision first = caller.Create(Caller::EmptyFile(caller.NewNode(), kRootNode, "f"));
  EXPECT_EQ(caller.Verdict({Caller::EmptyFile(first.node, kRootNode, "g")}),
            ChangeVerdict::kHeadMoved);
}

TYPED_TEST(CommitTest, OneRefusedChangeRefusesAllAndLeavesNothing) {
  Caller caller = this->caller();
  const NodeId fine = caller.NewNode();
  const CommitResult result =
      caller.Commit({Caller::EmptyFile(fine, kRootNode, "fine"),
                     Caller::EmptyFile(caller.NewNode(), caller.NewNode(), "orphan")});
  EXPECT_FALSE(result.committed);
  EXPECT_EQ(result.outcomes[0].verdict, ChangeVerdict::kNotTried);
  EXPECT_EQ(result.outcomes[1].verdict, ChangeVerdict::kParentGone);
  SE_EXPECT_CODE(this->session_->Stat(this->ns(), {.node = fine}), kNotFound);
  SE_EXPECT_CODE(this->session_->Stat(this->ns(), {"/fine"}), kNotFound);
  EXPECT_TRUE(caller.Journal().empty());
}

TYPED_TEST(CommitTest, EveryStaleBaseOfARequestIsToldAtOnce) {
  Caller caller = this->caller();
  std::vector<Change> stale;
  for (const char* name : {"a", "b", "c"}) {
    const Revision head = caller.Create(Caller::EmptyFile(caller.NewNode(), kRootNode, name));
    stale.push_back(Caller::Edit(head));
    if (name[0] == 'b') continue;
    ASSERT_TRUE(caller.Commit({Caller::Edit(head)}).committed);
  }
  const CommitResult result = caller.Commit(stale);
  EXPECT_EQ(result.outcomes[0].verdict, ChangeVerdict::kHeadMoved);
  EXPECT_EQ(result.outcomes[1].verdict, ChangeVerdict::kNotTried);
  EXPECT_EQ(result.outcomes[2].verdict, ChangeVerdict::kHeadMoved);
}

TYPED_TEST(CommitTest, ANameIsTakenOnceAndFreeAgainAfterDeletionAndMove) {
  Caller caller = this->caller();
  const Revision holder = caller.Create(Caller::EmptyFile(caller.NewNode(), kRootNode, "n"));
  const Change rival = Caller::EmptyFile(caller.NewNode(), kRootNode, "n");
  const CommitResult refused = caller.Commit({rival});
  EXPECT_EQ(refused.outcomes[0].verdict, ChangeVerdict::kNameTaken);
  EXPECT_EQ(refused.outcomes[0].head, holder);
  ASSERT_TRUE(caller.Commit({Caller::Move(holder, kRootNode, "m")}).committed);
  ASSERT_TRUE(caller.Commit({rival}).committed);
  ASSERT_TRUE(caller.Commit({Caller::Deletion(caller.Head(rival.node))}).committed);
  EXPECT_EQ(caller.Verdict({Caller::EmptyFile(caller.NewNode(), kRootNode, "n")}),
            ChangeVerdict::kCommitted);
}

TYPED_TEST(CommitTest, NodesSwapNamesInOneCommit) {
  Caller caller = this->caller();
  const Revision a = caller.Create(Caller::EmptyFile(caller.NewNode(), kRootNode, "a"));
  const Revision b = caller.Create(Caller::EmptyFile(caller.NewNode(), kRootNode, "b"));
  ASSERT_TRUE(
      caller.Commit({Caller::Move(a, kRootNode, "b"), Caller::Move(b, kRootNode, "a")}).committed);
  SE_ASSERT_OK_AND_ASSIGN(const Revision now_a, this->session_->Stat(this->ns(), {"/a"}));
  SE_ASSERT_OK_AND_ASSIGN(const Revision now_b, this->session_->Stat(this->ns(), {"/b"}));
  EXPECT_EQ(now_a.node, b.node);
  EXPECT_EQ(now_b.node, a.node);
}

TYPED_TEST(CommitTest, ADirectoryIsDeletedOnlyWhenEmptyAndChildrenMayGoInTheSameCommit) {
  Caller caller = this->caller();
  const Revision directory = caller.Create(Caller::Directory(caller.NewNode(), kRootNode, "d"));
  const Revision child = caller.Create(Caller::EmptyFile(caller.NewNode(), directory.node, "c"));
  EXPECT_EQ(caller.Verdict({Caller::Deletion(directory)}), ChangeVerdict::kNotEmpty);
  EXPECT_EQ(caller.Verdict({Caller::Deletion(directory), Caller::Deletion(child)}),
            ChangeVerdict::kNotEmpty);
  EXPECT_EQ(caller.Verdict({Caller::Deletion(child), Caller::Deletion(directory)}),
            ChangeVerdict::kCommitted);
  EXPECT_TRUE(caller.Head(directory.node).state.deleted);
}

TYPED_TEST(CommitTest, NothingIsPutIntoADeletedDirectoryOrAFile) {
  Caller caller = this->caller();
  const Revision directory = caller.Create(Caller::Directory(caller.NewNode(), kRootNode, "d"));
  const Revision file = caller.Create(Caller::EmptyFile(caller.NewNode(), kRootNode, "f"));
  ASSERT_TRUE(caller.Commit({Caller::Deletion(directory)}).committed);
  EXPECT_EQ(caller.Verdict({Caller::EmptyFile(caller.NewNode(), directory.node, "x")}),
            ChangeVerdict::kParentGone);
  EXPECT_EQ(caller.Verdict({Caller::EmptyFile(caller.NewNode(), file.node, "x")}),
            ChangeVerdict::kParentGone);
}

TYPED_TEST(CommitTest, ADirectoryNeverBecomesItsOwnAncestor) {
  Caller caller = this->caller();
  const Revision a = caller.Create(Caller::Directory(caller.NewNode(), kRootNode, "a"));
  const Revision b = caller.Create(Caller::Directory(caller.NewNode(), a.node, "b"));
  const Revision c = caller.Create(Caller::Directory(caller.NewNode(), kRootNode, "c"));
  EXPECT_EQ(caller.Verdict({Caller::Move(a, b.node, "a")}), ChangeVerdict::kCycle);
  // Each alone would do; together they would be a cycle.
  EXPECT_EQ(caller.Verdict({Caller::Move(a, c.node, "a"), Caller::Move(c, b.node, "c")}),
            ChangeVerdict::kCycle);
}

TYPED_TEST(CommitTest, ADeletedNodeIsRestoredFromItsTombstone) {
  Caller caller = this->caller();
  const SealedFile sealed = this->client_.File({"content"});
  caller.Put(sealed.segment);
  const Revision file = caller.Create(caller.NewFile("f", sealed));
  ASSERT_TRUE(caller.Commit({Caller::Deletion(file)}).committed);
  SE_EXPECT_CODE(this->session_->Stat(this->ns(), {"/f"}), kNotFound);
  Change restore = Caller::Edit(file);
  restore.base = caller.Head(file.node).id;
  ASSERT_TRUE(caller.Commit({restore}).committed);
  SE_ASSERT_OK_AND_ASSIGN(const Revision back, this->session_->Stat(this->ns(), {"/f"}));
  EXPECT_EQ(back.state.content, sealed.content);
}

TYPED_TEST(CommitTest, ContentNeedsItsBlocksAndForeignBlocksAreMissing) {
  Caller caller = this->caller();
  Client other(this->entropy_, "other");
  SE_ASSERT_OK(this->session_->CreateNamespace(other.Record(), other.keys().EncodeBundle()));
  Caller other_caller(*this->session_, other, this->entropy_);
  const SealedFile foreign = other.File({"secret of another"});
  other_caller.Put(foreign.segment);

  const SealedFile known = this->client_.File({"known"});
  caller.Put(known.segment);
  ContentRef stolen = known.content;
  stolen.blocks.push_back(foreign.blocks[0]);
  std::sort(stolen.blocks.begin(), stolen.blocks.end());
  Change theft = caller.NewFile("f", known);
  theft.state.content = stolen;
  const CommitResult result = caller.Commit({theft});
  EXPECT_EQ(result.outcomes[0].verdict, ChangeVerdict::kMissingBlocks);
  EXPECT_EQ(result.outcomes[0].missing, foreign.blocks);
  EXPECT_TRUE(caller.Journal().empty());
}

TYPED_TEST(CommitTest, MalformedRequestsAreRefusedWithTheirPlace) {
  Caller caller = this->caller();
  const Revision file = caller.Create(Caller::EmptyFile(caller.NewNode(), kRootNode, "f"));
  const auto refused = [&](Change change) {
    const auto result = caller.TryCommit({std::move(change)});
    return HasCode(result.status(), absl::StatusCode::kInvalidArgument);
  };
  EXPECT_TRUE(refused(Caller::Directory(kRootNode, caller.NewNode(), "root")));
  EXPECT_TRUE(refused(Caller::EmptyFile(caller.NewNode(), kRootNode, "a/b")));
  Change resized = Caller::Edit(file);
  resized.state.content.size = 5;
  EXPECT_TRUE(refused(resized));
  Change reborn = Caller::Edit(file);
  reborn.state.kind = NodeKind::kDirectory;
  EXPECT_TRUE(refused(reborn));
  Change moved_grave = Caller::Deletion(file);
  moved_grave.state.name = "elsewhere";
  EXPECT_TRUE(refused(moved_grave));
  Change unborn = Caller::Deletion(file);
  unborn.node = caller.NewNode();
  unborn.base = {};
  EXPECT_TRUE(refused(unborn));
  SE_EXPECT_CODE(caller.TryCommit({}), kInvalidArgument);
  SE_EXPECT_CODE(caller.TryCommit({Caller::Edit(file), Caller::Edit(file)}), kInvalidArgument);
  SE_EXPECT_CODE(this->session_->Commit(this->ns(), {.op = {}, .changes = {Caller::Edit(file)}}),
                 kInvalidArgument);
  SE_EXPECT_CODE(this->session_->Commit(this->entropy_.template NewId<NamespaceId>(),
                                        {.op = caller.NewOp(), .changes = {Caller::Edit(file)}}),
                 kNotFound);
}

TYPED_TEST(CommitTest, UsageCountsLiveHeadsAndAllRevisions) {
  Caller caller = this->caller();
  const SealedFile sealed = this->client_.File({"12345", "678"});
  caller.Put(sealed.segment);
  const Revision file = caller.Create(caller.NewFile("f", sealed));
  SE_ASSERT_OK_AND_ASSIGN(Usage usage, this->session_->GetUsage(this->ns()));
  EXPECT_EQ(usage.logical_bytes, 8u);
  EXPECT_EQ(usage.stored_bytes, sealed.segment.size());
  EXPECT_EQ(usage.blocks, 2u);
  EXPECT_EQ(usage.segments, 1u);
  EXPECT_EQ(usage.nodes, 1u);
  EXPECT_EQ(usage.revisions, 1u);
  ASSERT_TRUE(caller.Commit({Caller::Deletion(file)}).committed);
  SE_ASSERT_OK_AND_ASSIGN(usage, this->session_->GetUsage(this->ns()));
  EXPECT_EQ(usage.logical_bytes, 0u);
  EXPECT_EQ(usage.nodes, 0u);
  EXPECT_EQ(usage.revisions, 2u);
}

TYPED_TEST(CommitTest, RevisionsAreListedNewestFirstInPages) {
  Caller caller = this->caller();
  const Revision first = caller.Create(Caller::EmptyFile(caller.NewNode(), kRootNode, "f"));
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(caller.Commit({Caller::Edit(caller.Head(first.node))}).committed);
  }
  std::vector<uint64_t> sequences;
  RevisionsRequest request{.node = first.node, .limit = 2};
  for (bool more = true; more;) {
    SE_ASSERT_OK_AND_ASSIGN(const RevisionPage page,
                            this->session_->Revisions(this->ns(), request));
    for (const Revision& revision : page.revisions) sequences.push_back(revision.sequence);
    ASSERT_FALSE(page.revisions.empty());
    request.before_sequence = page.revisions.back().sequence;
    more = page.more;
  }
  EXPECT_EQ(sequences, (std::vector<uint64_t>{5, 4, 3, 2, 1}));
  SE_EXPECT_CODE(this->session_->Revisions(this->ns(), {.node = caller.NewNode()}), kNotFound);
}

}  // namespace
}  // namespace syncengine::testing
