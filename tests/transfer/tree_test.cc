// Trees from a disk and back.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "syncengine/stores/memory_file_system.h"
#include "syncengine/stores/memory_metadata_store.h"
#include "syncengine/testing/fault_plan.h"
#include "syncengine/testing/faulty_file_system.h"
#include "syncengine/transfer/get_tree.h"
#include "syncengine/transfer/put_tree.h"
#include "tests/transfer/transfer_fixture.h"

namespace syncengine::testing {
namespace {

class TreeTest : public TransferTest {
 protected:
  TreeTest() : disk_(clock_), files_(disk_, faults_) {}

  void SetUp() override {
    Create();
    for (const char* directory : {"a", "a/b", "empty"})
      SE_ASSERT_OK(disk_.MakeDirectory(directory, 0755));
    for (const char* name : {"top", "a/one", "a/two", "a/b/deep"})
      Write(name, absl::StrCat(name, " content"));
    SE_ASSERT_OK(disk_.MakeSymlink("a/link", "one"));
    clock_.Advance(absl::Seconds(5));
  }

  void Write(const std::string& path, const std::string& bytes) {
    disk_.RemoveFile(path).IgnoreError();
    SE_ASSERT_OK_AND_ASSIGN(const auto file, disk_.Create(path, 0644));
    SE_ASSERT_OK(file->WriteAt(0, bytes));
  }

  absl::StatusOr<PutTreeReport> Put(bool mirror = false) {
    const PutTreePorts ports{files_, opened_, *executor_, entropy_, clock_, &cache_};
    return PutTree(ports, {.local = "", .remote = "/t", .mirror = mirror});
  }

  // Paths below /t with what they hold.
  std::map<std::string, std::string> Remote() {
    std::map<std::string, std::string> found;
    const auto root = opened_.service->Stat(opened_.record.id, {.path = "/t", .node = {}});
    if (!root.ok()) return found;
    const auto entries = ListTree(opened_, *root);
    EXPECT_TRUE(entries.ok());
    for (const GetEntry& entry : *entries) {
      found[entry.path] =
          absl::StrCat(NodeKindName(entry.state.kind), " ", entry.state.content.size,
                       entry.state.attributes.symlink_target);
    }
    return found;
  }

