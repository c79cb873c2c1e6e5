// Both sides changed: nothing is lost, and it is found on every device.
#include "tests/folder/folder_world.h"

namespace syncengine {
namespace {

using testing::FolderTest;
using Tree = std::map<std::string, std::string>;

class ConflictTest : public FolderTest {};

TEST_F(ConflictTest, TheLosingContentIsReachableOnEveryDevice) {  // R17
  a.Write("f.txt", "base");
  Settle();
  a.Write("f.txt", "from a");
  b.Write("f.txt", "from b!");
  a.MustSync();
  EXPECT_EQ(b.MustSync().conflicts, 1u);
  Settle();
  const Tree tree = a.Tree();
  EXPECT_EQ(tree.size(), 2u);
  EXPECT_EQ(tree.at("f.txt"), "from a");
  EXPECT_EQ(ConflictedCopies(tree), std::vector<std::string>{"from b!"});
  EXPECT_NE(tree.begin()->first.find(" B).txt"), std::string::npos) << tree.begin()->first;
}

TEST_F(ConflictTest, IdenticalContentIsNoConflict) {  // R19
  a.Write("f", "base");
  Settle();
  a.Write("f", "the same");
  b.Write("f", "the same");
  a.Write("new", "also the same");
  b.Write("new", "also the same");
  Settle();
  EXPECT_EQ(b.Tree(), (Tree{{"f", "the same"}, {"new", "also the same"}}));
  EXPECT_EQ(b.MustSync().conflicts, 0u);
}

TEST_F(ConflictTest, ADeletedConflictedCopyDoesNotComeBack) {  // R19
  a.Write("f", "base");
  Settle();
  a.Write("f", "a's");
  b.Write("f", "b's edit");
  Settle();
  ASSERT_EQ(ConflictedCopies(a.Tree()).size(), 1u);
  for (const auto& [path, bytes] : a.Tree()) {
    if (bytes == "b's edit") a.Remove(path);
  }
  Settle();
  EXPECT_EQ(b.Tree(), (Tree{{"f", "a's"}}));
}

TEST_F(ConflictTest, DeleteAgainstEditKeepsTheEdit) {
  a.Write("one", "1");
  a.Write("two", "2");
  a.Write("three", "3");
  Settle();
  a.Remove("one");
  b.Write("one", "1 edited");
  a.Write("two", "2 edited");
  b.Remove("two");
  Settle();
  EXPECT_EQ(a.Tree(), (Tree{{"one", "1 edited"}, {"three", "3"}, {"two", "2 edited"}}));
}

TEST_F(ConflictTest, FirstSyncOfTwoFilledFoldersIsTheUnion) {  // R02
  a.MakeDirectory("d");
  a.Write("d/same", "same");
  a.Write("d/differs", "a's");
  a.Write("only a", "1");
  b.MakeDirectory("d");
  b.Write("d/same", "same");
  b.Write("d/differs", "b's own");
  b.Write("only b", "2");
  a.MustSync();
  const SyncReport report = b.MustSync();
  EXPECT_EQ(report.deleted, 0u);
  Settle();
  const Tree tree = a.Tree();
  EXPECT_EQ(tree.at("d/same"), "same");
  EXPECT_EQ(tree.at("d/differs"), "a's");
  EXPECT_EQ(tree.at("only a"), "1");
  EXPECT_EQ(tree.at("only b"), "2");
  EXPECT_EQ(ConflictedCopies(tree), std::vector<std::string>{"b's own"});
}

TEST_F(ConflictTest, SingleWriterHistoriesGiveNoConflicts) {  // R18
  for (int i = 0; i < 6; ++i) {
    a.Write("f", absl::StrCat("version ", i));
    if (i % 2 == 0) server.clock.SetNow(server.clock.Now() - absl::Hours(i * 7));
    a.MustSync();
    if (i % 3 != 0) continue;
    EXPECT_EQ(b.MustSync().conflicts, 0u);
  }
  Settle();
  EXPECT_EQ(b.Tree(), (Tree{{"f", "version 5"}}));
}

TEST_F(ConflictTest, ALateEditComesOutOfTheSwapAsAConflictedCopy) {  // R22
  a.Write("f", "base");
  Settle();
  a.Write("f", "from a");
  a.MustSync();
  // The exchange of the temporary file succeeds, but what comes out is not what was expected: the
  // user wrote through an open handle after the client's last look.
  auto client = b.Open();
  SE_ASSERT_OK(client);
  bool edited = false;
  b.hooks->before_rename = [&](absl::string_view, absl::string_view to) {
    if (to != "f") return;
    if (std::exchange(edited, true)) return;
    b.Write("f", "late edit");
  };
  auto report = (*client)->SyncOnce();
  SE_ASSERT_OK(report);
  client->reset();
  Settle();
  EXPECT_EQ(a.Tree().at("f"), "from a");
  EXPECT_EQ(ConflictedCopies(a.Tree()), std::vector<std::string>{"late edit"});
}

}  // namespace
}  // namespace syncengine
