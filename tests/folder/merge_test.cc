// Both sides changed one content: it is merged on both devices, or kept twice and on record; either
// way nothing is lost and every version can be had back.
#include "absl/container/flat_hash_set.h"
#include "tests/folder/folder_world.h"
#include "tests/transfer/probe_service.h"

namespace syncengine {
namespace {

using testing::FolderTest;
using Tree = std::map<std::string, std::string>;

std::string Lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) absl::StrAppend(&text, line, "\n");
  return text;
}

class MergeTest : public FolderTest {
 protected:
  const NamespaceId& id() { return a.opened().record.id; }

  std::vector<ConflictRecord> Conflicts(bool decided_too = false) {
    auto page = server.owner().ListConflicts(id(), {.decided_too = decided_too});
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? page->conflicts : std::vector<ConflictRecord>();
  }
  Revision Head(const std::string& path) {
    auto head = server.owner().Stat(id(), {.path = path, .node = std::nullopt});
    EXPECT_TRUE(head.ok()) << path << ": " << head.status();
    return head.ok() ? *head : Revision();
  }
  std::vector<Revision> History(const NodeId& node) {
    auto page = server.owner().Revisions(id(), {.node = node});
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? page->revisions : std::vector<Revision>();
  }
  // Makes an old state the head again, as `restore` does.
  void Restore(const std::string& path, const RevisionId& wanted) {
    const Revision head = Head(path);
    for (const Revision& revision : History(head.node)) {
      if (revision.id != wanted) continue;
      Change change{.node = head.node, .base = head.id, .state = revision.state};
      auto done = server.owner().Commit(
          id(), {.op = server.entropy.NewId<OpId>(), .changes = {std::move(change)}});
      SE_ASSERT_OK(done);
      EXPECT_TRUE(done->committed);
      return;
    }
    FAIL() << "no revision " << wanted.ToHex();
  }
  // Both devices have `base`; then each edits offline, and a is the first to come back.
  SyncReport Contest(const std::string& path, const std::string& base, const std::string& of_a,
                     const std::string& of_b) {
    a.Write(path, base);
    Settle();
    a.Write(path, of_a);
    b.Write(path, of_b);
    a.MustSync();
    SyncReport report = b.MustSync();
    Settle();
    return report;
  }
};

TEST_F(MergeTest, EditsInDifferentPlacesAreMergedOnBothDevices) {
  const SyncReport report = Contest("n.txt", Lines({"one", "two", "three", "four", "five"}),
                                    Lines({"ONE", "two", "three", "four", "five"}),
                                    Lines({"one", "two", "three", "four", "FIVE"}));
  EXPECT_EQ(report.conflicts, 0u);
  ASSERT_EQ(report.merged.size(), 1u);
  EXPECT_EQ(report.merged[0].path, "n.txt");
  const Tree merged = {{"n.txt", Lines({"ONE", "two", "three", "four", "FIVE"})}};
  EXPECT_EQ(a.Tree(), merged);
  EXPECT_EQ(b.Tree(), merged);
  EXPECT_TRUE(Conflicts().empty());
}

TEST_F(MergeTest, AMergeHasTwoParentsAndAllFourVersionsAreRevisions) {
  const SyncReport report = Contest("n.txt", Lines({"1", "2", "3", "4"}),
                                    Lines({"1a", "2", "3", "4"}), Lines({"1", "2", "3", "4b"}));
  ASSERT_EQ(report.merged.size(), 1u);
  const MergedFile& merged = report.merged[0];
  const Revision head = Head("/n.txt");
  EXPECT_EQ(head.id, merged.revision);
  EXPECT_EQ(head.parent, merged.theirs);
  EXPECT_EQ(head.merged_from, merged.ours);
  absl::flat_hash_set<RevisionId> kept;
  for (const Revision& revision : History(head.node)) {
    kept.insert(revision.id);
    EXPECT_EQ(revision.aside, revision.id == merged.ours);
    const bool parent = revision.id == merged.ours || revision.id == merged.theirs;
    EXPECT_EQ(revision.parent == merged.base, parent);
  }
  EXPECT_EQ(kept.size(), 4u);
  for (const RevisionId& id : {merged.base, merged.ours, merged.theirs, merged.revision}) {
    EXPECT_TRUE(kept.contains(id)) << id.ToHex();
  }
}

