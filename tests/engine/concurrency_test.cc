// Many callers at once.
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "tests/engine/engine_fixture.h"

namespace syncengine::testing {
namespace {

template <typename Stores>
using ConcurrencyTest = EngineFixture<Stores>;
TYPED_TEST_SUITE(ConcurrencyTest, AllStores);

constexpr int kThreads = 4;
constexpr int kRounds = 15;

TYPED_TEST(ConcurrencyTest, EveryBaseHasExactlyOneWinnerAndTheJournalIsDense) {
  Caller setup = this->caller();
  const Revision first = setup.Create(Caller::EmptyFile(setup.NewNode(), kRootNode, "f"));
  std::atomic<int> committed = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&] {
        Caller caller = this->caller();
        for (int round = 0; round < kRounds; ++round) {
          committed += caller.Commit({Caller::Edit(caller.Head(first.node))}).committed ? 1 : 0;
        }
      });
    }
  }
  const auto journal = setup.Journal();
  EXPECT_EQ(journal.size(), static_cast<size_t>(committed) + 1);
  EXPECT_GE(committed, kRounds);  // In each round of the slowest somebody wins.
  std::set<RevisionId> bases;
  for (size_t i = 0; i < journal.size(); ++i) {
    EXPECT_EQ(journal[i].entry.sequence, i + 1);
    EXPECT_TRUE(bases.insert(journal[i].revision->parent).second);
  }
}

TYPED_TEST(ConcurrencyTest, AFollowerBesideWritersSeesNoGapAndMissesNothing) {
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      Caller caller = this->caller();
      for (int round = 0; round < kRounds; ++round) {
        caller.Create(
            Caller::EmptyFile(caller.NewNode(), kRootNode, absl::StrCat(thread, ".", round)));
      }
    });
  }
  ChangesRequest request;
  uint64_t seen = 0;
  while (seen < kThreads * kRounds) {
    SE_ASSERT_OK_AND_ASSIGN(
        const ChangesPage page,
        this->session_->WaitChanges(this->ns(), request, absl::Seconds(60), {}));
    ASSERT_FALSE(page.entries.empty());
    for (const ChangesEntry& entry : page.entries) ASSERT_EQ(entry.entry.sequence, ++seen);
    request.after = page.next;
  }
}

TYPED_TEST(ConcurrencyTest, OneOperationSentByManyHasOneEffect) {
  Caller caller = this->caller();
  const CommitRequest request{.op = caller.NewOp(),
                              .changes = {Caller::EmptyFile(caller.NewNode(), kRootNode, "f")}};
  std::vector<CommitResult> results(kThreads);
  {
    std::vector<std::jthread> threads;
    for (CommitResult& result : results) {
      threads.emplace_back([&] { result = this->session_->Commit(this->ns(), request).value(); });
    }
  }
  for (const CommitResult& result : results) {
    EXPECT_TRUE(result.committed);
    EXPECT_EQ(result.outcomes[0].revision, results[0].outcomes[0].revision);
  }
  EXPECT_EQ(caller.Journal().size(), 1u);
}

TYPED_TEST(ConcurrencyTest, OneSegmentSentByManyIsStoredOnce) {
  const SealedFile file = this->client_.File({"one", "two"});
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&] { EXPECT_EQ(this->caller().Put(file.segment).blocks_new, 2u); });
    }
  }
  SE_ASSERT_OK_AND_ASSIGN(const Usage usage, this->session_->GetUsage(this->ns()));
  EXPECT_EQ(usage.segments, 1u);
  EXPECT_EQ(usage.blocks, 2u);
}

}  // namespace
}  // namespace syncengine::testing
