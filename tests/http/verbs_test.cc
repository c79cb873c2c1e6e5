// Every verb through the client gives what the session gave, and reaches it with what was asked:
// without a socket, over one, and over TLS.
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "syncengine/base/error.h"
#include "syncengine/http/client.h"
#include "syncengine/http/curl_transport.h"
#include "syncengine/http/handler.h"
#include "syncengine/http/loopback_transport.h"
#include "syncengine/testing/status_matchers.h"
#include "syncengine/testing/temporary_directory.h"
#include "tests/http/running_server.h"

namespace syncengine::http {
namespace {

enum class Way { kLoopback, kSocket, kTls };

class VerbsTest : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    ServerOptions options;
    if (GetParam() == Way::kTls) {
      const TlsFiles files = WriteTlsFiles(directory_.path());
      options.tls_certificate_file = files.certificate;
      options.tls_key_file = files.key;
    }
    server_ = std::make_unique<RunningServer>(options);
    handler_ = std::make_unique<Handler>(backend());
    if (GetParam() == Way::kLoopback) {
      transport_ = std::make_unique<LoopbackTransport>(*handler_, server_->ports().executor);
    } else {
      auto curl = NewCurlTransport(server_->url(), {.ca_file = options.tls_certificate_file});
      ASSERT_TRUE(curl.ok()) << curl.status();
      transport_ = *std::move(curl);
    }
    client_ = NewClient(kToken);
  }

  std::unique_ptr<Client> NewClient(const std::string& token) {
    return std::make_unique<Client>(*transport_, Secret(token), server_->ports());
  }
  FakeBackend& backend() { return server_->backend(); }
  const Canned& canned() { return server_->backend().canned; }
  Seen seen() { return server_->backend().seen(); }

  const NamespaceId ns_ = TestId<NamespaceId>(0xfe);
  testing::TemporaryDirectory directory_;
  std::unique_ptr<RunningServer> server_;
  std::unique_ptr<Handler> handler_;
  std::unique_ptr<HttpTransport> transport_;
  std::unique_ptr<Client> client_;
};

std::string WayName(const ::testing::TestParamInfo<Way>& way) {
  if (way.param == Way::kLoopback) return "Loopback";
  return way.param == Way::kTls ? "Tls" : "Socket";
}

INSTANTIATE_TEST_SUITE_P(Ways, VerbsTest,
                         ::testing::Values(Way::kLoopback, Way::kSocket, Way::kTls), WayName);

void ExpectSameRecord(const NamespaceRecord& a, const NamespaceRecord& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.history, b.history);
  EXPECT_EQ(a.key_holder, b.key_holder);
  EXPECT_EQ(a.key_slots, b.key_slots);
  EXPECT_EQ(a.chunker_suite, b.chunker_suite);
  EXPECT_EQ(a.average_block_bytes, b.average_block_bytes);
  EXPECT_EQ(a.head_sequence, b.head_sequence);
}

TEST_P(VerbsTest, NamespaceVerbsArriveAndReturnUnchanged) {
  SE_ASSERT_OK_AND_ASSIGN(const NamespaceRecord created,
                          client_->CreateNamespace(canned().record, Secret("\x01key\xff")));
  ExpectSameRecord(created, canned().record);
  ExpectSameRecord(seen().record, canned().record);
  EXPECT_EQ(seen().bundle, "\x01key\xff");

  SE_ASSERT_OK_AND_ASSIGN(const std::vector<NamespaceRecord> records, client_->ListNamespaces());
  ASSERT_EQ(records.size(), 2u);
  ExpectSameRecord(records[1], canned().record);

  SE_ASSERT_OK_AND_ASSIGN(const Secret bundle, client_->FetchKeys(ns_));
  EXPECT_EQ(bundle.bytes(), canned().bundle);
  EXPECT_EQ(seen().id, ns_);
}

