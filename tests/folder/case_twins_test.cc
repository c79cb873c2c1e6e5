// Names that differ only in letters' case, on a disk that does not tell it.
#include "tests/folder/folder_world.h"

namespace syncengine {
namespace {

using testing::FolderDevice;
using testing::FolderServer;
using Tree = std::map<std::string, std::string>;

class CaseTwinsTest : public ::testing::Test {
 protected:
  // The folding device syncs as often as it has something to do; its last report.
  SyncReport Sync() {
    SyncReport report;
    for (int round = 0; round < 4; ++round) {
      auto synced = folding.Sync();
      EXPECT_TRUE(synced.ok()) << synced.status();
      if (synced.ok()) report = *synced;
    }
    return report;
  }

  FolderServer server;
  MemoryFileSystem disk{server.clock, {.case_sensitive = false}};
  FolderDevice exact{server, "exact"};
  FolderDevice folding{server, "folding", &disk};
};

TEST_F(CaseTwinsTest, OneStaysHereAndNoneIsLost) {  // R30
  exact.Write("name", "small");
  exact.Write("Name", "capital");
  exact.MakeDirectory("d");
  exact.MakeDirectory("D");
  exact.Write("d/x", "in small");
  exact.Write("D/x", "in capital");
  exact.MustSync();
  const SyncReport report = Sync();
  EXPECT_EQ(report.issues.size(), 2u);
  EXPECT_EQ(folding.Tree().size(), 3u);
  EXPECT_EQ(exact.MustSync().deleted, 0u);
  EXPECT_EQ(exact.Tree().size(), 6u);
}

TEST_F(CaseTwinsTest, TheOtherComesWhenItIsRenamed) {
  exact.Write("name", "small");
  exact.Write("Name", "capital");
  exact.MustSync();
  Sync();
  const std::string here = folding.Tree().begin()->first;
  exact.Rename(here == "name" ? "Name" : "name", "another");
  exact.MustSync();
  EXPECT_TRUE(Sync().issues.empty());
  EXPECT_EQ(folding.Tree(), exact.Tree());
}

TEST_F(CaseTwinsTest, AFileMadeHereIsNotCoveredByItsTwin) {
  exact.Write("Name", "capital");
  exact.MustSync();
  folding.Write("name", "small");
  EXPECT_EQ(Sync().issues.size(), 1u);
  EXPECT_EQ(folding.Tree(), (Tree{{"name", "small"}}));
  exact.MustSync();
  EXPECT_EQ(exact.Tree(), (Tree{{"Name", "capital"}, {"name", "small"}}));
}

TEST_F(CaseTwinsTest, AFileThatIsRenamedToATwinStaysHereAsItWas) {
  exact.Write("name", "small");
  exact.Write("other", "second");
  exact.MustSync();
  Sync();
  exact.Rename("other", "Name");
  exact.MustSync();
  EXPECT_EQ(Sync().issues.size(), 1u);
  EXPECT_EQ(folding.Tree(), (Tree{{"name", "small"}, {"other", "second"}}));
  EXPECT_EQ(exact.MustSync().deleted, 0u);
  EXPECT_EQ(exact.Tree(), (Tree{{"Name", "second"}, {"name", "small"}}));
}

TEST_F(CaseTwinsTest, AFileUnderTheOldNameOfSuchAFileWaitsWithIt) {
  exact.Write("name", "small");
  exact.Write("other", "second");
  exact.MustSync();
  Sync();
  exact.Rename("other", "Name");
  exact.MustSync();
  exact.Write("other", "third");
  exact.MustSync();
  EXPECT_EQ(Sync().issues.size(), 2u);
  EXPECT_EQ(folding.Tree(), (Tree{{"name", "small"}, {"other", "second"}}));
  exact.Rename("Name", "new name");
  exact.MustSync();
  EXPECT_TRUE(Sync().idle);
  EXPECT_EQ(folding.Tree(), (Tree{{"name", "small"}, {"new name", "second"}, {"other", "third"}}));
}

TEST_F(CaseTwinsTest, ARenameThatChangesOnlyTheCaseGoesBothWays) {  // R30
  exact.Write("name", "content");
  exact.MustSync();
  Sync();
  exact.Rename("name", "Name");
  exact.MustSync();
  EXPECT_TRUE(Sync().idle);
  EXPECT_EQ(folding.Tree(), (Tree{{"Name", "content"}}));
  folding.Rename("Name", "NAME");
  EXPECT_TRUE(Sync().idle);
  exact.MustSync();
  EXPECT_EQ(exact.Tree(), (Tree{{"NAME", "content"}}));
}

}  // namespace
}  // namespace syncengine
