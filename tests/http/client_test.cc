// How a client retries, what it makes of answers that are not the protocol, and what it never
// sends.
#include "syncengine/http/client.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/http/curl_transport.h"
#include "syncengine/testing/manual_clock.h"
#include "syncengine/testing/manual_executor.h"
#include "syncengine/testing/seeded_entropy.h"
#include "syncengine/testing/status_matchers.h"
#include "tests/http/running_server.h"

namespace syncengine::http {
namespace {

const NamespaceId kNs = TestId<NamespaceId>(0xfe);
constexpr char kUsage[] = R"({"nodes":7})";

// Answers what it was told to, in order; afterwards kUnavailable.
class ScriptedTransport final : public HttpTransport {
 public:
  absl::StatusOr<HttpResponse> Call(const HttpRequest& request,
                                    const HttpCallOptions& options) override {
    requests.push_back(request);
    timeouts.push_back(options.timeout);
    if (on_call) on_call();
    if (answers.empty()) return absl::UnavailableError("refused");
    absl::StatusOr<HttpResponse> answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  }
  uint64_t sent_bytes() const override { return 0; }
  uint64_t received_bytes() const override { return 0; }

  void Answer(int status, std::string body, HttpHeaders headers = {}) {
    answers.push_back(HttpResponse{status, std::move(headers), std::move(body)});
  }

  std::deque<absl::StatusOr<HttpResponse>> answers;
  std::function<void()> on_call;
  std::vector<HttpRequest> requests;
  std::vector<absl::Duration> timeouts;
};

class ClientTest : public ::testing::Test {
 protected:
  absl::Status Usage() { return client_.GetUsage(kNs).status(); }

  ManualClock clock_;
  ManualExecutor executor_{&clock_};
  SeededEntropy entropy_{1};
  ScriptedTransport transport_;
  std::vector<RetryEvent> retries_;
  Client client_{transport_, Secret("se1_secret"), ClientPorts{executor_, clock_, entropy_},
                 ClientOptions{.on_retry = [this](const RetryEvent& e) { retries_.push_back(e); }}};
};

TEST_F(ClientTest, UnavailableIsRetriedWithGrowingCappedSpreadDelays) {
  const absl::Duration start = clock_.Monotonic();
  SE_EXPECT_CODE(Usage(), kUnavailable);
  const RetryPolicy policy;
  EXPECT_EQ(transport_.requests.size(), static_cast<size_t>(policy.attempts_max));
  ASSERT_EQ(retries_.size(), static_cast<size_t>(policy.attempts_max - 1));
  absl::Duration nominal = policy.first_delay;
  absl::Duration total;
  for (const RetryEvent& retry : retries_) {
    EXPECT_GE(retry.delay, nominal / 2);
    EXPECT_LE(retry.delay, nominal);
    total += retry.delay;
    nominal = std::min(nominal * 2, policy.delay_max);
  }
  EXPECT_NE(retries_[0].delay * 2, retries_[1].delay);  // Spread by chance.
  EXPECT_EQ(clock_.Monotonic() - start, total);
}

TEST_F(ClientTest, SucceedsAfterTheServerCameBack) {
  transport_.answers.push_back(absl::UnavailableError("connection refused"));
  transport_.Answer(502, "<html>bad gateway</html>");
  transport_.Answer(200, kUsage);
  SE_ASSERT_OK_AND_ASSIGN(const struct Usage usage, client_.GetUsage(kNs));
  EXPECT_EQ(usage.nodes, 7u);
  EXPECT_EQ(transport_.requests.size(), 3u);
}

TEST_F(ClientTest, RetryAfterIsHonouredAndBounded) {
  transport_.Answer(503, "", {{"retry-after", "17"}});
  transport_.Answer(429, "", {{"retry-after", "86400"}});
  transport_.Answer(503, "", {{"retry-after", "soon"}});
  transport_.Answer(200, kUsage);
  SE_EXPECT_OK(Usage());
  ASSERT_EQ(retries_.size(), 3u);
  EXPECT_EQ(retries_[0].delay, absl::Seconds(17));
  EXPECT_EQ(retries_[1].delay, RetryPolicy().retry_after_max);
  EXPECT_LT(retries_[2].delay, absl::Seconds(2));
}

TEST_F(ClientTest, NothingButUnavailableIsRetried) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kAborted, absl::StatusCode::kDeadlineExceeded,
        absl::StatusCode::kCancelled, absl::StatusCode::kInternal, absl::StatusCode::kDataLoss}) {
    transport_.requests.clear();
    transport_.answers.push_back(absl::Status(code, "x"));
    EXPECT_EQ(Usage().code(), code);
    EXPECT_EQ(transport_.requests.size(), 1u);
  }
}

