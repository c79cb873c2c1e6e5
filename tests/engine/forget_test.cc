// Forgetting revisions: what goes, what stays, and what the counts say.
#include "syncengine/engine/forget.h"

#include <gtest/gtest.h>

#include "syncengine/engine/check.h"
#include "tests/engine/engine_fixture.h"

namespace syncengine::testing {
namespace {

class ForgetTest : public EngineFixture<MemoryStores> {
 protected:
  // A file with one revision for each content, a minute apart.
  Revision File(absl::string_view name, const std::vector<std::string>& contents) {
    Caller caller = this->caller();
    Revision head;
    for (const std::string& content : contents) {
      const SealedFile file = client_.File({content});
      caller.Put(file.segment);
      Change change = head.id.IsZero() ? caller.NewFile(name, file) : Caller::Edit(head);
      change.state.content = file.content;
      EXPECT_TRUE(caller.Commit({change}).committed);
      head = caller.Head(change.node);
      clock_.Advance(absl::Minutes(1));
    }
    return head;
  }
  std::vector<uint64_t> Sequences(const NodeId& node) {
    std::vector<uint64_t> sequences;
    const auto page = session_->Revisions(ns(), {.node = node});
    EXPECT_TRUE(page.ok()) << page.status();
    for (const Revision& revision : page.value_or(RevisionPage()).revisions) {
      sequences.push_back(revision.sequence);
    }
    return sequences;
  }
  ForgetReport Forget(const ForgetRequest& request) {
    auto report = ForgetRevisions(ports(), ns(), request);
    EXPECT_TRUE(report.ok()) << report.status();
    const auto check = CheckRepository(stores_.metadata(), stores_.objects(), {.read_data = true});
    EXPECT_TRUE(check->clean()) << check->problems[0].place << ": " << check->problems[0].what;
    return report.value_or(ForgetReport());
  }
};

TEST_F(ForgetTest, TheNewestRevisionsStay) {
  const Revision file = File("f", {"1", "2", "3", "4"});
  const ForgetReport report = Forget({.node = file.node, .keep_newest = 2});
  EXPECT_EQ(report.revisions, 2u);
  EXPECT_EQ(report.nodes, 1u);
  EXPECT_EQ(Sequences(file.node), (std::vector<uint64_t>{4, 3}));
  EXPECT_EQ(Forget({.node = file.node, .keep_newest = 2}).revisions, 0u);
  EXPECT_EQ(session_->GetUsage(ns())->revisions, 2u);
}

TEST_F(ForgetTest, OnlyWhatIsOldEnoughGoes) {
  const absl::Time start = clock_.Now();
  const Revision file = File("f", {"1", "2", "3", "4"});
  EXPECT_EQ(Forget({.node = file.node, .before = start + absl::Seconds(90)}).revisions, 2u);
  EXPECT_EQ(Sequences(file.node), (std::vector<uint64_t>{4, 3}));
}

TEST_F(ForgetTest, WithoutANodeAllAreVisitedAndDeletedOnesLoseTheirContent) {
  const Revision one = File("one", {"1", "2"});
  const Revision two = File("two", {"a", "b", "c"});
  ASSERT_TRUE(caller().Commit({Caller::Deletion(two)}).committed);
  const ForgetReport counted = Forget({.dry_run = true});
  EXPECT_EQ(counted.revisions, 4u);
  EXPECT_EQ(counted.nodes, 2u);
  EXPECT_EQ(session_->GetUsage(ns())->revisions, 6u);
  EXPECT_EQ(Forget({}).revisions, 4u);
  EXPECT_EQ(Sequences(one.node).size(), 1u);
  EXPECT_EQ(Sequences(two.node).size(), 1u);
}

TEST_F(ForgetTest, ManyRevisionsGoInManyTransactions) {
  std::vector<std::string> contents;
  for (int i = 0; i < 700; ++i) contents.push_back(absl::StrCat(i % 3));
  const Revision file = File("f", contents);
  EXPECT_EQ(Forget({.keep_newest = 3}).revisions, 697u);
  EXPECT_EQ(Sequences(file.node).size(), 3u);
}

TEST_F(ForgetTest, TheJournalStaysDenseAndSaysWhichRevisionsAreGone) {
  const Revision file = File("f", {"1", "2", "3"});
  Forget({.node = file.node});
  const auto journal = caller().Journal();
  ASSERT_EQ(journal.size(), 3u);
  EXPECT_FALSE(journal[0].revision.has_value());
  EXPECT_EQ(journal[0].path, "/f");
  EXPECT_TRUE(journal[2].revision.has_value());
}

TEST_F(ForgetTest, AnUnknownNodeAndTheHeadAreErrors) {
  SE_EXPECT_CODE(ForgetRevisions(ports(), ns(), {.node = caller().NewNode()}), kNotFound);
  SE_EXPECT_CODE(ForgetRevisions(ports(), ns(), {.keep_newest = 0}), kInvalidArgument);
}

}  // namespace
}  // namespace syncengine::testing