TEST_F(MergeTest, AMergeIsUndoneByRestoringEitherParent) {
  const std::string of_a = Lines({"1a", "2", "3", "4"}), of_b = Lines({"1", "2", "3", "4b"});
  const SyncReport report = Contest("n.txt", Lines({"1", "2", "3", "4"}), of_a, of_b);
  ASSERT_EQ(report.merged.size(), 1u);
  Restore("/n.txt", report.merged[0].ours);
  Settle();
  EXPECT_EQ(a.Tree().at("n.txt"), of_b);
  Restore("/n.txt", report.merged[0].theirs);
  Settle();
  EXPECT_EQ(b.Tree().at("n.txt"), of_a);
}

TEST_F(MergeTest, JsonIsMergedByValues) {
  const SyncReport report =
      Contest("c.json", R"({"a": 1, "b": 2})", R"({"a": 10, "b": 2})", R"({"a": 1, "b": 20})");
  EXPECT_EQ(report.conflicts, 0u);
  EXPECT_EQ(report.merged.size(), 1u);
  EXPECT_EQ(a.Tree(), (Tree{{"c.json", R"({"a": 10, "b": 20})"}}));
}

TEST_F(MergeTest, BytesThatNobodyChangedStayAsTheyAre) {
  const std::string bom = "\xef\xbb\xbf";
  Contest("w.txt", bom + "one\r\ntwo\r\nthree\r\nfour", bom + "ONE\r\ntwo\r\nthree\r\nfour",
          bom + "one\r\ntwo\r\nthree\r\nFOUR");
  EXPECT_EQ(a.Tree(), (Tree{{"w.txt", bom + "ONE\r\ntwo\r\nthree\r\nFOUR"}}));
}

TEST_F(MergeTest, OneLineChangedTwiceGivesACopyAndARecord) {  // R17, R20
  const std::string base = Lines({"x", "price 10", "y"});
  const SyncReport report =
      Contest("n.txt", base, Lines({"x", "price 11", "y"}), Lines({"x", "price 12", "y"}));
  EXPECT_EQ(report.conflicts, 1u);
  EXPECT_TRUE(report.merged.empty());
  const Tree tree = a.Tree();
  EXPECT_EQ(tree.at("n.txt"), Lines({"x", "price 11", "y"}));
  EXPECT_EQ(ConflictedCopies(tree), std::vector<std::string>{Lines({"x", "price 12", "y"})});
  EXPECT_EQ(tree, b.Tree());

  const auto conflicts = Conflicts();
  ASSERT_EQ(conflicts.size(), 1u);
  const ConflictRecord& conflict = conflicts[0];
  EXPECT_EQ(conflict.path, "/n.txt");
  EXPECT_EQ(conflict.reason, ConflictReason::kOverlap);
  EXPECT_EQ(conflict.theirs.id, Head("/n.txt").id);
  EXPECT_EQ(conflict.ours.id, conflict.id);
  EXPECT_TRUE(conflict.ours.aside);
  EXPECT_EQ(conflict.ours.parent, conflict.theirs.parent);  // The base.
  EXPECT_EQ(conflict.ours.state.content.size, Lines({"x", "price 12", "y"}).size());
  ASSERT_FALSE(conflict.hunks.empty());
  EXPECT_LT(conflict.hunks[0].ours_begin, conflict.hunks[0].ours_end);
  ASSERT_TRUE(conflict.copy.has_value());
  // The name says when the losing revision was committed, and by whom.
  EXPECT_EQ(conflict.copy_path,
            absl::StrCat("/n (conflict ",
                         absl::FormatTime("%Y-%m-%d %H%M%S", conflict.ours.committed_at,
                                          absl::UTCTimeZone()),
                         " B).txt"));
  EXPECT_TRUE(tree.contains(conflict.copy_path.substr(1))) << conflict.copy_path;
}

TEST_F(MergeTest, WhatIsNoTextBecomesAConflictedCopy) {
  const std::string zero("\0\1\2", 3);
  EXPECT_EQ(Contest("b.bin", zero + "base", zero + "of a", zero + "of b!").conflicts, 1u);
  ASSERT_EQ(Conflicts().size(), 1u);
  EXPECT_EQ(Conflicts()[0].reason, ConflictReason::kBinary);
  EXPECT_EQ(ConflictedCopies(b.Tree()), std::vector<std::string>{zero + "of b!"});
}

