// Live documents over a repository: they begin from heads, become revisions, take in commits from
// elsewhere, and travel over HTTP.
#include "syncengine/live/live_server.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "src/live/content_text.h"
#include "syncengine/base/limits.h"
#include "syncengine/diffsync/live_text.h"
#include "syncengine/http/handler.h"
#include "syncengine/http/live_client.h"
#include "syncengine/http/loopback_transport.h"
#include "syncengine/live/line_differ.h"
#include "syncengine/repository/local_repository.h"
#include "syncengine/testing/manual_clock.h"
#include "syncengine/testing/status_matchers.h"
#include "syncengine/testing/temporary_directory.h"
#include "syncengine/transfer/opened_namespace.h"

namespace syncengine::testing {
namespace {

class LiveServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SE_ASSERT_OK(LocalRepository::Initialise(directory_.Child("r")));
    auto repository = LocalRepository::Open(directory_.Child("r"));
    SE_ASSERT_OK(repository);
    repository_ = *std::move(repository);
    session_ = repository_->OwnerSession();
    auto record = CreateNamespace(*session_, {}, nullptr, repository_->entropy());
    SE_ASSERT_OK(record);
    id_ = record->id;
    node_ = repository_->entropy().NewId<NodeId>();
    Revision first;
    first.node = node_;
    first.state.name = "notes.txt";
    CommitFromElsewhere(first, "one\ntwo\nthree\n");
    Begin();
  }

  LiveServerPorts Ports() {
    return {*session_, repository_->executor(), repository_->entropy(), clock_,
            repository_->notifier()};
  }
  void Begin(LiveServerOptions options = {.changes_max = 20}) {
    server_ = std::make_unique<LiveServer>(Ports(), options);
  }
  // A file of its own with this text.
  NodeId Create(const std::string& name, const std::string& text) {
    Revision first;
    first.node = repository_->entropy().NewId<NodeId>();
    first.state.name = name;
    CommitFromElsewhere(first, text);
    return first.node;
  }
  // One exchange of a new writer with this file.
  absl::Status Join(const NodeId& node, uint64_t link) {
    return server_->Exchange(id_, node, Writer(link).NextPacket()).status();
  }

  void CommitFromElsewhere(const Revision& base, absl::string_view text) {
    auto opened = live::OpenById(Ports(), id_);
    SE_ASSERT_OK(opened);
    const auto result = live::CommitText(Ports(), *opened, base, text);
    SE_ASSERT_OK(result);
    ASSERT_EQ(result->outcome.verdict, ChangeVerdict::kCommitted);
  }

  Revision Head() { return *session_->Stat(id_, {.node = node_}); }
  std::string TextOf(const Revision& revision) {
    auto opened = live::OpenById(Ports(), id_);
    return *live::ReadText(Ports(), *opened, revision);
  }
  std::string HeadText() { return TextOf(Head()); }
  size_t RevisionCount() { return session_->Revisions(id_, {.node = node_})->revisions.size(); }

  static LiveText Writer(uint64_t link) {
    return *LiveText::Create({.link = link, .differ = DifferByLines, .merger = MergeByLines}, "");
  }
  LiveArrival Exchange(LiveText& writer) {
    auto reply = server_->Exchange(id_, node_, writer.NextPacket());
    EXPECT_TRUE(reply.ok()) << reply.status();
    return *writer.Receive(*reply);
  }

  TemporaryDirectory directory_;
  ManualClock clock_;
  std::unique_ptr<LocalRepository> repository_;
  std::unique_ptr<Service> session_;
  NamespaceId id_;
  NodeId node_;
  std::unique_ptr<LiveServer> server_;
};

TEST_F(LiveServerTest, AnIdleDocumentBecomesOneRevision) {
  LiveText a = Writer(1), b = Writer(2);
  Exchange(a);
  Exchange(b);
  EXPECT_EQ(a.Text(), "one\ntwo\nthree\n");
  SE_ASSERT_OK(a.Splice(0, 3, "ONE"));
  SE_ASSERT_OK(b.Splice(b.size(), 0, "four\n"));
  Exchange(a);
  Exchange(b);
  SE_ASSERT_OK(server_->Tick());
  EXPECT_EQ(RevisionCount(), 1u);
  clock_.Advance(absl::Seconds(6));
  SE_ASSERT_OK(server_->Tick());
  SE_ASSERT_OK(server_->Tick());
  EXPECT_EQ(RevisionCount(), 2u);
  EXPECT_EQ(HeadText(), "ONE\ntwo\nthree\nfour\n");
  Exchange(a);
  EXPECT_EQ(a.Text(), HeadText());
}

TEST_F(LiveServerTest, ManyChangesAreCommittedWithoutAPause) {
  LiveText a = Writer(1);
  Exchange(a);
  for (int i = 0; i < 45; ++i) {
    SE_ASSERT_OK(a.Splice(0, 0, "x"));
    Exchange(a);
  }
  EXPECT_EQ(RevisionCount(), 3u);
  SE_ASSERT_OK(server_->Flush());
  EXPECT_EQ(RevisionCount(), 4u);
  EXPECT_EQ(HeadText(), a.Text());
}