TEST_F(ClientTest, RetryNowStartsAfresh) {
  const int attempts = RetryPolicy().attempts_max;
  transport_.on_call = [this, attempts] {
    // Once, during the wait behind the second attempt, the user presses "try again".
    if (transport_.requests.size() == 2) executor_.Schedule([this] { client_.RetryNow(); });
    static_cast<void>(attempts);
  };
  SE_EXPECT_CODE(Usage(), kUnavailable);
  EXPECT_EQ(transport_.requests.size(), static_cast<size_t>(attempts + 2));
}

TEST_F(ClientTest, AnswersThatAreNotTheProtocolAreExplained) {
  for (const char* body : {"", "<html>", "[]", "7", "{\"nodes\":\"many\"}", "{\"nodes\":-1}",
                           "{\"nodes\":1,\"nodes\":2}"}) {
    transport_.Answer(200, body);
    const absl::Status status = Usage();
    SE_EXPECT_CODE(status, kInternal) << body;
    EXPECT_TRUE(absl::StrContains(status.message(), "PROTOCOL")) << status;
  }
  transport_.Answer(404, "<html>nothing here</html>");
  const absl::Status foreign = Usage();
  SE_EXPECT_CODE(foreign, kNotFound);
  EXPECT_TRUE(absl::StrContains(foreign.message(), "is the URL")) << foreign;
  transport_.Answer(301, "");
  SE_EXPECT_CODE(Usage(), kInternal);
  transport_.Answer(400, R"({"error":{"code":"ok","message":"x"}})");
  EXPECT_FALSE(Usage().ok());
}

TEST_F(ClientTest, FramesThatAnswerNothingAreRefused) {
  const BlockId id = TestId<BlockId>(1);
  transport_.Answer(200, std::string(8, '\0'));
  SE_EXPECT_CODE(client_.GetFrames(kNs, {id}), kInternal);
  transport_.Answer(200, std::string("\x02\0\0\0\0\0\0\0", 8));
  SE_EXPECT_CODE(client_.GetFrames(kNs, {id}), kInternal);
}

TEST_F(ClientTest, RequestsOverALimitAreNotSent) {
  const std::vector<BlockId> ids(limits::kMissingBlocksMax + 1);
  SE_EXPECT_CODE(client_.MissingBlocks(kNs, {}, ids), kInvalidArgument);
  SE_EXPECT_CODE(client_.GetFrames(kNs, ids), kInvalidArgument);
  SE_EXPECT_CODE(client_.PutSegment(kNs, {}, std::string(limits::kSegmentBytesMax + 1, 'x')),
                 kInvalidArgument);
  CommitRequest commit;
  commit.changes.resize(limits::kCommitChangesMax + 1);
  SE_EXPECT_CODE(client_.Commit(kNs, commit), kInvalidArgument);
  EXPECT_TRUE(transport_.requests.empty());
}

TEST_F(ClientTest, TheTokenTravelsInItsHeaderOnly) {
  transport_.Answer(200, kUsage);
  SE_EXPECT_OK(Usage());
  const HttpRequest& request = transport_.requests.front();
  EXPECT_EQ(request.headers.front().second, "Bearer se1_secret");
  EXPECT_FALSE(absl::StrContains(request.target, "se1_secret"));
}

TEST_F(ClientTest, RetriesOfALongPollShareItsTimeout) {
  transport_.on_call = [this] { clock_.Advance(absl::Seconds(10)); };
  SE_EXPECT_CODE(client_.WaitChanges(kNs, {}, absl::Seconds(30), {}), kUnavailable);
  ASSERT_GE(transport_.requests.size(), 3u);
  EXPECT_TRUE(absl::StrContains(transport_.requests[0].target, "wait_ms=30000"));
  EXPECT_FALSE(absl::StrContains(transport_.requests[1].target, "wait_ms=30000"));
  EXPECT_LT(transport_.timeouts[1], transport_.timeouts[0]);
  EXPECT_TRUE(absl::EndsWith(transport_.requests.back().target, "wait_ms=0"));
}

