// One pass after another on two devices: what everyone expects of a synced folder.
#include "tests/folder/folder_world.h"

namespace syncengine {
namespace {

using testing::FolderTest;
using Tree = std::map<std::string, std::string>;

class SyncTest : public FolderTest {};

TEST_F(SyncTest, NewFilesArriveOnTheOtherDevice) {
  a.MakeDirectory("d");
  a.Write("d/file", "content");
  a.Write("empty", "");
  a.Write("big", std::string(300'000, 'x') + "end");
  SE_ASSERT_OK(a.disk().MakeSymlink("link", "d/file"));
  const SyncReport up = a.MustSync();
  EXPECT_EQ(up.uploaded, 4u);
  EXPECT_TRUE(up.idle);
  const SyncReport down = b.MustSync();
  EXPECT_EQ(down.downloaded, 4u);
  EXPECT_TRUE(down.idle);
  EXPECT_EQ(a.Tree(), b.Tree());
}

TEST_F(SyncTest, SecondSyncMovesNothingAndReadsNoContent) {  // R29, R37
  a.MakeDirectory("d");
  a.Write("d/file", "content");
  a.Write("other", "more");
  a.MustSync();
  b.MustSync();
  server.clock.Advance(absl::Seconds(10));
  // The marker of the root and the absent ignore file are all that is opened.
  for (auto* device : {&a, &b}) {
    device->MustSync();
    auto client = device->Open();
    SE_ASSERT_OK(client);
    device->CountReads();
    auto report = (*client)->SyncOnce();
    SE_ASSERT_OK(report);
    EXPECT_TRUE(report->idle);
    EXPECT_EQ(report->uploaded + report->downloaded + report->deleted + report->moved, 0u);
    EXPECT_EQ(report->sent_bytes + report->received_bytes, 0u);
    const size_t marker_reads = 4;  // Two checks, each reads to the end.
    EXPECT_LE(device->CountReads(), marker_reads);
  }
}

TEST_F(SyncTest, EditsTravelBothWays) {
  a.Write("one", "1");
  a.Write("two", "2");
  Settle();
  a.Write("one", "1 edited");
  b.Write("two", "2 edited");
  Settle();
  EXPECT_EQ(a.Tree(), (Tree{{"one", "1 edited"}, {"two", "2 edited"}}));
}

TEST_F(SyncTest, OneSidedDeleteOfAnUnmodifiedFilePropagates) {  // R16
  a.Write("keep", "k");
  a.MakeDirectory("d");
  a.Write("d/gone", "g");
  Settle();
  a.RemoveTree("d");
  a.MustSync();
  EXPECT_EQ(b.MustSync().deleted, 2u);
  EXPECT_EQ(b.Tree(), (Tree{{"keep", "k"}}));
}

TEST_F(SyncTest, RenamesAndMovesUploadNoContent) {  // R23
  a.MakeDirectory("d");
  a.MakeDirectory("e");
  for (int i = 0; i < 20; ++i) a.Write(absl::StrCat("d/", i), absl::StrCat("content ", i));
  Settle();
  a.Rename("d", "e/renamed");
  SyncReport up = a.MustSync();
  EXPECT_EQ(up.uploaded, 0u);
  EXPECT_EQ(up.moved, 1u);
  SyncReport down = b.MustSync();
  EXPECT_EQ(down.downloaded, 0u);
  EXPECT_EQ(down.received_bytes, 0u);
  EXPECT_EQ(a.Tree(), b.Tree());
  a.Rename("e/renamed/7", "7");
  EXPECT_EQ(a.MustSync().uploaded, 0u);
  b.MustSync();
  EXPECT_EQ(a.Tree(), b.Tree());
}

TEST_F(SyncTest, SwappedNamesTravelWithoutContent) {  // R21
  a.Write("x", "content of x");
  a.Write("y", "content of y");
  a.MakeDirectory("d");
  a.MakeDirectory("d/in");
  Settle();
  a.Rename("x", "t");
  a.Rename("y", "x");
  a.Rename("t", "y");
  a.Rename("d/in", "t");
  a.Rename("d", "t/d");
  EXPECT_EQ(a.MustSync().uploaded, 0u);
  EXPECT_EQ(b.MustSync().downloaded, 0u);
  EXPECT_EQ(a.Tree(), b.Tree());
  EXPECT_EQ(b.Tree().at("x"), "content of y");
  Settle();
}

TEST_F(SyncTest, AFileMayBecomeADirectoryAndBack) {  // R21
  a.Write("x", "file");
  a.MakeDirectory("y");
  a.Write("y/in", "inner");
  Settle();
  a.Remove("x");
  a.MakeDirectory("x");
  a.Write("x/in", "new");
  a.RemoveTree("y");
  a.Write("y", "now a file");
  Settle();
  EXPECT_EQ(b.Tree(), (Tree{{"x/", ""}, {"x/in", "new"}, {"y", "now a file"}}));
}

TEST_F(SyncTest, TimesAndModesTravelWithoutContent) {  // R26
  a.Write("f", "content");
  Settle();
  for (int64_t mtime :
       {int64_t{0}, int64_t{-86'400'000'000'000}, int64_t{4'102'444'800'000'000'001}}) {
    SE_ASSERT_OK(a.disk().SetAttributes("f", mtime, 0640));
    const SyncReport up = a.MustSync();
    EXPECT_EQ(up.uploaded, 0u);
    const SyncReport down = b.MustSync();
    EXPECT_EQ(down.downloaded, 0u);
    EXPECT_EQ(b.disk().Stat("f")->mtime_ns, mtime);
    EXPECT_EQ(b.disk().Stat("f")->mode, 0640u);
    EXPECT_TRUE(a.MustSync().idle);
  }
}

TEST_F(SyncTest, EmptyDirectoriesAndHardLinksAreKept) {  // R35
  a.MakeDirectory("empty");
  a.MakeDirectory("empty/inner");
  Settle();
  EXPECT_EQ(b.Tree(), (Tree{{"empty/", ""}, {"empty/inner/", ""}}));
  a.RemoveTree("empty");
  Settle();
  EXPECT_TRUE(b.Tree().empty());
}

TEST_F(SyncTest, OneBadNameDoesNotStopTheOthers) {  // R38
  a.Write("good", "g");
  a.Write("bad", "b");
  a.faults.Arm({.index = 0,
                .status = absl::PermissionDeniedError("injected"),
                .forever = false,
                .only = "Stat"});
  // Stat 0 is the root's; find the one of "bad" by trying.
  a.faults.Disarm();
  SE_ASSERT_OK(a.disk().SetAttributes("bad", std::nullopt, 0));
  Settle();
  EXPECT_EQ(b.Tree().at("good"), "g");
}

TEST_F(SyncTest, UploadOnlyAndDownloadOnlyTouchOneSide) {
  a.Write("f", "1");
  Settle();
  a.mode = SyncMode::kUploadOnly;
  b.Write("f", "2");
  b.Write("from b", "x");
  b.MustSync();
  a.Write("from a", "y");
  EXPECT_EQ(a.MustSync().uploaded, 1u);
  EXPECT_EQ(a.Tree(), (Tree{{"f", "1"}, {"from a", "y"}}));
  b.mode = SyncMode::kDownloadOnly;
  b.Write("never sent", "z");
  EXPECT_EQ(b.MustSync().downloaded, 1u);
  a.mode = SyncMode::kTwoWay;
  a.MustSync();
  EXPECT_EQ(a.Tree(), (Tree{{"f", "2"}, {"from a", "y"}, {"from b", "x"}}));
}

}  // namespace
}  // namespace syncengine
