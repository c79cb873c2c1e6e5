#include "syncengine/http/loopback_transport.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

namespace syncengine::http {
namespace {

uint64_t HeaderBytes(const HttpHeaders& headers) {
  uint64_t bytes = 2;  // The empty line.
  for (const auto& [name, value] : headers) bytes += name.size() + value.size() + 4;
  return bytes;
}

uint64_t RequestBytes(const HttpRequest& request) {
  constexpr uint64_t kSeparators = sizeof("  HTTP/1.1\r\n") - 1;
  return request.method.size() + request.target.size() + kSeparators +
         HeaderBytes(request.headers) + request.body.size();
}

uint64_t ResponseBytes(const HttpResponse& response) {
  constexpr uint64_t kStatusLine = sizeof("HTTP/1.1 200 OK\r\n") - 1;
  return kStatusLine + HeaderBytes(response.headers) + response.body.size();
}

}  // namespace

// One call. Shared by the caller, who may leave first, and the task that answers.
struct LoopbackTransport::Exchange {
  HttpRequest request;
  HttpCallOptions options;
  std::unique_ptr<Signal> done;  // The answer is there, or the caller wants to leave.
  absl::Mutex mutex;
  std::optional<absl::StatusOr<HttpResponse>> response ABSL_GUARDED_BY(mutex);
};

LoopbackTransport::LoopbackTransport(const Handler& handler, Executor& executor)
    : LoopbackTransport([&handler](const HttpRequest& request) { return handler.Handle(request); },
                        executor) {}

LoopbackTransport::LoopbackTransport(Answerer answerer, Executor& executor)
    : answerer_(std::move(answerer)), executor_(executor), left_(executor.NewSignal()) {}

LoopbackTransport::~LoopbackTransport() {
  const auto busy = [this] {
    absl::MutexLock lock(&mutex_);
    return answering_ > 0;
  };
  while (busy()) left_->Wait(absl::InfiniteDuration());
}

void LoopbackTransport::Answer(Exchange& exchange) const {
  Handler::Answer answer = answerer_(exchange.request);
  absl::StatusOr<HttpResponse> response = absl::CancelledError("http: the call was stopped");
  if (auto* whole = std::get_if<HttpResponse>(&answer)) {
    response = std::move(*whole);
  } else if (Parked& parked = std::get<Parked>(answer); parked.look) {
    response = *parked.look(true);  // Nobody tells when there is news: the caller asks again.
  } else {
    const absl::StatusOr<ChangesPage> page = parked.session->WaitChanges(
        parked.id, parked.request, std::min(parked.wait, exchange.options.timeout),
        exchange.options.stop);
    if (!absl::IsCancelled(page.status())) response = Handler::PollResponse(page);
  }
  {
    absl::MutexLock lock(&exchange.mutex);
    exchange.response = std::move(response);
  }
  exchange.done->Notify();
}

void LoopbackTransport::Leave() {
  const std::shared_ptr<Signal> left = left_;
  {
    absl::MutexLock lock(&mutex_);
    --answering_;
  }
  left->Notify();  // The transport may be gone.
}

absl::StatusOr<HttpResponse> LoopbackTransport::Call(const HttpRequest& request,
                                                     const HttpCallOptions& options) {
  if (options.stop.stop_requested()) return absl::CancelledError("http: the call was stopped");
  sent_bytes_ += RequestBytes(request);
  const auto exchange = std::make_shared<Exchange>();
  exchange->request = request;
  exchange->options = options;
  exchange->done = executor_.NewSignal();
  {
    absl::MutexLock lock(&mutex_);
    ++answering_;
  }
  executor_.Schedule([this, exchange] {
    Answer(*exchange);
    Leave();
  });
  const std::stop_callback stopped(options.stop, [&] { exchange->done->Notify(); });
  const bool in_time = exchange->done->Wait(options.timeout);
  absl::MutexLock lock(&exchange->mutex);
  if (exchange->response.has_value()) return Received(*std::move(exchange->response), options);
  if (in_time) return absl::CancelledError("http: the call was stopped");
  return absl::DeadlineExceededError("http: no answer came in time");
}

absl::StatusOr<HttpResponse> LoopbackTransport::Received(absl::StatusOr<HttpResponse> response,
                                                         const HttpCallOptions& options) {
  if (!response.ok()) return response;
  received_bytes_ += ResponseBytes(*response);
  if (response->body.size() > options.response_bytes_max) {
    return absl::UnavailableError(absl::StrCat("http: the response is longer than the ",
                                               options.response_bytes_max, " bytes allowed"));
  }
  return response;
}

}  // namespace syncengine::http
