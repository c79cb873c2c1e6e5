#include "syncengine/http/loopback_transport.h"

#include <algorithm>
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

absl::StatusOr<HttpResponse> LoopbackTransport::Answer(const HttpRequest& request,
                                                       const HttpCallOptions& options) {
  Handler::Answer answer = handler_.Handle(request);
  if (auto* response = std::get_if<HttpResponse>(&answer)) return std::move(*response);
  Parked& parked = std::get<Parked>(answer);
  const absl::StatusOr<ChangesPage> page = parked.session->WaitChanges(
      parked.id, parked.request, std::min(parked.wait, options.timeout), options.stop);
  if (absl::IsCancelled(page.status())) return page.status();
  return Handler::PollResponse(page);
}

absl::StatusOr<HttpResponse> LoopbackTransport::Call(const HttpRequest& request,
                                                     const HttpCallOptions& options) {
  if (options.stop.stop_requested()) return absl::CancelledError("http: the call was stopped");
  sent_bytes_ += RequestBytes(request);
  absl::StatusOr<HttpResponse> response = Answer(request, options);
  if (!response.ok()) return response;
  received_bytes_ += ResponseBytes(*response);
  if (response->body.size() > options.response_bytes_max) {
    return absl::UnavailableError(absl::StrCat("http: the response is longer than the ",
                                               options.response_bytes_max, " bytes allowed"));
  }
  return response;
}

}  // namespace syncengine::http
