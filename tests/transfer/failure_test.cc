// What goes wrong harms nothing else, and is made good by trying again.
#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "absl/strings/str_cat.h"
#include "syncengine/format/manifest.h"
#include "tests/transfer/transfer_fixture.h"

namespace syncengine::testing {
namespace {

class FailureTest : public TransferTest {
 protected:
  // A directory, some small files and two that need manifest nodes.
  void AddTree(ListPlan& plan) {
    plan.Add("d", NodeKind::kDirectory, kRootNode, directory_);
    for (int i = 0; i < 10; ++i) {
      plan.AddFile(absl::StrCat("f", i), MakeBytes(i, 5000 * i), nodes_[i]).change.state.parent =
          directory_;
    }
    plan.AddFile("big", MakeBytes(100, 3'000'000), nodes_[10]);
    plan.AddFile("bigger", MakeBytes(101, 12'000'000), nodes_[11]);
  }
  void MakeNodes() {
    directory_ = NewNode();
    for (int i = 0; i < 12; ++i) nodes_.push_back(NewNode());
  }
  // Everything of AddTree is there and right.
  void ExpectTree() {
    ResetProbe();
    auto page = opened_.service->List(opened_.record.id,
                                      {.directory = kRootNode, .after = "", .recursive = true});
    SE_ASSERT_OK(page);
    EXPECT_EQ(page->entries.size(), 13u);
    MemoryTarget target;
    for (const ListEntry& entry : page->entries) {
      if (entry.revision.state.kind != NodeKind::kFile) continue;
      target.Add(entry.revision.state.name, entry.revision.state.content);
    }
    Downloader downloader(opened_, *executor_);
    SE_ASSERT_OK(downloader.Download(target));
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(target.contents[absl::StrCat("f", i)] == MakeBytes(i, 5000 * i)) << i;
    }
    EXPECT_TRUE(target.contents["bigger"] == MakeBytes(101, 12'000'000));
  }

