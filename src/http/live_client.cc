#include "syncengine/http/live_client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/http/errors.h"
#include "src/http/json.h"
#include "src/http/url.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::http {
namespace {

constexpr absl::Duration kPollSlack = absl::Seconds(15);  // How late an answer may be.

absl::StatusOr<std::string> Call(HttpTransport& transport, const HttpRequest& request,
                                 const HttpCallOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(HttpResponse response, transport.Call(request, options));
  if (response.status < 200 || response.status >= 300) return ErrorFromResponse(response);
  return std::move(response.body);
}

}  // namespace

LiveClient::LiveClient(HttpTransport& transport, Secret token, const NamespaceId& id,
                       absl::string_view path)
    : transport_(transport),
      token_(std::move(token)),
      target_(absl::StrCat("/v1/namespaces/", id.ToHex(), "/live?path=", PercentEncode(path))) {}

absl::StatusOr<std::string> LiveClient::Exchange(absl::string_view packet, std::stop_token stop) {
  const HttpRequest request{.method = "POST",
                            .target = target_,
                            .headers = {{"authorization", absl::StrCat("Bearer ", token_.bytes())},
                                        {"content-type", "application/octet-stream"}},
                            .body = std::string(packet)};
  return Call(transport_, request,
              {.response_bytes_max = limits::kLivePacketBytesMax, .stop = std::move(stop)});
}

absl::StatusOr<uint64_t> LiveClient::Wait(uint64_t sequence, absl::Duration timeout,
                                          std::stop_token stop) {
  timeout = std::clamp(timeout, absl::ZeroDuration(), absl::Seconds(limits::kWaitSecondsMax));
  const HttpRequest request{
      .method = "GET",
      .target = absl::StrCat(target_, "&sequence=", sequence,
                             "&wait_ms=", absl::ToInt64Milliseconds(timeout)),
      .headers = {{"authorization", absl::StrCat("Bearer ", token_.bytes())}}};
  SYNCENGINE_ASSIGN_OR_RETURN(
      const std::string body,
      Call(transport_, request, {.timeout = timeout + kPollSlack, .stop = std::move(stop)}));
  const absl::StatusOr<Json> answer = ParseJson(body);
  if (answer.ok()) {
    Fields fields(*answer, "answer");
    const uint64_t now = fields.Unsigned("sequence", ~uint64_t{0});
    if (fields.status().ok()) return now;
  }
  return absl::InternalError("server: the answer is not as docs/PROTOCOL.md says: no sequence");
}

}  // namespace syncengine::http
