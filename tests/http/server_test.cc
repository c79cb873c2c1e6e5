// What a real server does with hostile, slow and vanishing clients, with parked polls, and when it
// is stopped.
#include "syncengine/http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/http/client.h"
#include "syncengine/http/curl_transport.h"
#include "syncengine/http/handler.h"
#include "syncengine/testing/status_matchers.h"
#include "tests/http/running_server.h"

namespace syncengine::http {
namespace {

const NamespaceId kNs = TestId<NamespaceId>(0xfe);

struct Caller {
  explicit Caller(RunningServer& server, std::string token = kToken, ClientOptions options = {})
      : transport(*NewCurlTransport(server.url())),
        client(*transport, Secret(token), server.ports(), std::move(options)) {}
  std::unique_ptr<HttpTransport> transport;
  Client client;
};

std::string Head(absl::string_view request_line, absl::string_view fields = "") {
  return absl::StrCat(request_line, " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ",
                      kToken, "\r\n", fields, "\r\n");
}

std::string SegmentsTarget() {
  return absl::StrCat("/v1/namespaces/", kNs.ToHex(), "/uploads/", TestId<UploadId>(1).ToHex(),
                      "/segments");
}

std::string PollHead(int wait_ms) {
  return Head(absl::StrCat("GET /v1/namespaces/", kNs.ToHex(), "/changes?wait_ms=", wait_ms));
}

bool IsHealthy(RunningServer& server) { return Caller(server).client.CheckHealth().ok(); }

void WaitForCalls(RunningServer& server, int calls) {
  while (server.backend().seen().calls < calls) std::this_thread::yield();
}

TEST(ServerTest, GarbageIsAnsweredWith400AndServingGoesOn) {
  RunningServer server;
  const std::string tls_hello("\x16\x03\x01\x02\x00\x01", 6);
  const std::string cases[] = {
      "GARBAGE\r\n\r\n",
      tls_hello,
      std::string(1000, '\0'),
      "GET / HTTP/1.1\nHost: a\n\n",
      "GET /v1/health HTTP/1.1\r\n\r\n",
      Head("GET /v1/health", "X : y\r\n"),
      Head("GET /v1/health", "Host: other\r\n"),
      Head("GET http://localhost/v1/health"),
      Head("POST /v1/namespaces", "Content-Length: 1\r\nContent-Length: 2\r\n"),
      Head("POST /v1/namespaces", "Content-Length: +1\r\n"),
      Head("POST /v1/namespaces", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n")};
  for (const std::string& bytes : cases) {
    RawSocket socket(server.port());
    socket.Send(bytes);
    const std::string answer = socket.ReadToEnd();
    EXPECT_TRUE(absl::StartsWith(answer, "HTTP/1.1 400 ")) << bytes << "\n" << answer;
    EXPECT_TRUE(absl::StrContains(answer, "connection: close")) << answer;
  }
  EXPECT_EQ(server.backend().seen().calls, 0);
  EXPECT_TRUE(IsHealthy(server));
}

TEST(ServerTest, SeveralRequestsShareOneConnection) {
  RunningServer server;
  RawSocket socket(server.port());
  socket.Send(Head("GET /v1/namespaces") + Head("GET /v1/devices") +
              Head("GET /v1/health", "Connection: close\r\n"));
  const std::string answers = socket.ReadToEnd();
  EXPECT_TRUE(absl::StrContains(answers, "\"namespaces\"")) << answers;
  EXPECT_TRUE(absl::StrContains(answers, "\"devices\"")) << answers;
  EXPECT_TRUE(absl::StrContains(answers, "\"status\":\"ok\"")) << answers;
}

TEST(ServerTest, TruncatedBodyNeverReachesTheService) {
  RunningServer server;
  {
    RawSocket socket(server.port());
    socket.Send(Head(absl::StrCat("POST ", SegmentsTarget()), "Content-Length: 1000\r\n"));
    socket.Send(std::string(999, 'x'));
    socket.CloseSending();
    EXPECT_EQ(socket.ReadToEnd(), "");
  }
  EXPECT_TRUE(IsHealthy(server));
  EXPECT_EQ(server.backend().seen().calls, 0);
}

TEST(ServerTest, ChunkedBodyArrivesWhole) {
  RunningServer server;
  RawSocket socket(server.port());
  socket.Send(Head(absl::StrCat("POST ", SegmentsTarget()),
                   "Transfer-Encoding: chunked\r\nConnection: close\r\n"));
  socket.Send("5\r\nhello\r\n");
  socket.Send("A\r\n, segments\r\n0\r\n\r\n");
  EXPECT_TRUE(absl::StartsWith(socket.ReadToEnd(), "HTTP/1.1 200 "));
  EXPECT_EQ(server.backend().seen().segment, "hello, segments");
}

TEST(ServerTest, ChunkExtensionIsRefused) {
  RunningServer server;
  RawSocket socket(server.port());
  socket.Send(Head(absl::StrCat("POST ", SegmentsTarget()), "Transfer-Encoding: chunked\r\n"));
  socket.Send("5;x=y\r\nhello\r\n0\r\n\r\n");
  EXPECT_TRUE(absl::StartsWith(socket.ReadToEnd(), "HTTP/1.1 400 "));
  EXPECT_EQ(server.backend().seen().calls, 0);
}

TEST(ServerTest, OversizeBodyIs413BeforeItIsRead) {
  RunningServer server;
  RawSocket socket(server.port());
  socket.Send(Head(absl::StrCat("POST ", SegmentsTarget()),
                   absl::StrCat("Content-Length: ", kSegmentBodyMax + 1, "\r\n")));
  EXPECT_TRUE(absl::StartsWith(socket.ReadUntil("\r\n\r\n"), "HTTP/1.1 413 "));

  RawSocket commit(server.port());
  commit.Send(Head(absl::StrCat("POST /v1/namespaces/", kNs.ToHex(), "/commits"),
                   "Transfer-Encoding: chunked\r\n"));
  commit.Send(absl::StrCat(absl::Hex(kJsonBodyMax + 1), "\r\n"));
  EXPECT_TRUE(absl::StartsWith(commit.ReadUntil("\r\n\r\n"), "HTTP/1.1 413 "));
  EXPECT_EQ(server.backend().seen().calls, 0);
}

TEST(ServerTest, AStrangersLongBodyIsRefusedBeforeItIsRead) {
  RunningServer server;
  RawSocket socket(server.port());
  socket.Send(absl::StrCat("POST ", SegmentsTarget(),
                           " HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer se1_stranger\r\n"
                           "Content-Length: 10000000\r\n\r\n"));
  EXPECT_TRUE(absl::StartsWith(socket.ReadUntil("\r\n\r\n"), "HTTP/1.1 401 "));
}

TEST(ServerTest, BodiesBeyondTheMemoryBudgetAreAskedToComeBack) {
  RunningServer server({.body_bytes_max = 1000});
  RawSocket socket(server.port());
  socket.Send(Head(absl::StrCat("POST ", SegmentsTarget()), "Content-Length: 1001\r\n"));
  const std::string answer = socket.ReadUntil("\r\n\r\n");
  EXPECT_TRUE(absl::StartsWith(answer, "HTTP/1.1 503 ")) << answer;
  EXPECT_TRUE(absl::StrContains(answer, "retry-after: 1")) << answer;
}

TEST(ServerTest, ExpectContinueIsHonoured) {
  RunningServer server;
  RawSocket socket(server.port());
  socket.Send(Head(absl::StrCat("POST ", SegmentsTarget()),
                   "Content-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n"));
  EXPECT_TRUE(absl::StrContains(socket.ReadUntil("\r\n\r\n"), "100 Continue"));
  socket.Send("hello");
  EXPECT_TRUE(absl::StartsWith(socket.ReadToEnd(), "HTTP/1.1 200 "));
  EXPECT_EQ(server.backend().seen().segment, "hello");
}

TEST(ServerTest, SlowClientsAreClosed) {
  RunningServer server({.head_deadline = absl::Milliseconds(150),
                        .keep_alive = absl::Milliseconds(200),
                        .body_grace = absl::Milliseconds(100)});
  RawSocket idle(server.port());
  RawSocket slow_head(server.port());
  slow_head.Send("GET /v1/hea");
  RawSocket slow_body(server.port());
  slow_body.Send(Head(absl::StrCat("POST ", SegmentsTarget()), "Content-Length: 1000\r\n"));
  slow_body.Send("some");
  EXPECT_EQ(idle.ReadToEnd(), "");
  EXPECT_EQ(slow_head.ReadToEnd(), "");
  EXPECT_EQ(slow_body.ReadToEnd(), "");
  EXPECT_EQ(server.backend().seen().calls, 0);
}

TEST(ServerTest, ATrickleDoesNotProlongTheHeadDeadline) {
  RunningServer server({.head_deadline = absl::Milliseconds(200)});
  RawSocket socket(server.port());
  const absl::Time start = absl::Now();
  while (socket.Send("G") && absl::Now() - start < absl::Seconds(8)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST(ServerTest, ParkedPollWakesOnCommit) {
  RunningServer server({.poll_recheck = absl::Seconds(60)});
  RawSocket socket(server.port());
  socket.Send(PollHead(60'000));
  WaitForCalls(server, 2);  // Read once by the request and once behind the subscription.
  const absl::Time start = absl::Now();
  server.backend().Append(kNs);
  const std::string answer = socket.ReadUntil("\"head\":1");
  EXPECT_LT(absl::Now() - start, absl::Seconds(2));
  EXPECT_TRUE(absl::StrContains(answer, "\"sequence\":1")) << answer;
}

TEST(ServerTest, ParkedPollSurvivesALostHint) {
  RunningServer server({.poll_recheck = absl::Milliseconds(100)});
  RawSocket socket(server.port());
  socket.Send(PollHead(60'000));
  WaitForCalls(server, 2);
  server.backend().Append(kNs, /*publish=*/false);
  EXPECT_TRUE(absl::StrContains(socket.ReadUntil("\"head\":1"), "\"sequence\":1"));
}

TEST(ServerTest, RevokedTokenEndsAParkedPollWithinASecond) {
  RunningServer server;
  RawSocket socket(server.port());
  socket.Send(PollHead(60'000));
  WaitForCalls(server, 2);
  const absl::Time start = absl::Now();
  server.backend().RevokeToken(kToken);
  const std::string answer = socket.ReadUntil("\r\n\r\n");
  EXPECT_TRUE(absl::StartsWith(answer, "HTTP/1.1 401 ")) << answer;
  EXPECT_LT(absl::Now() - start, absl::Seconds(1));
}

TEST(ServerTest, TwoHundredParkedPollsNeedNoThreadEach) {
  RunningServer server({}, /*workers=*/1);
  std::vector<std::unique_ptr<RawSocket>> sockets;
  for (int i = 0; i < 200; ++i) {
    sockets.push_back(std::make_unique<RawSocket>(server.port()));
    sockets.back()->Send(PollHead(60'000));
  }
  WaitForCalls(server, 400);
  EXPECT_TRUE(IsHealthy(server));
  const absl::Time start = absl::Now();
  server.backend().Append(kNs);
  for (const auto& socket : sockets) {
    EXPECT_TRUE(absl::StrContains(socket->ReadUntil("\"head\":1"), "\"sequence\":1"));
  }
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST(ServerTest, APollWhoseClientLeftIsForgotten) {
  RunningServer server({.poll_recheck = absl::Milliseconds(20)});
  {
    RawSocket socket(server.port());
    socket.Send(PollHead(60'000));
    WaitForCalls(server, 2);
  }
  // Once it is forgotten, nobody reads the journal any more.
  int calls = -1;
  const absl::Time start = absl::Now();
  while (calls != server.backend().seen().calls && absl::Now() - start < absl::Seconds(10)) {
    calls = server.backend().seen().calls;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(calls, server.backend().seen().calls);
}

TEST(ServerTest, StopEndsParkedPollsAndIdleConnections) {
  RunningServer server;
  RawSocket parked(server.port());
  parked.Send(PollHead(60'000));
  RawSocket idle(server.port());
  WaitForCalls(server, 2);
  const absl::Time start = absl::Now();
  std::jthread reader([&] {
    const std::string answer = parked.ReadToEnd();
    EXPECT_TRUE(absl::StartsWith(answer, "HTTP/1.1 503 ")) << answer;
  });
  server.Join();
  EXPECT_EQ(idle.ReadToEnd(), "");
  EXPECT_LT(absl::Now() - start, absl::Seconds(4));
}

TEST(ServerTest, AddressInUseAndBadOptionsAreExplained) {
  RunningServer server;
  FakeBackend& backend = server.backend();
  const ClientPorts ports = server.ports();
  const auto start = [&](ServerOptions options) {
    return Server::Start(std::move(options), backend, server.notifier(), ports.executor,
                         ports.clock)
        .status();
  };
  SE_EXPECT_CODE(start({.listen = absl::StrCat("127.0.0.1:", server.port())}), kUnavailable);
  SE_EXPECT_CODE(start({.listen = "127.0.0.1"}), kInvalidArgument);
  SE_EXPECT_CODE(start({.listen = "127.0.0.1:99999999"}), kInvalidArgument);
  SE_EXPECT_CODE(start({.tls_certificate_file = "/nowhere.pem"}), kInvalidArgument);
  SE_EXPECT_CODE(start({.tls_certificate_file = "/nowhere.pem", .tls_key_file = "/nowhere.pem"}),
                 kInvalidArgument);
}

}  // namespace
}  // namespace syncengine::http