TEST_F(LiveServerTest, ACommitFromElsewhereIsAnEdit) {
  LiveText a = Writer(1);
  Exchange(a);
  SE_ASSERT_OK(a.Splice(0, 3, "ONE"));
  Exchange(a);
  CommitFromElsewhere(Head(), "one\ntwo\nthree\nfrom a folder\n");
  SE_ASSERT_OK(server_->Flush());  // Finds that the head moved.
  Exchange(a);
  EXPECT_EQ(a.Text(), "ONE\ntwo\nthree\nfrom a folder\n");
  EXPECT_EQ(HeadText(), a.Text());
  CommitFromElsewhere(Head(), "ONE\n2\nthree\nfrom a folder\n");
  SE_ASSERT_OK(server_->Tick());  // Looks.
  Exchange(a);
  EXPECT_EQ(a.Text(), "ONE\n2\nthree\nfrom a folder\n");
  EXPECT_EQ(RevisionCount(), 4u);
}

TEST_F(LiveServerTest, WhatWasNotCommittedComesBackFromTheWritersAfterACrash) {
  LiveText a = Writer(1), b = Writer(2);
  Exchange(a);
  Exchange(b);
  SE_ASSERT_OK(a.Splice(0, 3, "ONE"));
  Exchange(a);
  SE_ASSERT_OK(server_->Flush());
  SE_ASSERT_OK(a.Splice(a.size(), 0, "not committed\n"));
  Exchange(a);
  Exchange(b);
  SE_ASSERT_OK(b.Splice(4, 3, "TWO"));
  Begin();  // What only the memory of the first server had is gone.
  for (int i = 0; i < 8; ++i) {
    Exchange(a);
    Exchange(b);
  }
  EXPECT_EQ(a.Text(), "ONE\nTWO\nthree\nnot committed\n");
  EXPECT_EQ(b.Text(), a.Text());
  SE_ASSERT_OK(server_->Flush());
  EXPECT_EQ(HeadText(), a.Text());
}

TEST_F(LiveServerTest, AnEditOutlivesADeletion) {
  LiveText a = Writer(1);
  Exchange(a);
  SE_ASSERT_OK(a.Splice(0, 0, "kept\n"));
  Exchange(a);
  Change deletion{.node = node_, .base = Head().id, .state = Head().state};
  deletion.state.deleted = true;
  deletion.state.content = {};
  deletion.state.attributes = {};
  SE_ASSERT_OK_AND_ASSIGN(
      const CommitResult deleted,
      session_->Commit(id_, {.op = repository_->entropy().NewId<OpId>(), .changes = {deletion}}));
  ASSERT_TRUE(deleted.committed);
  SE_ASSERT_OK(server_->Flush());
  EXPECT_FALSE(Head().state.deleted);
  EXPECT_EQ(HeadText(), "kept\none\ntwo\nthree\n");
}

TEST_F(LiveServerTest, UnusedDocumentsAreClosedAndOpenAgain) {
  LiveText a = Writer(1);
  Exchange(a);
  EXPECT_EQ(server_->Sequence(id_, node_), 0u);
  SE_ASSERT_OK(a.Splice(0, 0, "x"));
  Exchange(a);
  EXPECT_EQ(server_->Sequence(id_, node_), 1u);
  clock_.Advance(absl::Hours(1));
  SE_ASSERT_OK(server_->Tick());
  EXPECT_EQ(server_->Sequence(id_, node_), 0u);
  SE_ASSERT_OK(a.Splice(0, 0, "y"));
  for (int i = 0; i < 4; ++i) Exchange(a);
  SE_ASSERT_OK(server_->Flush());
  EXPECT_EQ(HeadText(), "yxone\ntwo\nthree\n");
}

TEST_F(LiveServerTest, UnusedDocumentsMakeRoomAndUsedOnesDoNot) {
  Begin({.documents_max = 2, .make_room_after = absl::Seconds(60)});
  const NodeId second = Create("second.txt", "2\n"), third = Create("third.txt", "3\n");
  LiveText a = Writer(1);
  Exchange(a);
  SE_ASSERT_OK(a.Splice(0, 3, "ONE"));
  Exchange(a);
  clock_.Advance(absl::Seconds(30));
  SE_ASSERT_OK(Join(second, 2));
  SE_EXPECT_CODE(Join(third, 3), kResourceExhausted);
  EXPECT_EQ(HeadText(), "one\ntwo\nthree\n");
  clock_.Advance(absl::Seconds(40));
  SE_ASSERT_OK(Join(third, 3));
  // The first gave way, and what was written in it is a revision.
  EXPECT_EQ(HeadText(), "ONE\ntwo\nthree\n");
  EXPECT_EQ(server_->Sequence(id_, node_), 0u);
  SE_EXPECT_CODE(Join(Create("fourth.txt", "4\n"), 4), kResourceExhausted);
}

