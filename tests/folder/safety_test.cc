// What must never delete or overwrite anything.
#include "tests/folder/folder_world.h"

namespace syncengine {
namespace {

using testing::FolderTest;
using Tree = std::map<std::string, std::string>;

class SafetyTest : public FolderTest {};

TEST_F(SafetyTest, MassDeletionWaitsForAConfirmationOfThatVeryPlan) {  // R01
  for (int i = 0; i < 130; ++i) a.Write(absl::StrCat("f", i), absl::StrCat(i));
  Settle();
  for (int i = 0; i < 120; ++i) a.Remove(absl::StrCat("f", i));
  auto stopped = a.Sync();
  SE_EXPECT_REASON(stopped, Reason::kSafetyStop);
  const std::string token = a.token;
  ASSERT_FALSE(token.empty());
  EXPECT_EQ(b.MustSync().deleted, 0u);
  a.Remove("f125");
  SE_EXPECT_REASON(a.Sync({.confirm = token}), Reason::kSafetyStop);  // Another plan by now.
  auto confirmed = a.Sync({.confirm = a.token});
  SE_ASSERT_OK(confirmed);
  EXPECT_EQ(confirmed->deleted, 121u);
  // The other direction has the same brake.
  SE_EXPECT_REASON(b.Sync(), Reason::kSafetyStop);
  EXPECT_EQ(b.Tree().size(), 130u);
  SE_ASSERT_OK(b.Sync({.confirm = b.token}));
  EXPECT_EQ(b.Tree(), a.Tree());
}

TEST_F(SafetyTest, AnEmptiedRootHalts) {  // R06
  for (int i = 0; i < 5; ++i) a.Write(absl::StrCat("f", i), "x");
  Settle();
  a.RemoveTree("");
  SE_EXPECT_REASON(a.Sync(), Reason::kRootChanged);
  EXPECT_EQ(b.MustSync().deleted, 0u);
  SE_ASSERT_OK(a.Sync({.confirm = a.token}));
  // Everything went, on purpose; the other device asks for itself.
  EXPECT_TRUE(b.MustSync().idle);
  EXPECT_TRUE(b.Tree().empty());
}

TEST_F(SafetyTest, AReplacedRootHaltsUntilItIsAccepted) {  // R06
  a.Write("f", "content");
  a.Write("g", "content");
  Settle();
  SE_ASSERT_OK(a.disk().RemoveFile(".syncengine/root"));
  a.Remove("f");
  SE_EXPECT_REASON(a.Sync(), Reason::kRootChanged);
  a.accept_root = true;
  EXPECT_EQ(a.MustSync().deleted, 0u);
  EXPECT_EQ(a.Tree().size(), 2u);  // Fetched again: a union deletes nothing.
}

TEST_F(SafetyTest, ARootMarkThatCannotBeReadIsNotReplaced) {
  a.Write("f", "content");
  Settle();
  const auto mark = [this] {
    auto file = a.disk().OpenToRead(".syncengine/root");
    std::string bytes(64, '\0');
    bytes.resize(*(*file)->ReadAt(0, bytes.data(), bytes.size()));
    return bytes;
  };
  const std::string before = mark();
  for (int64_t index = 0; index < 6; ++index) {
    a.faults.Arm({.index = index, .status = absl::DataLossError("input/output"), .only = "ReadAt"});
    a.Sync().IgnoreError();
    a.faults.Disarm();
    EXPECT_EQ(mark(), before) << "read " << index;
  }
}

TEST_F(SafetyTest, AMoveWhoseNewContentDoesNotArriveIsNotAgreedOn) {
  a.Write("f", "first");
  Settle();
  a.Rename("f", "g");
  a.MustSync();
  a.Write("g", "second, and longer");
  a.MustSync();
  b.faults.Arm({.index = 0, .status = absl::DataLossError("input/output"), .only = "Sync"});
  b.Sync().IgnoreError();
  ASSERT_GT(b.faults.failures(), 0);
  b.faults.Disarm();
  b.MustSync();
  EXPECT_EQ(b.Tree(), a.Tree());
}

TEST_F(SafetyTest, WhatCannotBeReadIsUnknownAndNotDeleted) {  // R38
  a.MakeDirectory("d");
  a.Write("d/f", "content");
  a.Write("g", "other");
  Settle();
  // Every single Stat and List of a sync fails once.
  for (const char* call : {"Stat", "List"}) {
    for (int64_t index = 0; index < 12; ++index) {
      a.faults.Arm(
          {.index = index, .status = absl::PermissionDeniedError("injected"), .only = call});
      auto report = a.Sync();
      a.faults.Disarm();
      EXPECT_EQ(report.ok() ? report->deleted : 0u, 0u) << call << " " << index;
      EXPECT_EQ(b.MustSync().deleted, 0u) << call << " " << index;
    }
  }
  Settle();
  EXPECT_EQ(b.Tree().size(), 3u);
}

TEST_F(SafetyTest, AServerOfAnotherHistoryIsSuppliedAgainAndNothingIsDeleted) {  // R03
  a.Write("f", "content");
  a.Write("g", "other");
  Settle();
  SE_ASSERT_OK(server.engine().StartNewHistories());
  a.Connect();
  b.Connect();
  a.Remove("f");  // Not yet synced: after a restore it is no deletion.
  const SyncReport report = a.MustSync();
  EXPECT_EQ(report.deleted, 0u);
  Settle();
  EXPECT_EQ(b.Tree(), (Tree{{"f", "content"}, {"g", "other"}}));
}

TEST_F(SafetyTest, AClientThatLostItsStateDeletesNothing) {  // R04
  a.Write("f", "content");
  a.Write("g", "other");
  Settle();
  b.Write("h", "later");
  b.MustSync();
  a.ForgetState();
  a.Remove("g");
  EXPECT_EQ(a.MustSync().deleted, 0u);
  Settle();
  EXPECT_EQ(a.Tree(), (Tree{{"f", "content"}, {"g", "other"}, {"h", "later"}}));
}

TEST_F(SafetyTest, ABlankFileAfterAPowerCutIsNoEdit) {  // R05
  a.boot = "first";
  a.Write("zeros", "content");
  a.Write("cut", "content");
  a.Write("edited", "content");
  SE_ASSERT_OK_AND_ASSIGN(auto client, a.Open());
  SE_ASSERT_OK(client->SyncOnce());
  // The machine goes down while the client runs.
  const std::vector<KeyValue> left = a.CopyState();
  client.reset();
  a.RestoreState(left);
  a.Write("zeros", std::string(7, '\0'));
  a.Write("cut", "");
  a.Write("edited", "an edit");
  a.boot = "second";
  auto report = a.Sync();
  SE_ASSERT_OK(report);
  EXPECT_EQ(report->issues.size(), 2u);
  EXPECT_EQ(a.Tree(), (Tree{{"cut", "content"}, {"edited", "an edit"}, {"zeros", "content"}}));
  Settle();
  EXPECT_EQ(b.Tree(), a.Tree());
}

TEST_F(SafetyTest, AnIgnoreRuleDeletesOnNeitherSide) {  // R13
  a.Write("keep.txt", "k");
  a.Write("noise.o", "n");
  a.MakeDirectory("cache");
  a.Write("cache/x", "c");
  Settle();
  a.Write(".syncignore", "*.o\ncache/\n");
  EXPECT_EQ(a.MustSync().deleted, 0u);
  EXPECT_EQ(b.MustSync().deleted, 0u);
  a.Write("noise.o", "changed");
  a.Write("new.o", "new");
  b.Write("cache/y", "never arrives");
  EXPECT_EQ(a.MustSync().uploaded, 0u);
  b.MustSync();
  EXPECT_EQ(b.Tree().at("noise.o"), "n");
  EXPECT_FALSE(b.Tree().contains("new.o"));
  EXPECT_FALSE(a.Tree().contains("cache/y"));
}

TEST_F(SafetyTest, IgnoredChildrenOfARemotelyDeletedDirectoryAreKept) {  // R36
  b.Write(".syncignore", "*.o\n");
  a.MakeDirectory("d");
  a.Write("d/f", "content");
  Settle();
  b.Write("d/x.o", "ignored");
  a.RemoveTree("d");
  a.MustSync();
  auto report = b.Sync();
  SE_ASSERT_OK(report);
  ASSERT_EQ(report->issues.size(), 1u);
  EXPECT_EQ(report->issues[0].path, "d");
  EXPECT_EQ(b.Tree().at("d/x.o"), "ignored");
  b.MustSync();
  a.MustSync();
  EXPECT_FALSE(a.Tree().contains("d/"));
}

TEST_F(SafetyTest, ASecondClientOnOneFolderIsRefused) {  // R40
  SE_ASSERT_OK_AND_ASSIGN(auto first, a.Open());
  SE_EXPECT_REASON(a.Open(), Reason::kRootInUse);
  first.reset();
  SE_EXPECT_OK(a.Open());
}

TEST_F(SafetyTest, AFileThatChangesWhileItIsReadIsNotCommitted) {  // R08
  a.Write("f", "first half, second half");
  bool changed = false;
  a.hooks->before_open = [&](absl::string_view path) {
    if (path != "f" || std::exchange(changed, true)) return;
    a.Write("f", "another content");
  };
  SE_ASSERT_OK(a.Sync());
  EXPECT_TRUE(changed);
  b.MustSync();
  EXPECT_EQ(b.Tree(), (Tree{{"f", "another content"}}));
}

TEST_F(SafetyTest, AFullDiskTruncatesNothingAndResumes) {  // R07
  a.Write("f", "old");
  Settle();
  a.Write("f", std::string(50'000, 'n'));
  a.Write("small", "s");
  a.MustSync();
  b.memory().SetCapacity(10'000);
  auto report = b.Sync();
  SE_ASSERT_OK(report);
  EXPECT_FALSE(report->idle);
  ASSERT_EQ(report->issues.size(), 1u);
  EXPECT_EQ(report->issues[0].path, "f");
  EXPECT_EQ(b.Tree().at("f"), "old");
  EXPECT_EQ(b.Tree().at("small"), "s");
  b.memory().SetCapacity(1'000'000);
  Settle();
  EXPECT_EQ(b.Tree(), a.Tree());
}

}  // namespace
}  // namespace syncengine