  NodeId directory_;
  std::vector<NodeId> nodes_;
};
INSTANTIATE_TEST_SUITE_P(Executors, FailureTest,
                         ::testing::Values(ExecutorKind::kThreads, ExecutorKind::kManual),
                         ExecutorName);

// With one thread of control the calls have one order, so each of them can fail in turn.
class EachCallTest : public FailureTest {};
INSTANTIATE_TEST_SUITE_P(Executors, EachCallTest, ::testing::Values(ExecutorKind::kManual),
                         ExecutorName);

TEST_P(EachCallTest, OneLostRequestOrAnswerIsMadeGood) {
  for (const bool after : {false, true}) {
    for (size_t failing = 0;; ++failing) {
      SCOPED_TRACE(absl::StrCat("call ", failing, after ? " after" : " before"));
      SeededEntropy entropy(failing);
      MemoryService service(entropy);
      SE_ASSERT_OK(CreateNamespace(service, {.average_block_bytes = 4096}, nullptr, entropy));
      ProbeService probe(service);
      const auto fail = [&](size_t number, ProbeService::Call) {
        return number == failing ? absl::UnavailableError("planned") : absl::OkStatus();
      };
      (after ? probe.fail_after : probe.fail_before) = fail;
      auto opened = OpenNamespace(probe, "main", nullptr, entropy);
      SE_ASSERT_OK(opened);
      nodes_.clear();
      MakeNodes();
      ListPlan plan;
      AddTree(plan);
      Uploader uploader(*opened, *executor_, entropy, clock_, {.commit_changes = 3});
      SE_ASSERT_OK(uploader.Upload(plan));
      for (const auto& [label, result] : plan.results)
        EXPECT_TRUE(plan.IsCommitted(label)) << label;
      EXPECT_EQ(plan.results.size(), 13u);
      EXPECT_EQ(probe.violations(), std::vector<std::string>());
      if (failing >= probe.calls()) break;
    }
  }
}

TEST_P(EachCallTest, RunningAgainAfterAnOutageSendsOnlyWhatWasInFlight) {
  size_t calls = 1;
  uint64_t whole = 0;
  for (size_t failing = 0; failing < calls; ++failing) {
    SCOPED_TRACE(absl::StrCat("outage from call ", failing));
    SeededEntropy entropy(7);
    MemoryService service(entropy);
    SE_ASSERT_OK(CreateNamespace(service, {.average_block_bytes = 4096}, nullptr, entropy));
    const auto upload = [&](ProbeService& probe, ListPlan& plan) {
      auto opened = OpenNamespace(probe, "main", nullptr, entropy);
      EXPECT_TRUE(opened.ok());
      Uploader uploader(*opened, *executor_, entropy, clock_, {.commit_changes = 3});
      return uploader.Upload(plan).status();
    };
    nodes_.clear();
    MakeNodes();
    ProbeService down(service);
    down.fail_before = [&](size_t number, ProbeService::Call) {
      return number >= failing ? absl::UnavailableError("planned") : absl::OkStatus();
    };
    ListPlan first;
    AddTree(first);
    EXPECT_TRUE(absl::IsUnavailable(upload(down, first)));
    const size_t stored = service.segments();
    ProbeService up(service);
    ListPlan second;
    AddTree(second);
    std::erase_if(second.items,
                  [&](const UploadItem& item) { return first.IsCommitted(item.label); });
    const size_t left = second.items.size();
    SE_EXPECT_OK(upload(up, second));
    EXPECT_EQ(second.results.size(), left);
    for (const auto& [label, result] : second.results)
      EXPECT_TRUE(second.IsCommitted(label)) << label;
    if (failing == 0) {
      whole = up.put_bytes();
      calls = up.calls();
    }
    // What was stored is not sent again; segments are packed anew, so allow for their frames.
    if (stored > 0) {
      EXPECT_LT(up.put_bytes(), whole - stored * 100);
    }
  }
}

TEST_P(FailureTest, FileThatChangesWhileReadIsSkipped) {
  Create();
  ListPlan plan;
  plan.AddFile("a", MakeBytes(1, 100'000), NewNode());
  plan.AddFile("b", MakeBytes(2, 2'000'000), NewNode(), 1u << 30, absl::AbortedError("changed"));
  plan.AddFile("c", MakeBytes(3, 100'000), NewNode());
  UploadItem& unreadable = plan.AddFile("d", "", NewNode());
  unreadable.open = []() -> absl::StatusOr<std::unique_ptr<ContentSource>> {
    return absl::PermissionDeniedError("no");
  };
  plan.AddFile("e", MakeBytes(4, 10), NewNode());
  SE_ASSERT_OK(Upload(plan));
  EXPECT_EQ(plan.order, (std::vector<std::string>{"a", "b", "c", "d", "e"}));
  EXPECT_TRUE(plan.IsCommitted("a"));
  EXPECT_TRUE(absl::IsAborted(plan.results["b"].status));
  EXPECT_TRUE(plan.IsCommitted("c"));
  EXPECT_TRUE(absl::IsPermissionDenied(plan.results["d"].status));
  EXPECT_TRUE(plan.IsCommitted("e"));
  EXPECT_TRUE(absl::IsNotFound(
      service_.Stat(opened_.record.id, {.path = "/b", .node = std::nullopt}).status()));
}

TEST_P(FailureTest, RefusedChangesAreReportedAndTheRestIsCommitted) {
  Create();
  ListPlan first;
  first.AddFile("taken", "old", NewNode());
  SE_ASSERT_OK(Upload(first));
  ListPlan plan;
  plan.AddFile("good1", "1", NewNode());
  plan.AddFile("taken", "new", NewNode());
  plan.AddFile("moved", "2", NewNode()).change.base = RevisionId(std::array<uint8_t, 16>{1});
  plan.AddFile(std::string("bad/name"), "3", NewNode());
  plan.AddFile(std::string("big/bad"), std::string(2'000'000, '3'), NewNode());
  const NodeId lost = NewNode();
  plan.Add("lost", NodeKind::kDirectory, NewNode(), lost);
  for (int i = 0; i < 20; ++i) {
    plan.AddFile(absl::StrCat("child", i), "4", NewNode()).change.state.parent = lost;
  }
  plan.AddFile("good2", "5", NewNode());
  ResetProbe();
  SE_ASSERT_OK(Upload(plan));
  EXPECT_TRUE(plan.IsCommitted("good1"));
  EXPECT_TRUE(plan.IsCommitted("good2"));
  EXPECT_EQ(plan.results["taken"].outcome.verdict, ChangeVerdict::kNameTaken);
  EXPECT_TRUE(plan.results["taken"].outcome.head.has_value());
  EXPECT_EQ(plan.results["moved"].outcome.verdict, ChangeVerdict::kHeadMoved);
  EXPECT_TRUE(absl::IsInvalidArgument(plan.results["bad/name"].status));
  EXPECT_TRUE(absl::IsInvalidArgument(plan.results["big/bad"].status));
  EXPECT_EQ(plan.results["lost"].outcome.verdict, ChangeVerdict::kParentGone);
  EXPECT_EQ(plan.results["child7"].outcome.verdict, ChangeVerdict::kParentGone);
  EXPECT_EQ(plan.results.size(), 27u);
  EXPECT_LT(probe_->commits(), 20u);
}

TEST_P(FailureTest, StopEndsAnUploadAndTakesAnnouncementsBack) {
  Create();
  ListPlan plan;
  for (int i = 0; i < 30; ++i)
    plan.AddFile(absl::StrCat("f", i), MakeBytes(i, 2'000'000), NewNode());
  std::stop_source stop;
  auto stats = Upload(
      plan, {.commit_changes = 1},
      [&](const Progress& progress) {
        if (progress.files_done >= 2) stop.request_stop();
      },
      stop.get_token());
  EXPECT_TRUE(absl::IsCancelled(stats.status())) << stats.status();
  std::map<JournalKind, int> kinds;
  for (const JournalEntry& entry : service_.journal()) ++kinds[entry.kind];
  EXPECT_EQ(kinds[JournalKind::kUploading],
            kinds[JournalKind::kCommitted] + kinds[JournalKind::kAborted]);
  EXPECT_GT(kinds[JournalKind::kAborted], 0);
  EXPECT_GE(plan.results.size(), 2u);
}

TEST_P(FailureTest, StopEndsADownloadAndTellsEveryItem) {
  Create(KeyHolder::kServer, 65'536);  // No manifest nodes.
  ListPlan plan;
  for (int i = 0; i < 30; ++i)
    plan.AddFile(absl::StrCat("f", i), MakeBytes(i, 1'000'000), NewNode());
  SE_ASSERT_OK(Upload(plan));
  MemoryTarget target;
  for (const auto& [label, result] : plan.results) target.Add(label, result.content);
  std::stop_source stop;
  Downloader downloader(opened_, *executor_, {.buffer_bytes = 3'000'000});
  auto stats = downloader.Download(
      target,
      [&](const Progress& progress) {
        if (progress.files_done >= 2) stop.request_stop();
      },
      stop.get_token());
  EXPECT_TRUE(absl::IsCancelled(stats.status())) << stats.status();
  EXPECT_EQ(target.statuses.size() + target.items.size(), 30u);
  EXPECT_GT(target.items.size(), 0u);
}

TEST_P(FailureTest, OnlyTheItemsOfADamagedFrameFail) {
  Create(KeyHolder::kServer, 65'536);  // No manifest nodes.
  ListPlan plan;
  plan.AddFile("a", MakeBytes(1, 1'000'000), NewNode());
  plan.AddFile("b", MakeBytes(2, 1'000'000), NewNode());
  plan.AddFile("c", MakeBytes(3, 1'000'000), NewNode());
  SE_ASSERT_OK(Upload(plan));
  const auto manifest = OpenContentRef(*opened_.keys, plan.results["b"].content);
  SE_ASSERT_OK(manifest);
  // Somewhere in the middle, so that the frame holds no other file.
  service_.Damage(manifest->entries[manifest->entries.size() / 2].id);
  MemoryTarget target;
  auto stats = Download(plan, target);
  SE_ASSERT_OK(stats);
  EXPECT_EQ(stats->failed, 1u);
  EXPECT_TRUE(HasReason(target.statuses["b"], Reason::kIntegrity));
  EXPECT_NE(target.statuses["b"].message().find("b"), std::string::npos);
  EXPECT_FALSE(target.contents.contains("b"));
  EXPECT_TRUE(target.contents["a"] == MakeBytes(1, 1'000'000));
  EXPECT_TRUE(target.contents["c"] == MakeBytes(3, 1'000'000));
}

TEST_P(FailureTest, OnlyTheItemWithALostBlockFails) {
  Create();
  ListPlan plan;
  for (int i = 0; i < 9; ++i) {
    // One by one, so that no frame has blocks of two files.
    plan.AddFile(absl::StrCat("f", i), MakeBytes(i, 50'000), NewNode());
    SE_ASSERT_OK(Upload(plan));
  }
  for (const BlockId& id : plan.results["f4"].content.blocks) service_.Lose(id);
  MemoryTarget target;
  auto stats = Download(plan, target);
  SE_ASSERT_OK(stats);
  EXPECT_EQ(stats->failed, 1u);
  EXPECT_TRUE(HasReason(target.statuses["f4"], Reason::kIntegrity));
  for (int i = 0; i < 9; ++i) {
    const std::string label = absl::StrCat("f", i);
    EXPECT_EQ(target.contents[label] == MakeBytes(i, 50'000), i != 4) << i;
  }
}

TEST_P(FailureTest, FailingSinkFailsItsItemOnly) {
  Create();
  ListPlan plan;
  plan.AddFile("a", MakeBytes(1, 100'000), NewNode());
  plan.AddFile("b", MakeBytes(2, 100'000), NewNode());
  SE_ASSERT_OK(Upload(plan));
  MemoryTarget target;
  target.Add("a", plan.results["a"].content);
  target.Add("b", plan.results["b"].content);
  target.items[0].open = []() -> absl::StatusOr<std::unique_ptr<ContentSink>> {
    return MakeError(Reason::kDiskFull, "full");
  };
  Downloader downloader(opened_, *executor_);
  auto stats = downloader.Download(target);
  SE_ASSERT_OK(stats);
  EXPECT_TRUE(HasReason(target.statuses["a"], Reason::kDiskFull));
  SE_EXPECT_OK(target.statuses["b"]);
}

TEST_P(FailureTest, BlocksThatVanishBeforeTheCommitAreSentAgain) {
  Create();
  const std::string bytes = MakeBytes(1, 200'000);
  ListPlan first;
  first.AddFile("a", bytes, NewNode());
  SE_ASSERT_OK(Upload(first));
  const std::vector<BlockId> blocks = first.results["a"].content.blocks;
  ResetProbe();
  // The collector takes them between the question and the commit.
  std::atomic<bool> lost = false;
  probe_->fail_before = [&](size_t, ProbeService::Call call) {
    if (call == ProbeService::Call::kCommit && !lost.exchange(true)) {
      for (const BlockId& id : blocks) service_.Lose(id);
    }
    return absl::OkStatus();
  };
  ListPlan second;
  second.AddFile("b", bytes, NewNode());
  second.AddFile("c", MakeBytes(2, 1000), NewNode());
  SE_ASSERT_OK(Upload(second));
  EXPECT_TRUE(second.IsCommitted("b"));
  EXPECT_TRUE(second.IsCommitted("c"));
  MemoryTarget target;
  SE_ASSERT_OK(Download(second, target));
  EXPECT_TRUE(target.contents["b"] == bytes);
}

TEST_P(FailureTest, ChildrenThatVanishBeforeTheirManifestAreSentAgain) {
  Create();
  std::string bytes = MakeBytes(1, 3'000'000);
  ListPlan first;
  first.AddFile("a", bytes, NewNode());
  SE_ASSERT_OK(Upload(first));
  const auto root = OpenContentRef(*opened_.keys, first.results["a"].content);
  SE_ASSERT_OK(root);
  ASSERT_GT(root->height, 0);
  ResetProbe();
  std::atomic<bool> lost = false;
  probe_->fail_before = [&](size_t, ProbeService::Call call) {
    if (call == ProbeService::Call::kPut && !lost.exchange(true)) {
      for (const BlockId& id : service_.AllBlocks()) service_.Lose(id);
    }
    return absl::OkStatus();
  };
  bytes.insert(1'500'000, "x");
  ListPlan second;
  second.AddFile("b", bytes, NewNode());
  SE_ASSERT_OK(Upload(second));
  EXPECT_TRUE(second.IsCommitted("b"));
  MemoryTarget target;
  SE_ASSERT_OK(Download(second, target));
  EXPECT_TRUE(target.contents["b"] == bytes);
}

TEST_P(FailureTest, BlocksThatVanishTwiceAreReported) {
  Create();
  probe_->fail_before = [&](size_t, ProbeService::Call call) {
    if (call == ProbeService::Call::kCommit) {
      for (const BlockId& id : service_.AllBlocks()) service_.Lose(id);
    }
    return absl::OkStatus();
  };
  ListPlan plan;
  plan.AddFile("a", MakeBytes(1, 10'000), NewNode());
  SE_ASSERT_OK(Upload(plan));
  EXPECT_EQ(plan.results["a"].outcome.verdict, ChangeVerdict::kMissingBlocks);
}

}  // namespace
}  // namespace syncengine::testing