  FaultPlan faults_;
  MemoryFileSystem disk_;
  FaultyFileSystem files_;
  MemoryMetadataStore cache_;
};

TEST_P(TreeTest, WhatWasPutComesBack) {
  SE_ASSERT_OK_AND_ASSIGN(const PutTreeReport put, Put());
  EXPECT_EQ(put.files, 4u);
  SE_ASSERT_OK_AND_ASSIGN(const Revision root,
                          opened_.service->Stat(opened_.record.id, {.path = "/t", .node = {}}));
  SE_ASSERT_OK_AND_ASSIGN(std::vector<GetEntry> entries, ListTree(opened_, root));
  MemoryFileSystem copy(clock_);
  SE_ASSERT_OK_AND_ASSIGN(const GetTreeReport got, GetTree({copy, opened_, *executor_, entropy_},
                                                           std::move(entries), "back"));
  EXPECT_EQ(got.files, 4u);
  EXPECT_TRUE(got.issues.empty());
  SE_ASSERT_OK_AND_ASSIGN(const auto file, copy.OpenToRead("back/a/b/deep"));
  std::string bytes(64, '\0');
  SE_ASSERT_OK_AND_ASSIGN(const size_t size, file->ReadAt(0, bytes.data(), bytes.size()));
  EXPECT_EQ(bytes.substr(0, size), "a/b/deep content");
  EXPECT_EQ(*copy.ReadSymlink("back/a/link"), "one");
  EXPECT_EQ(copy.Stat("back/top")->mtime_ns, disk_.Stat("top")->mtime_ns);
}

TEST_P(TreeTest, SecondPutReadsNothing) {
  SE_ASSERT_OK(Put());
  faults_.Arm({.index = 0, .forever = true, .only = "OpenToRead"});
  SE_ASSERT_OK_AND_ASSIGN(const PutTreeReport again, Put());
  EXPECT_EQ(faults_.failures(), 0);
  EXPECT_EQ(again.files_unchanged, 4u);
  EXPECT_EQ(again.upload.bytes, 0u);
}

TEST_P(TreeTest, AFileReadInTheTickOfItsChangeIsReadAgain) {
  Write("top", "fresh");
  SE_ASSERT_OK(Put());
  SE_ASSERT_OK_AND_ASSIGN(const PutTreeReport again, Put());
  EXPECT_EQ(again.upload.bytes, 5u);
  EXPECT_EQ(again.files_unchanged, 4u) << "read, and found equal";
}

TEST_P(TreeTest, PutOfWhatIsThereAsksForNoFile) {
  SE_ASSERT_OK(Put());
  const size_t lists = probe_->lists();
  SE_ASSERT_OK_AND_ASSIGN(const PutTreeReport again, Put());
  EXPECT_EQ(probe_->lists(), lists);
  EXPECT_EQ(again.files, 4u);
  EXPECT_EQ(again.files_unchanged, 4u);
}

TEST_P(TreeTest, EveryLocalChangeIsSeenAfterAPutThatFoundNone) {
  const std::vector<std::function<void()>> changes = {
      [&] { Write("a/b/new", "x"); },
      [&] { Write("top", "other content"); },
      [&] { SE_ASSERT_OK(disk_.SetAttributes("top", std::nullopt, 0600)); },
      [&] { SE_ASSERT_OK(disk_.SetAttributes("empty", std::nullopt, 0700)); },
      [&] { SE_ASSERT_OK(disk_.MakeDirectory("empty/sub", 0755)); },
      [&] { SE_ASSERT_OK(disk_.Rename("a/two", "a/three", RenameMode::kReplace)); },
      [&] {
        SE_ASSERT_OK(disk_.RemoveFile("a/link"));
        SE_ASSERT_OK(disk_.MakeSymlink("a/link", "two"));
      }};
  for (const auto& change : changes) {
    clock_.Advance(absl::Seconds(5));
    SE_ASSERT_OK(Put());
    SE_ASSERT_OK(Put());
    change();
    clock_.Advance(absl::Seconds(5));
    const uint64_t commits = probe_->commits();
    SE_ASSERT_OK(Put());
    EXPECT_GT(probe_->commits(), commits) << "change " << &change - changes.data();
  }
}

TEST_P(TreeTest, WhatSomebodyElseChangedIsPutAgain) {
  SE_ASSERT_OK(Put());
  const auto expected = Remote();
  MemoryFileSystem other(clock_);
  SE_ASSERT_OK_AND_ASSIGN(auto file, other.Create("top", 0644));
  file.reset();
  SE_ASSERT_OK(PutTree({other, opened_, *executor_, entropy_, clock_},
                       {.local = "", .remote = "/t", .mirror = true}));
  EXPECT_NE(Remote(), expected);
  SE_ASSERT_OK(Put());
  EXPECT_EQ(Remote(), expected);
}

TEST_P(TreeTest, MirrorDoesNotRestOnAPutThatKeptWhatIsGone) {
  SE_ASSERT_OK(Put());
  SE_ASSERT_OK(disk_.RemoveFile("top"));
  SE_ASSERT_OK(Put());
  SE_ASSERT_OK(Put());
  SE_ASSERT_OK_AND_ASSIGN(const PutTreeReport report, Put(true));
  EXPECT_EQ(report.deleted, 1u);
}

TEST_P(TreeTest, MirrorDeletesOnlyWhatIsGone) {
  SE_ASSERT_OK(Put());
  SE_ASSERT_OK(disk_.RemoveFile("a/b/deep"));
  SE_ASSERT_OK(disk_.RemoveDirectory("a/b"));
  auto expected = Remote();
  EXPECT_EQ(expected.erase("a/b"), 1u);
  EXPECT_EQ(expected.erase("a/b/deep"), 1u);
  SE_ASSERT_OK_AND_ASSIGN(const PutTreeReport report, Put(true));
  EXPECT_EQ(report.deleted, 2u);
  EXPECT_EQ(Remote(), expected);
}

TEST_P(TreeTest, MirrorDeletesNothingThatItCouldNotSee) {
  SE_ASSERT_OK(Put());
  const auto before = Remote();
  int64_t failed = 0;
  for (int64_t i = 0; i < 200; ++i) {
    faults_.Arm({.index = i, .status = absl::DataLossError("input/output error")});
    const auto report = Put(true);
    if (faults_.failures() == 0) break;
    ++failed;
    EXPECT_TRUE(!report.ok() || !report->issues.empty()) << "call " << i;
    EXPECT_EQ(Remote(), before) << "call " << i;
  }
  EXPECT_GT(failed, 10);
}

TEST_P(TreeTest, AFilePutByItselfDeletesNothing) {
  SE_ASSERT_OK(Put());
  const auto before = Remote();
  const PutTreePorts ports{files_, opened_, *executor_, entropy_, clock_, &cache_};
  SE_ASSERT_OK_AND_ASSIGN(const PutTreeReport report,
                          PutTree(ports, {.local = "top", .remote = "/t/top"}));
  EXPECT_EQ(report.deleted, 0u);
  EXPECT_EQ(Remote(), before);
}

TEST_P(TreeTest, AFileThatBecameADirectoryReplacesIt) {
  SE_ASSERT_OK(Put());
  SE_ASSERT_OK(disk_.RemoveFile("top"));
  SE_ASSERT_OK(disk_.MakeDirectory("top", 0755));
  Write("top/inside", "x");
  SE_ASSERT_OK_AND_ASSIGN(const PutTreeReport report, Put());
  EXPECT_TRUE(report.issues.empty());
  const auto remote = Remote();
  EXPECT_TRUE(remote.contains("top/inside"));
  EXPECT_EQ(remote.at("top").substr(0, 9), "directory");
}

TEST_P(TreeTest, AsOfShowsTheTreeOfThen) {
  SE_ASSERT_OK_AND_ASSIGN(const PutTreeReport first, Put());
  Write("top", "something longer than before");
  clock_.Advance(absl::Seconds(5));
  SE_ASSERT_OK(Put());
  SE_ASSERT_OK_AND_ASSIGN(const auto then, ListTreeAsOf(opened_, "/t/top", first.upload.sequence));
  EXPECT_EQ(then.front().state.content.size, 11u);
  SE_EXPECT_CODE(ListTreeAsOf(opened_, "/t/none", first.upload.sequence), kNotFound);
}

INSTANTIATE_TEST_SUITE_P(Executors, TreeTest,
                         ::testing::Values(ExecutorKind::kThreads, ExecutorKind::kManual),
                         ExecutorName);

}  // namespace
}  // namespace syncengine::testing