TEST_P(VerbsTest, LookUpVerbsArriveAndReturnUnchanged) {
  const std::string path = "/a b/%41?&=+#\xff/\xf0\x9f\x98\x80";
  SE_ASSERT_OK_AND_ASSIGN(const Revision by_path, client_->Stat(ns_, {.path = path, .node = {}}));
  EXPECT_EQ(by_path, canned().revision);
  EXPECT_EQ(seen().target.path, path);
  EXPECT_FALSE(seen().target.node.has_value());
  SE_ASSERT_OK_AND_ASSIGN(const Revision root, client_->Stat(ns_, {.path = "", .node = kRootNode}));
  EXPECT_EQ(seen().target.node, kRootNode);

  const ListRequest list{
      .directory = TestId<NodeId>(3), .after = "x\xff/y", .limit = 7, .recursive = true};
  SE_ASSERT_OK_AND_ASSIGN(const ListPage page, client_->List(ns_, list));
  ASSERT_EQ(page.entries.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(page.entries[i].path, canned().list.entries[i].path);
    EXPECT_EQ(page.entries[i].revision.state, canned().list.entries[i].revision.state);
  }
  EXPECT_TRUE(page.more);
  EXPECT_EQ(seen().list.directory, list.directory);
  EXPECT_EQ(seen().list.after, list.after);
  EXPECT_EQ(seen().list.limit, 7);
  EXPECT_TRUE(seen().list.recursive);

  SE_ASSERT_OK_AND_ASSIGN(
      const RevisionPage revisions,
      client_->Revisions(ns_,
                         {.node = TestId<NodeId>(4), .before_sequence = 1u << 31, .limit = 9}));
  EXPECT_EQ(revisions.revisions, canned().revisions.revisions);
  EXPECT_TRUE(revisions.more);
  EXPECT_EQ(seen().revisions.node, TestId<NodeId>(4));
  EXPECT_EQ(seen().revisions.before_sequence, 1u << 31);
  EXPECT_EQ(seen().revisions.limit, 9);
}

TEST_P(VerbsTest, UploadVerbsArriveAndReturnUnchanged) {
  UploadRequest begin{.op = TestId<OpId>(1), .announcements = {}};
  begin.announcements.push_back(
      {.node = TestId<NodeId>(2), .parent = kRootNode, .name = "n\xe9", .size = ~uint64_t{0}});
  SE_ASSERT_OK_AND_ASSIGN(const UploadId upload, client_->BeginUpload(ns_, begin));
  EXPECT_EQ(upload, canned().upload);
  EXPECT_EQ(seen().upload_request.op, begin.op);
  ASSERT_EQ(seen().upload_request.announcements.size(), 1u);
  EXPECT_EQ(seen().upload_request.announcements[0].name, "n\xe9");
  EXPECT_EQ(seen().upload_request.announcements[0].size, ~uint64_t{0});
  EXPECT_EQ(seen().upload_request.announcements[0].node, TestId<NodeId>(2));

  const std::vector<BlockId> ids = {TestId<BlockId>(9), TestId<BlockId>(8)};
  SE_ASSERT_OK_AND_ASSIGN(const std::vector<BlockId> missing,
                          client_->MissingBlocks(ns_, upload, ids));
  EXPECT_EQ(missing, canned().missing);
  EXPECT_EQ(seen().ids, ids);
  EXPECT_EQ(seen().upload, upload);

  const std::string segment(3'000'000, '\xa5');
  SE_ASSERT_OK_AND_ASSIGN(const PutSegmentResult put, client_->PutSegment(ns_, upload, segment));
  EXPECT_EQ(put.stored, canned().put.stored);
  EXPECT_EQ(put.blocks_new, canned().put.blocks_new);
  EXPECT_EQ(put.missing, canned().put.missing);
  EXPECT_EQ(seen().segment, segment);

  SE_EXPECT_OK(client_->AbortUpload(ns_, TestId<UploadId>(0x44)));
  EXPECT_EQ(seen().upload, TestId<UploadId>(0x44));
}

