// The promises of ports/http_transport.h as a test suite, for any implementation:
//
//   struct MyHarness {                               // Made anew for each test.
//     using Handler = std::function<HttpResponse(const HttpRequest&)>;
//     HttpTransport& Connect(Handler handler);       // Called once: a transport to a server that
//                                                    // answers every request with `handler`, which
//                                                    // may be called on any thread.
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Mine, HttpTransportConformance, MyHarness);
//
// inside namespace syncengine::testing. Headers a transport or server adds are allowed.
#ifndef SYNCENGINE_TESTING_HTTP_TRANSPORT_CONFORMANCE_H_
#define SYNCENGINE_TESTING_HTTP_TRANSPORT_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "syncengine/ports/http_transport.h"
#include "syncengine/testing/status_matchers.h"

namespace syncengine::testing {

template <typename Harness>
class HttpTransportConformance : public ::testing::Test {
 protected:
  // The value of a header, or "(none)".
  static std::string Header(const HttpHeaders& headers, absl::string_view name) {
    for (const auto& [key, value] : headers) {
      if (absl::AsciiStrToLower(key) == name) return value;
    }
    return "(none)";
  }

  static HttpRequest Request(std::string method, std::string target, std::string body = "") {
    HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.body = std::move(body);
    return request;
  }

  Harness harness_;
};

TYPED_TEST_SUITE_P(HttpTransportConformance);

TYPED_TEST_P(HttpTransportConformance, RequestArrivesAndResponseComesBack) {
  absl::Mutex mutex;
  HttpRequest seen;
  HttpTransport& transport = this->harness_.Connect([&](const HttpRequest& request) {
    absl::MutexLock lock(&mutex);
    seen = request;
    return HttpResponse{201, {{"x-answer", "forty two"}}, "made"};
  });
  HttpRequest request = this->Request("POST", "/v1/things?name=a%20b&x=%2F", "the body");
  request.headers = {{"x-question", "6 by 9"}};
  SE_ASSERT_OK_AND_ASSIGN(const HttpResponse response, transport.Call(request, {}));
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, "made");
  EXPECT_EQ(this->Header(response.headers, "x-answer"), "forty two");
  for (const auto& [name, value] : response.headers) EXPECT_EQ(name, absl::AsciiStrToLower(name));
  absl::MutexLock lock(&mutex);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/v1/things?name=a%20b&x=%2F");
  EXPECT_EQ(seen.body, "the body");
  EXPECT_EQ(this->Header(seen.headers, "x-question"), "6 by 9");
}

TYPED_TEST_P(HttpTransportConformance, BodiesAreBinaryAndMayBeLarge) {
  HttpTransport& transport = this->harness_.Connect([](const HttpRequest& request) {
    return HttpResponse{200, {}, request.body};
  });
  std::string body(3 << 20, '\0');
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 131 >> 4);
  for (const std::string& sent : {std::string(), std::string("\0\r\n\r\n", 5), body}) {
    SE_ASSERT_OK_AND_ASSIGN(const HttpResponse response,
                            transport.Call(this->Request("PUT", "/x", sent), {}));
    EXPECT_TRUE(response.body == sent) << sent.size() << " bytes";
  }
}

TYPED_TEST_P(HttpTransportConformance, AnyCompleteResponseIsOk) {
  HttpTransport& transport = this->harness_.Connect([](const HttpRequest& request) {
    return HttpResponse{request.target == "/missing" ? 404 : 503, {}, "sorry"};
  });
  EXPECT_EQ(transport.Call(this->Request("GET", "/missing"), {})->status, 404);
  EXPECT_EQ(transport.Call(this->Request("GET", "/busy"), {})->status, 503);
}

TYPED_TEST_P(HttpTransportConformance, ResponseOverTheLimitIsAnError) {
  HttpTransport& transport = this->harness_.Connect([](const HttpRequest&) {
    return HttpResponse{200, {}, std::string(100'000, 'x')};
  });
  HttpCallOptions options;
  options.response_bytes_max = 1'000;
  EXPECT_FALSE(transport.Call(this->Request("GET", "/big"), options).ok());
  options.response_bytes_max = 100'000;
  SE_EXPECT_OK(transport.Call(this->Request("GET", "/big"), options));
}

TYPED_TEST_P(HttpTransportConformance, StoppedCallEndsEarly) {
  absl::Notification arrived;
  // Shared with a handler that may still be leaving when the test is over.
  const auto leave = std::make_shared<absl::Notification>();
  HttpTransport& transport = this->harness_.Connect([&arrived, leave](const HttpRequest&) {
    if (!arrived.HasBeenNotified()) arrived.Notify();
    leave->WaitForNotificationWithTimeout(absl::Seconds(30));
    return HttpResponse{200, {}, ""};
  });
  std::stop_source stop;
  std::thread stopper([&] {
    arrived.WaitForNotification();
    stop.request_stop();
  });
  HttpCallOptions options;
  options.stop = stop.get_token();
  SE_EXPECT_CODE(transport.Call(this->Request("GET", "/slow"), options), kCancelled);
  leave->Notify();
  stopper.join();
}

TYPED_TEST_P(HttpTransportConformance, CallEndsAtItsDeadline) {
  const auto leave = std::make_shared<absl::Notification>();
  HttpTransport& transport = this->harness_.Connect([leave](const HttpRequest&) {
    leave->WaitForNotificationWithTimeout(absl::Seconds(30));
    return HttpResponse{200, {}, ""};
  });
  HttpCallOptions options;
  options.timeout = absl::Milliseconds(50);
  SE_EXPECT_CODE(transport.Call(this->Request("GET", "/slow"), options), kDeadlineExceeded);
  leave->Notify();
}

TYPED_TEST_P(HttpTransportConformance, ConcurrentCallsGetTheirOwnAnswers) {
  HttpTransport& transport = this->harness_.Connect([](const HttpRequest& request) {
    return HttpResponse{200, {}, absl::StrCat(request.target, "|", request.body)};
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 10; ++j) {
        const std::string target = absl::StrCat("/", i, "/", j);
        const auto response = transport.Call(this->Request("POST", target, target), {});
        SE_EXPECT_OK(response);
        if (!response.ok()) continue;
        EXPECT_EQ(response->body, absl::StrCat(target, "|", target));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TYPED_TEST_P(HttpTransportConformance, BytesOnTheWireAreCounted) {
  HttpTransport& transport = this->harness_.Connect([](const HttpRequest&) {
    return HttpResponse{200, {}, std::string(5'000, 'x')};
  });
  SE_ASSERT_OK(transport.Call(this->Request("GET", "/a"), {}));
  const uint64_t sent = transport.sent_bytes();
  const uint64_t received = transport.received_bytes();
  EXPECT_GE(received, 5'000u);
  SE_ASSERT_OK(transport.Call(this->Request("PUT", "/a", std::string(3'000, 'y')), {}));
  EXPECT_GE(transport.sent_bytes(), sent + 3'000);
  EXPECT_GE(transport.received_bytes(), received + 5'000);
}

REGISTER_TYPED_TEST_SUITE_P(HttpTransportConformance, RequestArrivesAndResponseComesBack,
                            BodiesAreBinaryAndMayBeLarge, AnyCompleteResponseIsOk,
                            ResponseOverTheLimitIsAnError, StoppedCallEndsEarly,
                            CallEndsAtItsDeadline, ConcurrentCallsGetTheirOwnAnswers,
                            BytesOnTheWireAreCounted);

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTING_HTTP_TRANSPORT_CONFORMANCE_H_
