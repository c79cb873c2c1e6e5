// The answer to a commit gets lost: whatever the user does next, it was this device's own commit.
#include "tests/folder/folder_world.h"
#include "tests/transfer/probe_service.h"

namespace syncengine {
namespace {

using testing::ProbeService;
using Tree = std::map<std::string, std::string>;

class LostAnswerTest : public testing::FolderTest {
 protected:
  LostAnswerTest() { a.Connect(&probe_); }

  // A sync of A whose commit happens, and nobody tells.
  void SyncUnanswered() {
    probe_.fail_after = [](size_t, ProbeService::Call call) {
      return call == ProbeService::Call::kCommit ? absl::InternalError("the answer was lost")
                                                 : absl::OkStatus();
    };
    EXPECT_FALSE(a.Sync().ok());
    probe_.fail_after = nullptr;
  }

  ProbeService probe_{server.owner()};
};

TEST_F(LostAnswerTest, ANewFileThatIsDeletedThenStaysDeleted) {
  a.Write("f", "content");
  SyncUnanswered();
  a.Remove("f");
  Settle();
  EXPECT_EQ(b.Tree(), Tree());
}

TEST_F(LostAnswerTest, AnEditedFileThatIsDeletedThenStaysDeleted) {
  a.Write("f", "content");
  Settle();
  a.Write("f", "another content");
  SyncUnanswered();
  a.Remove("f");
  Settle();
  EXPECT_EQ(b.Tree(), Tree());
}

TEST_F(LostAnswerTest, ADirectoryThatIsDeletedThenStaysDeleted) {
  a.MakeDirectory("d");
  a.Write("d/f", "content");
  SyncUnanswered();
  a.RemoveTree("d");
  Settle();
  EXPECT_EQ(b.Tree(), Tree());
}

TEST_F(LostAnswerTest, AnotherEditIsNoConflictWithOneself) {
  const std::string binary("\0\1\2", 3);
  a.Write("f", binary + "first");
  Settle();
  a.Write("f", binary + "second");
  SyncUnanswered();
  a.Write("f", binary + "third");
  Settle();
  EXPECT_EQ(b.Tree(), (Tree{{"f", binary + "third"}}));
}

TEST_F(LostAnswerTest, AnotherRenameIsNoConflictWithOneself) {
  a.Write("f", "content");
  Settle();
  a.Rename("f", "g");
  SyncUnanswered();
  a.Rename("g", "h");
  Settle();
  EXPECT_EQ(b.Tree(), (Tree{{"h", "content"}}));
}

TEST_F(LostAnswerTest, AnEditOfSomebodyElseThatCameAfterItOutlivesTheDeletion) {
  a.Write("f", "content");
  SyncUnanswered();
  b.MustSync();
  b.Write("f", "edited elsewhere");
  b.MustSync();
  a.Remove("f");
  Settle();
  EXPECT_EQ(a.Tree(), (Tree{{"f", "edited elsewhere"}}));
}

TEST_F(LostAnswerTest, WhatNeverArrivedIsSentAgain) {
  a.Write("f", "content");
  probe_.fail_before = [](size_t, ProbeService::Call call) {
    return call == ProbeService::Call::kCommit ? absl::InternalError("it never arrived")
                                               : absl::OkStatus();
  };
  EXPECT_FALSE(a.Sync().ok());
  probe_.fail_before = nullptr;
  Settle();
  EXPECT_EQ(b.Tree(), (Tree{{"f", "content"}}));
}

}  // namespace
}  // namespace syncengine