TEST_P(VerbsTest, CommitArrivesAndReturnsUnchanged) {
  CommitRequest commit{.op = TestId<OpId>(3), .upload = TestId<UploadId>(4), .changes = {}};
  commit.changes.push_back({.node = TestId<NodeId>(5),
                            .base = TestId<RevisionId>(6),
                            .merged_from = TestId<RevisionId>(7),
                            .state = canned().revision.state});
  commit.changes.push_back({.node = TestId<NodeId>(8), .base = {}, .merged_from = {}, .state = {}});
  SE_ASSERT_OK_AND_ASSIGN(const CommitResult result, client_->Commit(ns_, commit));
  ASSERT_EQ(result.outcomes.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(result.outcomes[i].verdict, canned().commit.outcomes[i].verdict);
    EXPECT_EQ(result.outcomes[i].revision, canned().commit.outcomes[i].revision);
    EXPECT_EQ(result.outcomes[i].sequence, canned().commit.outcomes[i].sequence);
    EXPECT_EQ(result.outcomes[i].head, canned().commit.outcomes[i].head);
    EXPECT_EQ(result.outcomes[i].missing, canned().commit.outcomes[i].missing);
  }
  EXPECT_TRUE(result.committed);
  EXPECT_EQ(seen().commit.op, commit.op);
  EXPECT_EQ(seen().commit.upload, commit.upload);
  ASSERT_EQ(seen().commit.changes.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(seen().commit.changes[i].node, commit.changes[i].node);
    EXPECT_EQ(seen().commit.changes[i].base, commit.changes[i].base);
    EXPECT_EQ(seen().commit.changes[i].merged_from, commit.changes[i].merged_from);
    EXPECT_EQ(seen().commit.changes[i].state, commit.changes[i].state);
  }
}

TEST_P(VerbsTest, WhatIsKeptAsideArrivesWithItsConflict) {
  CommitRequest commit{.op = TestId<OpId>(3), .changes = {}};
  commit.changes.push_back({.node = TestId<NodeId>(5),
                            .base = TestId<RevisionId>(6),
                            .state = canned().revision.state,
                            .aside = true});
  commit.changes[0].conflict = ConflictNote{.reason = ConflictReason::kBinary,
                                            .theirs = TestId<RevisionId>(7),
                                            .copy = true,
                                            .hunks = {{1, 2, 3, 4, 5, 6}}};
  commit.changes.push_back({.node = TestId<NodeId>(8), .state = {}});
  SE_ASSERT_OK(client_->Commit(ns_, commit));
  ASSERT_EQ(seen().commit.changes.size(), 2u);
  EXPECT_TRUE(seen().commit.changes[0].aside);
  EXPECT_EQ(seen().commit.changes[0].conflict, commit.changes[0].conflict);
  EXPECT_FALSE(seen().commit.changes[1].aside);
  EXPECT_FALSE(seen().commit.changes[1].conflict.has_value());
}

TEST_P(VerbsTest, ConflictVerbsArriveAndReturnUnchanged) {
  const ConflictsRequest list{
      .node = TestId<NodeId>(3), .decided_too = true, .after = TestId<RevisionId>(4), .limit = 5};
  SE_ASSERT_OK_AND_ASSIGN(const ConflictPage page, client_->ListConflicts(ns_, list));
  EXPECT_EQ(page.conflicts, canned().conflicts.conflicts);
  EXPECT_EQ(page.next, canned().conflicts.next);
  EXPECT_TRUE(page.more);
  EXPECT_EQ(seen().conflicts.node, list.node);
  EXPECT_TRUE(seen().conflicts.decided_too);
  EXPECT_EQ(seen().conflicts.after, list.after);
  EXPECT_EQ(seen().conflicts.limit, 5);
  SE_ASSERT_OK(client_->ListConflicts(ns_, {}));
  EXPECT_FALSE(seen().conflicts.node.has_value());
  EXPECT_FALSE(seen().conflicts.decided_too);

  const ResolveRequest request{.conflict = TestId<RevisionId>(6),
                               .decision = ConflictDecision::kMerged,
                               .expected_head = TestId<RevisionId>(7),
                               .merged = canned().revision.state};
  SE_ASSERT_OK_AND_ASSIGN(const ResolveResult result, client_->Resolve(ns_, request));
  EXPECT_TRUE(result.resolved);
  EXPECT_EQ(result.revision, canned().resolved.revision);
  EXPECT_EQ(result.head, canned().resolved.head);
  EXPECT_EQ(result.missing, canned().resolved.missing);
  EXPECT_TRUE(result.copy_kept);
  EXPECT_EQ(seen().resolve.conflict, request.conflict);
  EXPECT_EQ(seen().resolve.decision, request.decision);
  EXPECT_EQ(seen().resolve.expected_head, request.expected_head);
  EXPECT_EQ(seen().resolve.merged, request.merged);
}

