// In an end-to-end namespace nothing readable leaves the client; and VerifyNamespace finds damage.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "syncengine/format/manifest.h"
#include "syncengine/transfer/verify.h"
#include "tests/transfer/transfer_fixture.h"

namespace syncengine::testing {
namespace {

class EndToEndTest : public TransferTest {};
INSTANTIATE_TEST_SUITE_P(Executors, EndToEndTest,
                         ::testing::Values(ExecutorKind::kThreads, ExecutorKind::kManual),
                         ExecutorName);

// A text no other bytes contain by chance.
std::string Canary(int i) { return absl::StrCat("canary-", MakeBytes(i, 24, true), "-", i); }

TEST_P(EndToEndTest, NoNameContentOrAttributeIsSentOrStoredInTheClear) {
  Create(KeyHolder::kEndToEnd);
  const NodeId directory = NewNode();
  ListPlan plan;
  std::vector<std::string> canaries;
  plan.Add(Canary(0), NodeKind::kDirectory, kRootNode, directory);
  canaries.push_back(Canary(0));
  for (int i = 1; i <= 50; ++i) {
    const std::string content = Canary(1000 + i);
    // Big enough to be announced, and small.
    plan.AddFile(Canary(i), i % 10 == 0 ? MakeBytes(i, 1'100'000) + content : content, NewNode())
        .change.state.parent = directory;
    canaries.push_back(Canary(i));
    canaries.push_back(content);
  }
  UploadItem& link = plan.Add(Canary(500), NodeKind::kSymlink, directory, NewNode());
  link.change.state.attributes.symlink_target = Canary(501);
  canaries.push_back(Canary(500));
  canaries.push_back(Canary(501));
  SE_ASSERT_OK(Upload(plan));
  ASSERT_TRUE(plan.IsCommitted(Canary(500)));
  const NamespaceId& id = opened_.record.id;
  SE_ASSERT_OK(opened_.service->Stat(
      id, {.path = absl::StrCat("/", Canary(0), "/", Canary(7)), .node = std::nullopt}));
  SE_ASSERT_OK(opened_.service->List(id, {.directory = kRootNode,
                                          .after = absl::StrCat(Canary(0), "/", Canary(3)),
                                          .recursive = true}));
  const std::string sent = probe_->requests();
  const std::string stored = service_.DumpStores();
  ASSERT_GT(sent.size(), 1'000'000u);
  ASSERT_GT(stored.size(), 1'000'000u);
  for (const std::string& canary : canaries) {
    EXPECT_EQ(sent.find(canary), std::string::npos) << canary;
    EXPECT_EQ(stored.find(canary), std::string::npos) << canary;
  }
}

TEST_P(EndToEndTest, EveryVerbSpeaksPlainNames) {
  Create(KeyHolder::kEndToEnd);
  Service& service = *opened_.service;
  const NamespaceId& id = opened_.record.id;
  const NodeId directory = NewNode();
  const NodeId file = NewNode();
  ListPlan plan;
  plan.Add("dir", NodeKind::kDirectory, kRootNode, directory).change.state.attributes.mode = 0755;
  UploadItem& item = plan.AddFile("name", std::string(2'000'000, 'x'), file);
  item.change.state.parent = directory;
  item.change.state.attributes.mtime_ns = -5;
  SE_ASSERT_OK(Upload(plan));

  auto head = service.Stat(id, {.path = "/dir/name", .node = std::nullopt});
  SE_ASSERT_OK(head);
  EXPECT_EQ(head->node, file);
  EXPECT_EQ(head->state.name, "name");
  EXPECT_EQ(head->state.attributes.mtime_ns, -5);
  EXPECT_EQ(head->state.attributes.sealed, "");
  SE_EXPECT_OK(service.Stat(id, {.path = "/", .node = std::nullopt}));
  const auto absent = service.Stat(id, {.path = "/dir/other", .node = std::nullopt});
  EXPECT_TRUE(absl::IsNotFound(absent.status()));
  EXPECT_NE(absent.status().message().find("/dir/other"), std::string::npos);

  auto page = service.List(id, {.directory = kRootNode, .after = "", .recursive = true});
  SE_ASSERT_OK(page);
  ASSERT_EQ(page->entries.size(), 2u);
  EXPECT_EQ(page->entries[1].path, "dir/name");
  EXPECT_EQ(page->entries[1].revision.state.name, "name");
  page = service.List(id, {.directory = kRootNode, .after = "dir", .recursive = true});
  SE_ASSERT_OK(page);
  EXPECT_EQ(page->entries.size(), 1u);

  auto revisions = service.Revisions(id, {.node = file});
  SE_ASSERT_OK(revisions);
  EXPECT_EQ(revisions->revisions[0].state.name, "name");

  auto changes = service.Changes(id, {});
  SE_ASSERT_OK(changes);
  ASSERT_EQ(changes->entries.size(), 3u);
  EXPECT_EQ(changes->entries[0].entry.name, "name");  // kUploading.
  EXPECT_EQ(changes->entries[2].path, "/dir/name");
  EXPECT_EQ(changes->entries[2].revision->state.attributes.mtime_ns, -5);

  Change again{.node = NewNode(), .base = {}, .merged_from = {}, .state = head->state};
  auto refused =
      service.Commit(id, {.op = entropy_.NewId<OpId>(), .upload = {}, .changes = {again}});
  SE_ASSERT_OK(refused);
  EXPECT_EQ(refused->outcomes[0].verdict, ChangeVerdict::kNameTaken);
  ASSERT_TRUE(refused->outcomes[0].head.has_value());
  EXPECT_EQ(refused->outcomes[0].head->state.name, "name");
}

TEST_P(EndToEndTest, WrongOrMissingPassphraseSaysSo) {
  Create(KeyHolder::kEndToEnd);
  PlainKeyProvider wrong("battery staple");
  EXPECT_TRUE(
      HasReason(OpenNamespace(service_, "main", &wrong, entropy_).status(), Reason::kPassphrase));
  EXPECT_TRUE(
      HasReason(OpenNamespace(service_, "main", nullptr, entropy_).status(), Reason::kPassphrase));
  EXPECT_TRUE(absl::IsNotFound(OpenNamespace(service_, "other", &provider_, entropy_).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      CreateNamespace(service_, {.name = "x", .key_holder = KeyHolder::kEndToEnd}, nullptr,
                      entropy_)
          .status()));
}

TEST_P(EndToEndTest, VerifyFindsLostAndDamagedBlocks) {
  Create(KeyHolder::kEndToEnd, 1024);
  ListPlan plan;
  for (int i = 0; i < 5; ++i) {
    // One by one, so that no frame has blocks of two files.
    plan.AddFile(absl::StrCat("f", i), MakeBytes(i, 500'000), NewNode());
    SE_ASSERT_OK(Upload(plan));
  }
  const auto verify = [&](bool read_data) {
    return VerifyNamespace(opened_, *executor_, {.read_data = read_data});
  };
  auto report = verify(false);
  SE_ASSERT_OK(report);
  EXPECT_EQ(report->revisions, 5u);
  EXPECT_EQ(report->issues.size(), 0u);
  EXPECT_GT(report->blocks, 2000u);
  const uint64_t manifests_only = report->received_bytes;
  report = verify(true);
  SE_ASSERT_OK(report);
  EXPECT_EQ(report->issues.size(), 0u);
  EXPECT_GT(report->received_bytes, manifests_only + 2'000'000);

  std::vector<BlockId> data;
  for (const BlockId& id : service_.AllBlocks()) {
    if (!service_.HasChildren(id)) data.push_back(id);
  }
  // Damage is found by reading only; a lost block at once.
  service_.Damage(data[0]);
  report = verify(false);
  SE_ASSERT_OK(report);
  EXPECT_EQ(report->issues.size(), 0u);
  report = verify(true);
  SE_ASSERT_OK(report);
  ASSERT_EQ(report->issues.size(), 1u);
  EXPECT_TRUE(HasReason(report->issues[0].cause, Reason::kIntegrity));
  EXPECT_EQ(report->issues[0].path.substr(0, 2), "/f");
  service_.Lose(data[1]);
  report = verify(false);
  SE_ASSERT_OK(report);
  ASSERT_EQ(report->issues.size(), 1u);
  EXPECT_TRUE(HasReason(report->issues[0].cause, Reason::kIntegrity));
}

}  // namespace
}  // namespace syncengine::testing