TEST_F(MergeTest, WithoutACommonBaseNothingIsMerged) {  // R02
  a.Write("n.txt", Lines({"of", "a"}));
  b.Write("n.txt", Lines({"of", "bee"}));
  a.MustSync();
  EXPECT_EQ(b.MustSync().conflicts, 1u);
  Settle();
  ASSERT_EQ(Conflicts().size(), 1u);
  EXPECT_EQ(Conflicts()[0].reason, ConflictReason::kNoBase);
  EXPECT_EQ(a.Tree().size(), 2u);
}

TEST_F(MergeTest, AConflictIsDecidedForTheLoser) {
  const std::string ours = Lines({"price 12"});
  Contest("n.txt", Lines({"price 10"}), Lines({"price 11"}), ours);
  ASSERT_EQ(Conflicts().size(), 1u);
  const ConflictRecord conflict = Conflicts()[0];
  const ResolveRequest request{
      .conflict = conflict.id, .decision = ConflictDecision::kOurs, .expected_head = conflict.head};
  auto result = server.owner().Resolve(id(), request);
  SE_ASSERT_OK(result);
  EXPECT_TRUE(result->resolved);
  EXPECT_FALSE(result->copy_kept);
  Settle();
  EXPECT_EQ(a.Tree(), (Tree{{"n.txt", ours}}));
  EXPECT_EQ(b.Tree(), a.Tree());
  EXPECT_TRUE(Conflicts().empty());
  EXPECT_EQ(Head("/n.txt").merged_from, conflict.id);
  auto again = server.owner().Resolve(id(), request);  // Repeated: the same answer, one effect.
  SE_ASSERT_OK(again);
  EXPECT_EQ(again->revision, result->revision);
}

TEST_F(MergeTest, AConflictIsNotDecidedOnAHeadThatMoved) {
  Contest("n.txt", Lines({"price 10"}), Lines({"price 11"}), Lines({"price 12"}));
  ASSERT_EQ(Conflicts().size(), 1u);
  const ConflictRecord conflict = Conflicts()[0];
  a.Write("n.txt", Lines({"price 13"}));
  a.MustSync();
  auto result = server.owner().Resolve(id(), {.conflict = conflict.id,
                                              .decision = ConflictDecision::kOurs,
                                              .expected_head = conflict.head});
  SE_ASSERT_OK(result);
  EXPECT_FALSE(result->resolved);
  ASSERT_TRUE(result->head.has_value());
  EXPECT_EQ(result->head->id, Head("/n.txt").id);
  EXPECT_EQ(Conflicts().size(), 1u);
}

TEST_F(MergeTest, ACopyThatWasEditedSurvivesTheDecision) {
  Contest("n.txt", Lines({"price 10"}), Lines({"price 11"}), Lines({"price 12"}));
  ASSERT_EQ(Conflicts().size(), 1u);
  a.Write(Conflicts()[0].copy_path.substr(1), "edited since");
  a.MustSync();
  const ConflictRecord conflict = Conflicts()[0];
  auto result = server.owner().Resolve(id(), {.conflict = conflict.id,
                                              .decision = ConflictDecision::kTheirs,
                                              .expected_head = conflict.head});
  SE_ASSERT_OK(result);
  EXPECT_TRUE(result->copy_kept);
  Settle();
  EXPECT_EQ(ConflictedCopies(b.Tree()), std::vector<std::string>{"edited since"});
}

TEST_F(MergeTest, IdenticalLosersMakeOneCopy) {  // R19
  testing::FolderDevice c(server, "C");
  a.Write("n.txt", Lines({"price 10"}));
  a.MustSync();
  b.MustSync();
  c.MustSync();
  a.Write("n.txt", Lines({"price 11"}));
  b.Write("n.txt", Lines({"price 12"}));
  c.Write("n.txt", Lines({"price 12"}));
  a.MustSync();
  EXPECT_EQ(b.MustSync().conflicts, 1u);
  EXPECT_EQ(c.MustSync().conflicts, 0u);
  Settle();
  c.MustSync();
  EXPECT_EQ(c.Tree().size(), 2u);
  EXPECT_EQ(c.Tree(), a.Tree());
  EXPECT_EQ(Conflicts().size(), 1u);
}