TEST_P(VerbsTest, FramesArriveAndReturnUnchanged) {
  const std::vector<BlockId> ids(3, TestId<BlockId>(1));
  SE_ASSERT_OK_AND_ASSIGN(const FramesReply reply, client_->GetFrames(ns_, ids));
  EXPECT_EQ(reply.frames, canned().frames.frames);
  EXPECT_EQ(reply.answered, canned().frames.answered);
  EXPECT_EQ(seen().ids, ids);
}

TEST_P(VerbsTest, ChangesArriveAndReturnUnchanged) {
  for (int i = 0; i < 3; ++i) backend().Append(ns_);
  const Cursor after{backend().history, 1};
  SE_ASSERT_OK_AND_ASSIGN(const ChangesPage page,
                          client_->Changes(ns_, {.after = after, .limit = 50}));
  EXPECT_EQ(seen().changes.after, after);
  EXPECT_EQ(seen().changes.limit, 50);
  ASSERT_EQ(page.entries.size(), 2u);
  EXPECT_EQ(page.next, (Cursor{backend().history, 3}));
  EXPECT_EQ(page.head, 3u);
  auto session = backend().OpenSession(kToken);
  SE_ASSERT_OK_AND_ASSIGN(const ChangesPage direct,
                          (*session)->Changes(ns_, {.after = after, .limit = 50}));
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(page.entries[i].entry, direct.entries[i].entry);
    EXPECT_EQ(page.entries[i].revision, direct.entries[i].revision);
    EXPECT_EQ(page.entries[i].path, direct.entries[i].path);
  }
  SE_EXPECT_OK(client_->Changes(ns_, {.after = std::nullopt, .limit = 50}));
  EXPECT_FALSE(seen().changes.after.has_value());

  SE_EXPECT_OK(client_->AcknowledgeChanges(ns_, after));
  EXPECT_EQ(seen().acknowledged, after);
}

TEST_P(VerbsTest, UpkeepVerbsArriveAndReturnUnchanged) {
  SE_ASSERT_OK_AND_ASSIGN(const Usage usage, client_->GetUsage(ns_));
  EXPECT_EQ(usage.logical_bytes, 1u);
  EXPECT_EQ(usage.stored_bytes, 2u);
  EXPECT_EQ(usage.blocks, 3u);
  EXPECT_EQ(usage.segments, 4u);
  EXPECT_EQ(usage.revisions, 5u);
  EXPECT_EQ(usage.nodes, ~uint64_t{0});

  SE_ASSERT_OK_AND_ASSIGN(const NewDevice device, client_->AddDevice("my laptop", TestId<OpId>(6)));
  EXPECT_EQ(device.id, TestId<DeviceId>(0x21));
  EXPECT_EQ(device.token.bytes(), "se1_new");
  EXPECT_EQ(seen().name, "my laptop");
  EXPECT_EQ(seen().nonce, TestId<OpId>(6));

  SE_ASSERT_OK_AND_ASSIGN(const std::vector<DeviceRecord> devices, client_->ListDevices());
  ASSERT_EQ(devices.size(), 2u);
  EXPECT_EQ(devices[0].id, canned().devices[0].id);
  EXPECT_EQ(devices[0].name, "laptop");
  EXPECT_TRUE(devices[0].revoked);
  EXPECT_EQ(devices[0].created, canned().devices[0].created);
  EXPECT_EQ(devices[0].last_seen, canned().devices[0].last_seen);
  ASSERT_EQ(devices[0].places.size(), 1u);
  EXPECT_EQ(devices[0].places[0].id, TestId<NamespaceId>(4));
  EXPECT_EQ(devices[0].places[0].cursor, canned().devices[0].places[0].cursor);
  EXPECT_EQ(devices[0].places[0].backlog, 12u);

  SE_EXPECT_OK(client_->RevokeDevice("lap top/2"));
  EXPECT_EQ(seen().name, "lap top/2");
}