TEST_F(ClientTest, StopEndsAWaitBetweenAttempts) {
  std::stop_source stop;
  transport_.on_call = [&] { executor_.Schedule([&] { stop.request_stop(); }); };
  SE_EXPECT_CODE(client_.WaitChanges(kNs, {}, absl::Seconds(30), stop.get_token()), kCancelled);
  EXPECT_EQ(transport_.requests.size(), 1u);
}

// --- Over sockets ---

TEST(CurlTransportTest, BaseUrlsAreChecked) {
  for (absl::string_view url : {"", "ftp://h", "h:80", "http://", "http://user@h", "http://h?x",
                                "http://h#f", "file:///etc/passwd"}) {
    SE_EXPECT_CODE(NewCurlTransport(url).status(), kInvalidArgument) << url;
  }
  SE_EXPECT_OK(NewCurlTransport("http://127.0.0.1:1/prefix/").status());
}

TEST(CurlTransportTest, HeaderInjectionIsRefused) {
  auto transport = *NewCurlTransport("http://127.0.0.1:1");
  HttpRequest request{.method = "GET", .target = "/", .headers = {{"a", "b\r\nc: d"}}, .body = ""};
  SE_EXPECT_CODE(transport->Call(request, {}), kInvalidArgument);
  request.headers.clear();
  request.target = "/a b";
  SE_EXPECT_CODE(transport->Call(request, {}), kInvalidArgument);
}

TEST(CurlTransportTest, NobodyListeningIsUnavailable) {
  int port = 0;
  {
    RunningServer server;
    port = server.port();
  }
  auto transport = *NewCurlTransport(absl::StrCat("http://127.0.0.1:", port));
  SE_EXPECT_CODE(transport->Call({.method = "GET", .target = "/", .headers = {}, .body = ""}, {}),
                 kUnavailable);
}

TEST(CurlTransportTest, AForeignCertificateIsRefused) {
  testing::TemporaryDirectory directory;
  const TlsFiles files = WriteTlsFiles(directory.path());
  RunningServer server({.tls_certificate_file = files.certificate, .tls_key_file = files.key});
  auto transport = *NewCurlTransport(server.url());
  SE_EXPECT_CODE(
      transport->Call({.method = "GET", .target = "/v1/health", .headers = {}, .body = ""}, {}),
      kUnauthenticated);
}

TEST(CurlTransportTest, ResponsesAreBoundedWhileTheyArrive) {
  RunningServer server;
  auto transport = *NewCurlTransport(server.url());
  const HttpRequest request{.method = "GET", .target = "/v1/health", .headers = {}, .body = ""};
  HttpCallOptions options;
  options.response_bytes_max = 10;
  SE_EXPECT_CODE(transport->Call(request, options), kUnavailable);
  options.response_bytes_max = 1000;
  SE_EXPECT_OK(transport->Call(request, options));
}

TEST(ClientSocketTest, AStoppedServerIsSurvivedByRetries) {
  auto first = std::make_unique<RunningServer>();
  const std::string listen = absl::StrCat("127.0.0.1:", first->port());
  SystemClock clock;
  SystemEntropy entropy;
  ThreadPool executor(1);
  auto transport = *NewCurlTransport(first->url());
  std::unique_ptr<RunningServer> second;
  Client client(*transport, Secret(kToken), {executor, clock, entropy},
                {.retry = {.attempts_max = 20, .first_delay = absl::Milliseconds(10)},
                 .on_retry = [&](const RetryEvent&) {
                   if (second == nullptr) {
                     second = std::make_unique<RunningServer>(ServerOptions{.listen = listen});
                   }
                 }});
  SE_EXPECT_OK(client.GetUsage(kNs));
  first = nullptr;
  SE_EXPECT_OK(client.GetUsage(kNs));  // Over a connection that has died, then a new one.
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->backend().seen().calls, 1);
}

}  // namespace
}  // namespace syncengine::http