TEST_F(MergeTest, ACopyThatLosesAConflictIsNoCopyOfACopy) {
  Contest("n.txt", Lines({"price 10"}), Lines({"price 11"}), Lines({"price 12"}));
  ASSERT_EQ(Conflicts().size(), 1u);
  const std::string copy = Conflicts()[0].copy_path.substr(1);
  a.Write(copy, Lines({"price 13"}));
  b.Write(copy, Lines({"price 14"}));
  Settle();
  EXPECT_EQ(a.Tree().size(), 3u);
  for (const auto& [path, bytes] : a.Tree()) {
    EXPECT_EQ(path.find("(conflict", path.find("(conflict") + 1), std::string::npos) << path;
  }
}

TEST_F(MergeTest, AnEditDuringTheMergeIsMergedAsWell) {
  a.Write("n.txt", Lines({"1", "2", "3", "4", "5", "6", "7"}));
  Settle();
  a.Write("n.txt", Lines({"1a", "2", "3", "4", "5", "6", "7"}));
  b.Write("n.txt", Lines({"1", "2", "3", "4", "5", "6", "7b"}));
  a.MustSync();
  auto client = b.Open();
  SE_ASSERT_OK(client);
  bool edited = false;
  // The merge is committed, and is about to replace the file.
  b.hooks->before_rename = [&](absl::string_view, absl::string_view to) {
    if (to != "n.txt" || std::exchange(edited, true)) return;
    b.Write("n.txt", Lines({"1", "2", "3", "4c", "5", "6", "7b"}));
  };
  SE_ASSERT_OK((*client)->SyncOnce());
  client->reset();
  EXPECT_TRUE(edited);
  Settle();
  // Caught before the swap it is merged, behind it it is a copy: never lost.
  bool found = false;
  for (const auto& [path, bytes] : a.Tree()) found |= bytes.find("4c") != std::string::npos;
  EXPECT_TRUE(found);
  EXPECT_NE(a.Tree().at("n.txt").find("1a"), std::string::npos);
  EXPECT_NE(a.Tree().at("n.txt").find("7b"), std::string::npos);
}

TEST_F(MergeTest, AHeadThatMovesWhileWeMergeIsMergedWithAsWell) {
  a.Write("n.txt", Lines({"1", "2", "3", "4", "5", "6", "7"}));
  Settle();
  a.Write("n.txt", Lines({"1a", "2", "3", "4", "5", "6", "7"}));
  a.MustSync();
  b.Write("n.txt", Lines({"1", "2", "3", "4", "5", "6", "7b"}));
  testing::ProbeService probe(server.owner());
  int interfered = 0;
  probe.fail_before = [&](size_t, testing::ProbeService::Call call) {
    if (call == testing::ProbeService::Call::kCommit && interfered < 2) {
      const std::string line = absl::StrCat("4 by a, ", ++interfered);
      a.Write("n.txt", Lines({"1a", "2", "3", line, "5", "6", "7"}));
      a.MustSync();
    }
    return absl::OkStatus();
  };
  b.Connect(&probe);
  const SyncReport report = b.MustSync();
  EXPECT_EQ(interfered, 2);
  EXPECT_EQ(report.merged.size(), 1u);
  b.Connect();
  Settle();
  EXPECT_EQ(b.Tree(), (Tree{{"n.txt", Lines({"1a", "2", "3", "4 by a, 2", "5", "6", "7b"})}}));
  EXPECT_EQ(a.Tree(), b.Tree());
  EXPECT_EQ(probe.violations(), std::vector<std::string>());
}

TEST_F(MergeTest, ALostAnswerMergesNothingTwice) {
  a.Write("n.txt", Lines({"1", "2", "3", "4"}));
  Settle();
  a.Write("n.txt", Lines({"1a", "2", "3", "4"}));
  b.Write("n.txt", Lines({"1", "2", "3", "4b"}));
  a.MustSync();
  testing::ProbeService probe(server.owner());
  bool lost = false;
  // The merge is committed; then the client is cut off and starts anew.
  probe.fail_after = [&](size_t, testing::ProbeService::Call call) -> absl::Status {
    if (call != testing::ProbeService::Call::kCommit || std::exchange(lost, true)) return {};
    return absl::InternalError("cut off");
  };
  b.Connect(&probe);
  auto report = b.Sync();
  SE_ASSERT_OK(report);
  EXPECT_FALSE(report->idle);
  EXPECT_EQ(report->issues.size(), 1u);
  EXPECT_TRUE(lost);
  b.Connect();
  Settle();
  EXPECT_EQ(a.Tree(), (Tree{{"n.txt", Lines({"1a", "2", "3", "4b"})}}));
  EXPECT_EQ(b.Tree(), a.Tree());
  EXPECT_TRUE(Conflicts().empty());
}