TEST_P(VerbsTest, ErrorsKeepCodeReasonAndMessage) {
  for (int reason = 0; reason <= static_cast<int>(Reason::kMissingBlocks); ++reason) {
    const absl::Status error = MakeError(static_cast<Reason>(reason), "what was \"expected\"\n");
    backend().FailNext(1, error);
    const absl::Status status = client_->GetUsage(ns_).status();
    EXPECT_EQ(status.code(), error.code());
    EXPECT_EQ(status.message(), error.message());
    EXPECT_EQ(GetReason(status), static_cast<Reason>(reason));
  }
  for (int code = 1; code <= 16; ++code) {
    if (code == static_cast<int>(absl::StatusCode::kUnavailable)) continue;
    const absl::Status error(static_cast<absl::StatusCode>(code), "plain");
    backend().FailNext(1, error);
    EXPECT_EQ(client_->AbortUpload(ns_, TestId<UploadId>(1)), error);
  }
}

TEST_P(VerbsTest, UnknownTokenIsBadToken) {
  SE_EXPECT_REASON(NewClient("se1_wrong")->GetUsage(ns_), Reason::kBadToken);
  SE_EXPECT_REASON(NewClient("")->GetUsage(ns_), Reason::kBadToken);
  EXPECT_EQ(seen().calls, 0);
}

TEST_P(VerbsTest, HealthNeedsNoToken) { SE_EXPECT_OK(NewClient("")->CheckHealth()); }

TEST_P(VerbsTest, LongPollReturnsWhatComesWhileItWaits) {
  std::jthread later([this] {
    while (seen().calls < 2) std::this_thread::yield();
    backend().Append(ns_);
  });
  const absl::Time start = absl::Now();
  SE_ASSERT_OK_AND_ASSIGN(const ChangesPage page,
                          client_->WaitChanges(ns_, {}, absl::Seconds(20), {}));
  EXPECT_EQ(page.entries.size(), 1u);
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
}

TEST_P(VerbsTest, LongPollEndsEmptyAtItsTimeout) {
  SE_ASSERT_OK_AND_ASSIGN(const ChangesPage page,
                          client_->WaitChanges(ns_, {}, absl::Milliseconds(50), {}));
  EXPECT_TRUE(page.entries.empty());
  EXPECT_EQ(page.next, (Cursor{backend().history, 0}));
}

TEST_P(VerbsTest, LongPollEndsWhenStopped) {
  std::stop_source stop;
  std::jthread later([&] {
    while (seen().calls < 2) std::this_thread::yield();
    stop.request_stop();
  });
  const absl::Time start = absl::Now();
  SE_EXPECT_CODE(client_->WaitChanges(ns_, {}, absl::Seconds(60), stop.get_token()), kCancelled);
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
}

TEST_P(VerbsTest, BytesAreCountedInBothDirections) {
  const uint64_t sent = transport_->sent_bytes();
  const uint64_t received = transport_->received_bytes();
  SE_ASSERT_OK(client_->PutSegment(ns_, canned().upload, std::string(1'000'000, 'x')));
  EXPECT_GT(transport_->sent_bytes() - sent, 1'000'000u);
  EXPECT_LT(transport_->sent_bytes() - sent, 1'001'000u);
  EXPECT_GT(transport_->received_bytes() - received, 60u);
  EXPECT_LT(transport_->received_bytes() - received, 1'000u);
}

}  // namespace
}  // namespace syncengine::http
