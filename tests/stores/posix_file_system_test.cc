// What only a real disk can show.
#include "syncengine/stores/posix_file_system.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "syncengine/testing/status_matchers.h"
#include "syncengine/testing/temporary_directory.h"
#include "tests/stores/failing_disk.h"

namespace syncengine::testing {
namespace {

std::unique_ptr<FileSystem> Open(const std::string& root, bool use_openat2 = true) {
  auto files = PosixFileSystem::Open(root, {.use_openat2 = use_openat2});
  EXPECT_TRUE(files.ok()) << files.status();
  return *std::move(files);
}

TEST(PosixFileSystemTest, RootMustBeADirectory) {
  TemporaryDirectory directory;
  SE_EXPECT_CODE(PosixFileSystem::Open(directory.Child("none")), kNotFound);
  std::ofstream(directory.Child("file")) << "1";
  SE_EXPECT_CODE(PosixFileSystem::Open(directory.Child("file")), kFailedPrecondition);
  SE_EXPECT_CODE(PosixFileSystem::Open(""), kNotFound);
}

TEST(PosixFileSystemTest, RootMayBeRenamedWhileInUse) {
  TemporaryDirectory directory;
  ASSERT_EQ(mkdir(directory.Child("root").c_str(), 0700), 0);
  const auto files = Open(directory.Child("root"));
  ASSERT_EQ(rename(directory.Child("root").c_str(), directory.Child("moved").c_str()), 0);
  SE_EXPECT_OK(files->Create("a", 0600));
  EXPECT_EQ(access(directory.Child("moved/a").c_str(), F_OK), 0);
}

TEST(PosixFileSystemTest, PipesAreNotOpened) {
  TemporaryDirectory directory;
  ASSERT_EQ(mkfifo(directory.Child("pipe").c_str(), 0600), 0);
  const auto files = Open(directory.path());
  EXPECT_FALSE(files->OpenToRead("pipe").ok());
  EXPECT_EQ(files->Stat("pipe")->kind, FileKind::kOther);
  EXPECT_EQ(files->List("")->front().kind, FileKind::kOther);
}

TEST(PosixFileSystemTest, HardLinksAreCounted) {
  TemporaryDirectory directory;
  std::ofstream(directory.Child("a")) << "1";
  ASSERT_EQ(link(directory.Child("a").c_str(), directory.Child("b").c_str()), 0);
  EXPECT_EQ(Open(directory.path())->Stat("b")->links, 2u);
}

TEST(PosixFileSystemTest, TimesBefore1970Work) {
  TemporaryDirectory directory;
  std::ofstream(directory.Child("a")) << "1";
  const auto files = Open(directory.path());
  SE_ASSERT_OK(files->SetAttributes("a", -1'500'000'001, std::nullopt));
  EXPECT_EQ(files->Stat("a")->mtime_ns, -1'500'000'001);
}

TEST(PosixFileSystemTest, FullAndBrokenDisksAreToldApart) {
  TemporaryDirectory directory;
  const auto files = Open(directory.path());
  SE_ASSERT_OK_AND_ASSIGN(const auto file, files->Create("a", 0600));
  {
    FailingDisk full({.write_errno = ENOSPC, .sync_errno = EIO});
    SE_EXPECT_REASON(file->WriteAt(0, "x"), Reason::kDiskFull);
    SE_EXPECT_CODE(file->Sync(), kDataLoss);
    EXPECT_EQ(full.failures(), 2) << "an error was hidden by trying again";
  }
  FailingDisk quota({.write_errno = EDQUOT});
  SE_EXPECT_REASON(file->WriteAt(0, "x"), Reason::kDiskFull);
}

// A directory and a symlink to a directory outside swap names all the time; no call may end up
// outside.
TEST(PosixFileSystemTest, NoRaceLeadsOutOfTheRoot) {
  for (const bool use_openat2 : {true, false}) {
    SCOPED_TRACE(use_openat2);
    TemporaryDirectory directory;
    ASSERT_EQ(mkdir(directory.Child("root").c_str(), 0700), 0);
    ASSERT_EQ(mkdir(directory.Child("outside").c_str(), 0700), 0);
    const auto files = Open(directory.Child("root"), use_openat2);
    ASSERT_EQ(mkdir(directory.Child("outside/e").c_str(), 0700), 0);
    SE_ASSERT_OK(files->MakeDirectory("d", 0700));
    SE_ASSERT_OK(files->MakeDirectory("d/e", 0700));
    SE_ASSERT_OK(files->MakeSymlink("link", "../outside"));
    std::atomic<bool> stop{false};
    std::thread swapper([&] {
      while (!stop) files->Rename("d", "link", RenameMode::kExchange).IgnoreError();
    });
    for (int i = 0; i < 2'000; ++i) {
      files->Create(absl::StrCat("d/", i), 0600).IgnoreError();
      files->MakeDirectory(absl::StrCat("d/e/", i), 0700).IgnoreError();
    }
    stop = true;
    swapper.join();
    EXPECT_NE(rmdir(directory.Child("root").c_str()), 0);
    EXPECT_EQ(rmdir(directory.Child("outside/e").c_str()), 0) << "something was created outside";
    EXPECT_EQ(rmdir(directory.Child("outside").c_str()), 0) << "something was created outside";
  }
}

}  // namespace
}  // namespace syncengine::testing