TEST_F(MergeTest, TwoTargetsOfOneLinkAreBothKept) {
  const auto link = [](testing::FolderDevice& device, const std::string& target) {
    if (device.disk().Stat("link").ok()) device.Remove("link");
    SE_ASSERT_OK(device.disk().MakeSymlink("link", target));
  };
  link(a, "base");
  Settle();
  link(a, "of a");
  link(b, "of b");
  Settle();
  ASSERT_EQ(Conflicts().size(), 1u);
  EXPECT_EQ(Conflicts()[0].reason, ConflictReason::kNotAFile);
  EXPECT_EQ(a.Tree().at("link"), "-> of a");
  EXPECT_EQ(ConflictedCopies(a.Tree()), std::vector<std::string>{"-> of b"});
}

TEST_F(MergeTest, AnEmbeddersMergerIsAskedFirst) {
  // Takes the larger number, and nothing else.
  class Larger final : public Merger {
   public:
    bool Accepts(absl::string_view name, absl::string_view) const override {
      return name == "counter";
    }
    MergeResult Merge(const MergeInput& input, const MergeOptions&) const override {
      return {.verdict = Verdict::kClean,
              .text = std::string(std::max(input.ours, input.theirs)),
              .conflicts = {},
              .reason = {}};
    }
  };
  MergerRegistry mergers;
  mergers.Add(std::make_unique<Larger>());
  b.mergers = &mergers;
  EXPECT_EQ(Contest("counter", "5", "7", "6").conflicts, 0u);
  EXPECT_EQ(b.Tree(), (Tree{{"counter", "7"}}));
}

TEST_F(MergeTest, ARenameAndAnEditMeetInOneFile) {
  a.Write("n.txt", Lines({"1", "2", "3", "4"}));
  Settle();
  a.Rename("n.txt", "m.txt");
  a.Write("m.txt", Lines({"1a", "2", "3", "4"}));
  b.Write("n.txt", Lines({"1", "2", "3", "4b"}));
  a.MustSync();
  b.MustSync();
  Settle();
  // Saving replaces the file, so the first may also be seen as a deletion and a new file; either
  // way both edits are there.
  std::string all;
  for (const auto& [path, bytes] : b.Tree()) all += bytes;
  EXPECT_NE(all.find("1a"), std::string::npos);
  EXPECT_NE(all.find("4b"), std::string::npos);
}

TEST_F(MergeTest, WithMergingOffThereIsACopy) {
  b.merge_contents = false;
  EXPECT_EQ(Contest("n.txt", Lines({"1", "2", "3", "4"}), Lines({"1a", "2", "3", "4"}),
                    Lines({"1", "2", "3", "4b"}))
                .conflicts,
            1u);
  EXPECT_EQ(ConflictedCopies(a.Tree()).size(), 1u);
}

TEST_F(MergeTest, BeyondTheCapTheLoserIsARevisionAndARecord) {  // R19
  b.copies_max = 0;
  const std::string ours = Lines({"price 12"});
  EXPECT_EQ(Contest("n.txt", Lines({"price 10"}), Lines({"price 11"}), ours).conflicts, 1u);
  EXPECT_EQ(a.Tree(), (Tree{{"n.txt", Lines({"price 11"})}}));
  ASSERT_EQ(Conflicts().size(), 1u);
  EXPECT_FALSE(Conflicts()[0].copy.has_value());
  Restore("/n.txt", Conflicts()[0].id);
  Settle();
  EXPECT_EQ(a.Tree(), (Tree{{"n.txt", ours}}));
}

TEST_F(MergeTest, DeleteAgainstEditGivesARevisionOverBoth) {
  a.Write("n.txt", "1");
  Settle();
  const Revision base = Head("/n.txt");
  a.Remove("n.txt");
  b.Write("n.txt", "2");
  Settle();
  EXPECT_EQ(a.Tree(), (Tree{{"n.txt", "2"}}));
  const Revision head = Head("/n.txt");
  EXPECT_EQ(head.node, base.node);
  const auto history = History(head.node);
  ASSERT_EQ(history.size(), 3u);
  EXPECT_TRUE(history[1].state.deleted);
  EXPECT_EQ(head.parent, history[1].id);
  EXPECT_EQ(history[1].parent, base.id);
}

}  // namespace
}  // namespace syncengine