TEST_F(LiveServerTest, TheBytesOfOpenDocumentsAreBounded) {
  Begin({.open_bytes_max = 20});
  const NodeId small = Create("small.txt", "123456"), large = Create("large.txt", "1234567");
  LiveText a = Writer(1);
  Exchange(a);  // 14 bytes.
  SE_EXPECT_CODE(Join(large, 2), kResourceExhausted);
  SE_EXPECT_OK(Join(small, 3));
}

TEST_F(LiveServerTest, ADocumentEndsWithACommitThatIsNoTextAndNothingIsLost) {
  LiveText a = Writer(1);
  Exchange(a);
  SE_ASSERT_OK(a.Splice(0, 3, "ONE"));
  Exchange(a);
  CommitFromElsewhere(Head(), absl::string_view("\xFF\0binary", 8));
  SE_ASSERT_OK(server_->Flush());
  SE_ASSERT_OK_AND_ASSIGN(const ConflictPage page, session_->ListConflicts(id_, {.node = node_}));
  ASSERT_EQ(page.conflicts.size(), 1u);
  EXPECT_EQ(page.conflicts[0].reason, ConflictReason::kBinary);
  EXPECT_EQ(TextOf(page.conflicts[0].ours), "ONE\ntwo\nthree\n");
  EXPECT_EQ(page.conflicts[0].theirs.id, Head().id);
  SE_EXPECT_CODE(server_->Exchange(id_, node_, a.NextPacket()), kFailedPrecondition);
}

TEST_F(LiveServerTest, ADocumentThatEndsIsMergedLikeADeviceThatWasAway) {
  LiveText a = Writer(1);
  Exchange(a);
  SE_ASSERT_OK(a.Splice(0, 3, "ONE"));
  Exchange(a);
  const std::string more(limits::kLiveTextBytesMax, 'x');
  CommitFromElsewhere(Head(), "one\ntwo\nthree\n" + more);
  SE_ASSERT_OK(server_->Tick());  // Looks.
  SE_ASSERT_OK_AND_ASSIGN(const ConflictPage page, session_->ListConflicts(id_, {.node = node_}));
  EXPECT_EQ(page.conflicts.size(), 0u);
  EXPECT_EQ(Head().state.content.size, 14 + more.size());
  EXPECT_FALSE(Head().merged_from.IsZero());
}

TEST_F(LiveServerTest, WhatIsNoTextOrNoPacketIsRefused) {
  LiveText a = Writer(1);
  SE_EXPECT_CODE(server_->Exchange(id_, node_, "no packet"), kInvalidArgument);
  SE_EXPECT_CODE(server_->Exchange(id_, repository_->entropy().NewId<NodeId>(), a.NextPacket()),
                 kNotFound);
  CommitFromElsewhere(Head(), "\xFF\xFE binary");
  SE_EXPECT_CODE(server_->Exchange(id_, node_, a.NextPacket()), kFailedPrecondition);
}

TEST_F(LiveServerTest, TravelsOverHttp) {
  SE_ASSERT_OK_AND_ASSIGN(const NewDevice device,
                          session_->AddDevice("pen", repository_->entropy().NewId<OpId>()));
  const http::Handler handler(repository_->engine(), server_.get());
  http::LoopbackTransport transport(handler, repository_->executor());
  http::LiveClient client(transport, Secret(device.token.bytes()), id_, "/notes.txt");
  LiveText a = Writer(1);
  const auto exchange = [&] {
    auto reply = client.Exchange(a.NextPacket());
    EXPECT_TRUE(reply.ok()) << reply.status();
    return *a.Receive(*reply);
  };
  exchange();
  SE_ASSERT_OK_AND_ASSIGN(const uint64_t before, client.Wait(a.sequence(), absl::ZeroDuration()));
  EXPECT_EQ(before, a.sequence());
  LiveText b = Writer(2);
  Exchange(b);
  SE_ASSERT_OK(b.Splice(0, 0, "b\n"));
  Exchange(b);
  SE_ASSERT_OK_AND_ASSIGN(const uint64_t after, client.Wait(a.sequence(), absl::Seconds(30)));
  EXPECT_NE(after, a.sequence());
  EXPECT_EQ(exchange().remote.size(), 1u);
  EXPECT_EQ(a.Text(), "b\none\ntwo\nthree\n");

  http::LiveClient stranger(transport, Secret("no token"), id_, "/notes.txt");
  SE_EXPECT_REASON(stranger.Exchange(a.NextPacket()), Reason::kBadToken);
  http::LiveClient nowhere(transport, Secret(device.token.bytes()), id_, "/none.txt");
  SE_EXPECT_CODE(nowhere.Exchange(a.NextPacket()), kNotFound);
  SE_EXPECT_CODE(client.Exchange("junk"), kInvalidArgument);
  const http::Handler plain(repository_->engine());
  http::LoopbackTransport plain_transport(plain, repository_->executor());
  http::LiveClient unserved(plain_transport, Secret(device.token.bytes()), id_, "/notes.txt");
  SE_EXPECT_CODE(unserved.Exchange(a.NextPacket()), kUnimplemented);
}

}  // namespace
}  // namespace syncengine::testing
