// The promises of ports/file_system.h as test suites, for any implementation:
//
//   struct MyHarness {                              // Made anew for each test.
//     FileSystem& files() { return my_files; }      // Empty at first.
//     MyFileSystem my_files;
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Mine, FileSystemConformance, MyHarness);
//   INSTANTIATE_TYPED_TEST_SUITE_P(Mine, FileSystemRootConformance, MyHarness);
//   INSTANTIATE_TYPED_TEST_SUITE_P(Mine, FileWatchConformance, MyHarness);
//
// inside namespace syncengine::testing. This header is about files and directories; the two it
// includes are about staying below the root, and about locks and watches.
#ifndef SYNCENGINE_TESTING_FILE_SYSTEM_CONFORMANCE_H_
#define SYNCENGINE_TESTING_FILE_SYSTEM_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "syncengine/ports/file_system.h"
#include "syncengine/testing/file_system_fixture.h"
#include "syncengine/testing/file_system_root_conformance.h"
#include "syncengine/testing/file_watch_conformance.h"
#include "syncengine/testing/status_matchers.h"

namespace syncengine::testing {

template <typename Harness>
class FileSystemConformance : public FileSystemFixture<Harness> {};

TYPED_TEST_SUITE_P(FileSystemConformance);

TYPED_TEST_P(FileSystemConformance, FileKeepsWhatWasWrittenAnywhere) {
  SE_ASSERT_OK_AND_ASSIGN(const auto file, this->files().Create("a", 0600));
  SE_EXPECT_OK(file->WriteAt(0, "hello"));
  SE_EXPECT_OK(file->WriteAt(8, "world"));
  SE_EXPECT_OK(file->WriteAt(1, "E"));
  SE_EXPECT_OK(file->WriteAt(3, ""));
  SE_EXPECT_OK(file->Sync());
  EXPECT_EQ(this->Read("a"), std::string("hEllo\0\0\0world", 13));
  SE_EXPECT_OK(file->Truncate(4));
  EXPECT_EQ(this->Read("a"), "hEll");
  SE_EXPECT_OK(file->Truncate(6));
  EXPECT_EQ(this->Read("a"), std::string("hEll\0\0", 6));
  EXPECT_EQ(file->Stat()->size, 6u);
}

TYPED_TEST_P(FileSystemConformance, ReadAtGivesFewerBytesOnlyAtTheEnd) {
  this->Write("a", "0123456789");
  SE_ASSERT_OK_AND_ASSIGN(const auto file, this->files().OpenToRead("a"));
  std::string buffer(20, '?');
  EXPECT_EQ(file->ReadAt(0, buffer.data(), 4).value(), 4u);
  EXPECT_EQ(buffer.substr(0, 5), "0123?");
  EXPECT_EQ(file->ReadAt(7, buffer.data(), 20).value(), 3u);
  EXPECT_EQ(buffer.substr(0, 4), "7893");
  EXPECT_EQ(file->ReadAt(10, buffer.data(), 20).value(), 0u);
  EXPECT_EQ(file->ReadAt(1'000, buffer.data(), 20).value(), 0u);
  EXPECT_EQ(file->Stat().value(), this->files().Stat("a").value());
}

TYPED_TEST_P(FileSystemConformance, CreateNeverReplaces) {
  this->Write("a", "1");
  SE_ASSERT_OK(this->files().MakeDirectory("d", 0700));
  SE_ASSERT_OK(this->files().MakeSymlink("s", "nowhere"));
  for (const char* name : {"a", "d", "s", ""}) {
    SCOPED_TRACE(name);
    SE_EXPECT_CODE(this->files().Create(name, 0600), kAlreadyExists);
    SE_EXPECT_CODE(this->files().MakeDirectory(name, 0700), kAlreadyExists);
    SE_EXPECT_CODE(this->files().MakeSymlink(name, "x"), kAlreadyExists);
  }
  EXPECT_EQ(this->Read("a"), "1");
}

TYPED_TEST_P(FileSystemConformance, AbsentThingsAreNotFound) {
  this->Write("file", "1");
  for (const char* path : {"none", "none/x", "file/x", "file/x/y"}) {
    SCOPED_TRACE(path);
    SE_EXPECT_CODE(this->files().Stat(path), kNotFound);
    SE_EXPECT_CODE(this->files().OpenToRead(path), kNotFound);
    SE_EXPECT_CODE(this->files().List(path), kNotFound);
    SE_EXPECT_CODE(this->files().ReadSymlink(path), kNotFound);
    SE_EXPECT_CODE(this->files().RemoveFile(path), kNotFound);
    SE_EXPECT_CODE(this->files().RemoveDirectory(path), kNotFound);
    SE_EXPECT_CODE(this->files().Rename(path, "to", RenameMode::kReplace), kNotFound);
    SE_EXPECT_CODE(this->files().SetAttributes(path, 0, std::nullopt), kNotFound);
    SE_EXPECT_CODE(this->files().SyncDirectory(path), kNotFound);
  }
  for (const char* path : {"none/x", "file/x"}) {
    SCOPED_TRACE(path);
    SE_EXPECT_CODE(this->files().Create(path, 0600), kNotFound);
    SE_EXPECT_CODE(this->files().MakeDirectory(path, 0700), kNotFound);
    SE_EXPECT_CODE(this->files().MakeSymlink(path, "x"), kNotFound);
    SE_EXPECT_CODE(this->files().Rename("file", path, RenameMode::kReplace), kNotFound);
  }
}

TYPED_TEST_P(FileSystemConformance, WrongKindIsRefused) {
  this->Write("file", "1");
  SE_ASSERT_OK(this->files().MakeDirectory("d", 0700));
  EXPECT_FALSE(this->files().OpenToRead("d").ok());
  EXPECT_FALSE(this->files().RemoveFile("d").ok());
  EXPECT_FALSE(this->files().List("file").ok());
  EXPECT_FALSE(this->files().RemoveDirectory("file").ok());
  EXPECT_FALSE(this->files().ReadSymlink("file").ok());
  EXPECT_FALSE(this->files().Rename("file", "d", RenameMode::kReplace).ok());
  EXPECT_FALSE(this->files().Rename("d", "file", RenameMode::kReplace).ok());
  EXPECT_FALSE(this->files().Rename("d", "d/inside", RenameMode::kReplace).ok());
  EXPECT_EQ(this->Names(""), (std::vector<std::string>{"d", "file"}));
}

TYPED_TEST_P(FileSystemConformance, ListTellsNamesAndKinds) {
  EXPECT_TRUE(this->Names("").empty());
  this->Write("f", "1");
  SE_ASSERT_OK(this->files().MakeDirectory("d", 0700));
  SE_ASSERT_OK(this->files().MakeSymlink("s", "f"));
  this->Write("d/\xc3\xa4 ?*", "2");
  EXPECT_EQ(this->Names(""), (std::vector<std::string>{"d", "f", "s"}));
  EXPECT_EQ(this->Names("d"), (std::vector<std::string>{"\xc3\xa4 ?*"}));
  SE_ASSERT_OK_AND_ASSIGN(const std::vector<DirectoryEntry> entries, this->files().List(""));
  for (const DirectoryEntry& entry : entries) {
    EXPECT_EQ(entry.kind, this->files().Stat(entry.name)->kind) << entry.name;
  }
}

TYPED_TEST_P(FileSystemConformance, StatTellsOneObjectFromAnother) {
  this->Write("a", "12345");
  this->Write("b", "1");
  SE_ASSERT_OK(this->files().MakeSymlink("s", "target"));
  const FileStat a = this->files().Stat("a").value();
  EXPECT_EQ(a.kind, FileKind::kFile);
  EXPECT_EQ(a.size, 5u);
  EXPECT_EQ(a.links, 1u);
  EXPECT_EQ(a.mode, 0600u);
  EXPECT_NE(a.inode, this->files().Stat("b")->inode);
  EXPECT_EQ(this->files().Stat("")->kind, FileKind::kDirectory);
  const FileStat s = this->files().Stat("s").value();
  EXPECT_EQ(s.kind, FileKind::kSymlink);
  EXPECT_EQ(s.size, 6u);
  EXPECT_EQ(this->files().ReadSymlink("s").value(), "target");
}

TYPED_TEST_P(FileSystemConformance, AttributesAreKept) {
  this->Write("a", "1");
  const int64_t step = this->files().properties().mtime_granularity_ns;
  const int64_t time = int64_t{1'000'000'000'123'456'789} / step * step;
  SE_EXPECT_OK(this->files().SetAttributes("a", time, 0640));
  EXPECT_EQ(this->files().Stat("a")->mtime_ns, time);
  EXPECT_EQ(this->files().Stat("a")->mode, 0640u);
  SE_EXPECT_OK(this->files().SetAttributes("a", std::nullopt, 0400));
  EXPECT_EQ(this->files().Stat("a")->mtime_ns, time);
  EXPECT_EQ(this->files().Stat("a")->mode, 0400u);
  SE_ASSERT_OK_AND_ASSIGN(const auto file, this->files().Create("b", 0600));
  SE_EXPECT_OK(file->SetAttributes(time, 0755));
  EXPECT_EQ(file->Stat()->mtime_ns, time);
  EXPECT_EQ(this->files().Stat("b")->mode, 0755u);
}

TYPED_TEST_P(FileSystemConformance, RemoveFileKeepsOpenFilesReadable) {
  this->Write("a", "content");
  SE_ASSERT_OK_AND_ASSIGN(const auto file, this->files().OpenToRead("a"));
  SE_EXPECT_OK(this->files().RemoveFile("a"));
  SE_EXPECT_CODE(this->files().Stat("a"), kNotFound);
  std::string buffer(7, '?');
  EXPECT_EQ(file->ReadAt(0, buffer.data(), 7).value(), 7u);
  EXPECT_EQ(buffer, "content");
}

TYPED_TEST_P(FileSystemConformance, OnlyEmptyDirectoriesAreRemoved) {
  SE_ASSERT_OK(this->files().MakeDirectory("d", 0700));
  this->Write("d/a", "1");
  SE_EXPECT_CODE(this->files().RemoveDirectory("d"), kFailedPrecondition);
  SE_EXPECT_OK(this->files().RemoveFile("d/a"));
  SE_EXPECT_OK(this->files().RemoveDirectory("d"));
  SE_EXPECT_CODE(this->files().List("d"), kNotFound);
  EXPECT_FALSE(this->files().RemoveDirectory("").ok());
}

TYPED_TEST_P(FileSystemConformance, RenameReplacesOrRefuses) {
  this->Write("a", "A");
  this->Write("b", "B");
  const uint64_t inode = this->files().Stat("a")->inode;
  SE_EXPECT_CODE(this->files().Rename("a", "b", RenameMode::kNoReplace), kAlreadyExists);
  EXPECT_EQ(this->Read("b"), "B");
  SE_EXPECT_OK(this->files().Rename("a", "c", RenameMode::kNoReplace));
  SE_EXPECT_OK(this->files().Rename("c", "b", RenameMode::kReplace));
  EXPECT_EQ(this->Read("b"), "A");
  EXPECT_EQ(this->files().Stat("b")->inode, inode);
  EXPECT_EQ(this->Names(""), (std::vector<std::string>{"b"}));
}

TYPED_TEST_P(FileSystemConformance, RenameMovesWholeDirectories) {
  SE_ASSERT_OK(this->files().MakeDirectory("d", 0700));
  SE_ASSERT_OK(this->files().MakeDirectory("e", 0700));
  this->Write("d/a", "1");
  SE_EXPECT_OK(this->files().Rename("d", "e/d", RenameMode::kNoReplace));
  EXPECT_EQ(this->Read("e/d/a"), "1");
  SE_ASSERT_OK(this->files().MakeDirectory("empty", 0700));
  SE_EXPECT_OK(this->files().Rename("e", "empty", RenameMode::kReplace));
  EXPECT_EQ(this->Read("empty/d/a"), "1");
  SE_ASSERT_OK(this->files().MakeDirectory("e", 0700));
  SE_EXPECT_CODE(this->files().Rename("e", "empty", RenameMode::kReplace), kFailedPrecondition);
}

TYPED_TEST_P(FileSystemConformance, ExchangeSwapsTwoThings) {
  this->Write("a", "A");
  SE_ASSERT_OK(this->files().MakeDirectory("d", 0700));
  this->Write("d/b", "B");
  if (!this->files().properties().exchange) return;
  SE_EXPECT_OK(this->files().Rename("a", "d/b", RenameMode::kExchange));
  EXPECT_EQ(this->Read("a"), "B");
  EXPECT_EQ(this->Read("d/b"), "A");
  SE_ASSERT_OK(this->files().MakeDirectory("e", 0700));
  SE_EXPECT_OK(this->files().Rename("a", "e", RenameMode::kExchange));
  EXPECT_EQ(this->files().Stat("a")->kind, FileKind::kDirectory);
  EXPECT_EQ(this->Read("e"), "B");
  SE_EXPECT_CODE(this->files().Rename("a", "none", RenameMode::kExchange), kNotFound);
  SE_EXPECT_CODE(this->files().Rename("none", "a", RenameMode::kExchange), kNotFound);
}

TYPED_TEST_P(FileSystemConformance, ChangesShowInTheStat) {
  this->Write("a", "1");
  const FileStat before = this->files().Stat("a").value();
  SE_EXPECT_OK(this->files().Rename("a", "b", RenameMode::kReplace));
  this->Write("a", "1");
  EXPECT_NE(this->files().Stat("a").value(), before);
}

TYPED_TEST_P(FileSystemConformance, DirectoriesCanBeSynced) {
  SE_ASSERT_OK(this->files().MakeDirectory("d", 0700));
  SE_EXPECT_OK(this->files().SyncDirectory("d"));
  SE_EXPECT_OK(this->files().SyncDirectory(""));
  EXPECT_GT(this->files().FreeBytes().value(), 0u);
}

REGISTER_TYPED_TEST_SUITE_P(FileSystemConformance, FileKeepsWhatWasWrittenAnywhere,
                            ReadAtGivesFewerBytesOnlyAtTheEnd, CreateNeverReplaces,
                            AbsentThingsAreNotFound, WrongKindIsRefused, ListTellsNamesAndKinds,
                            StatTellsOneObjectFromAnother, AttributesAreKept,
                            RemoveFileKeepsOpenFilesReadable, OnlyEmptyDirectoriesAreRemoved,
                            RenameReplacesOrRefuses, RenameMovesWholeDirectories,
                            ExchangeSwapsTwoThings, ChangesShowInTheStat, DirectoriesCanBeSynced);

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTING_FILE_SYSTEM_CONFORMANCE_H_
