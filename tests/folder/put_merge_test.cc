// Somebody else commits while a file is put: merged, or kept twice and on record.
#include "syncengine/transfer/put_tree.h"
#include "tests/folder/folder_world.h"
#include "tests/transfer/probe_service.h"

namespace syncengine {
namespace {

using testing::ProbeService;

class PutMergeTest : public ::testing::Test {
 protected:
  PutMergeTest() {
    auto opened = OpenNamespace(probe_, "main", nullptr, server_.entropy);
    EXPECT_TRUE(opened.ok()) << opened.status();
    opened_ = std::make_unique<OpenedNamespace>(*std::move(opened));
  }

  void Write(const std::string& path, const std::string& bytes) {
    server_.clock.Advance(absl::Seconds(5));
    if (disk_.Stat(path).ok()) {
      SE_ASSERT_OK(disk_.RemoveFile(path));
    }
    auto file = disk_.Create(path, 0644);
    SE_ASSERT_OK(file);
    SE_ASSERT_OK((*file)->WriteAt(0, bytes));
  }
  PutTreeReport Put(const std::string& path) {
    const PutTreePorts ports{disk_, *opened_, server_.pool, server_.entropy, server_.clock};
    auto report = PutTree(ports, {.local = path, .remote = "/" + path, .device = "D"});
    EXPECT_TRUE(report.ok()) << report.status();
    if (!report.ok()) return {};
    for (const TransferIssue& issue : report->issues) ADD_FAILURE() << issue.cause;
    return *std::move(report);
  }
  // Right before the next commit of a put, `other` puts `bytes` at the same path.
  void Interfere(const std::string& path, const std::string& bytes) {
    probe_.fail_before = [this, path, bytes](size_t, ProbeService::Call call) {
      if (call == ProbeService::Call::kCommit && !std::exchange(interfered_, true)) {
        other_.Write(path, bytes);
        other_.MustSync();
      }
      return absl::OkStatus();
    };
    interfered_ = false;
  }
  std::map<std::string, std::string> Tree() {
    other_.MustSync();
    return other_.Tree();
  }

  testing::FolderServer server_;
  testing::FolderDevice other_{server_, "O"};
  ProbeService probe_{server_.owner()};
  MemoryFileSystem disk_{server_.clock};
  std::unique_ptr<OpenedNamespace> opened_;
  bool interfered_ = false;
};

TEST_F(PutMergeTest, AHeadThatMovedIsMergedWith) {
  Write("n.txt", "1\n2\n3\n4\n");
  Put("n.txt");
  Tree();
  Write("n.txt", "1\n2\n3\n4b\n");
  Interfere("n.txt", "1a\n2\n3\n4\n");
  const PutTreeReport report = Put("n.txt");
  EXPECT_TRUE(interfered_);
  ASSERT_EQ(report.merged.size(), 1u);
  EXPECT_TRUE(report.conflicts.empty());
  EXPECT_EQ(Tree().at("n.txt"), "1a\n2\n3\n4b\n");
  auto head = server_.owner().Stat(opened_->record.id, {.path = "/n.txt", .node = std::nullopt});
  SE_ASSERT_OK(head);
  EXPECT_EQ(head->id, report.merged[0].revision);
  EXPECT_EQ(head->merged_from, report.merged[0].ours);
  EXPECT_EQ(head->parent, report.merged[0].theirs);
  EXPECT_EQ(probe_.violations(), std::vector<std::string>());
}

TEST_F(PutMergeTest, WhatCannotBeMergedBecomesACopy) {
  Write("n.txt", "price 10\n");
  Put("n.txt");
  Tree();
  Write("n.txt", "price 12\n");
  Interfere("n.txt", "price 11\n");
  const PutTreeReport report = Put("n.txt");
  EXPECT_TRUE(report.merged.empty());
  ASSERT_EQ(report.conflicts.size(), 1u);
  EXPECT_NE(report.conflicts[0].copy.find(" D).txt"), std::string::npos);
  const auto tree = Tree();
  EXPECT_EQ(tree.at("n.txt"), "price 11\n");
  EXPECT_EQ(tree.at(report.conflicts[0].copy), "price 12\n");
  auto page = server_.owner().ListConflicts(opened_->record.id, {});
  SE_ASSERT_OK(page);
  ASSERT_EQ(page->conflicts.size(), 1u);
  EXPECT_EQ(page->conflicts[0].id, report.conflicts[0].ours);
  EXPECT_EQ(page->conflicts[0].copy_path, "/" + report.conflicts[0].copy);
}

TEST_F(PutMergeTest, ANameTakenMeanwhileKeepsBothFiles) {
  Write("n.txt", "of the put\n");
  Interfere("n.txt", "of the other\n");
  const PutTreeReport report = Put("n.txt");
  ASSERT_EQ(report.conflicts.size(), 1u);
  const auto tree = Tree();
  EXPECT_EQ(tree.at("n.txt"), "of the other\n");
  EXPECT_EQ(tree.at(report.conflicts[0].copy), "of the put\n");
}

}  // namespace
}  // namespace syncengine
