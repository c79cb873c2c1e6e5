#include "src/http/live_routes.h"

#include <algorithm>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "src/http/json.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::http {
namespace {

// The file that the request names, seen through the caller's own session: who may not read the
// namespace does not get past this.
absl::StatusOr<NodeId> NamedFile(const RoutedRequest& call) {
  if (call.live == nullptr) {
    return absl::UnimplementedError("live documents: this server does not offer them");
  }
  const auto path = call.target.query.find("path");
  if (path == call.target.query.end()) {
    return absl::InvalidArgumentError("parameter 'path': expected the path of a file");
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision head,
                              call.service.Stat(call.path.id, {.path = path->second}));
  if (head.state.kind != NodeKind::kFile) {
    return absl::FailedPreconditionError("live documents: expected the path of a file");
  }
  return head.node;
}

absl::StatusOr<uint64_t> Number(const RoutedRequest& call, const std::string& name) {
  const auto it = call.target.query.find(name);
  if (it == call.target.query.end()) return 0;
  uint64_t value = 0;
  if (absl::SimpleAtoi(it->second, &value)) return value;
  return absl::InvalidArgumentError(
      absl::StrCat("parameter '", name, "': expected a whole number, found '", it->second, "'"));
}

HttpResponse SequenceResponse(uint64_t sequence) {
  return HttpResponse{.status = 200,
                      .headers = {{"content-type", "application/json"}},
                      .body = JsonText({{"sequence", sequence}})};
}

}  // namespace

absl::StatusOr<VerbAnswer> ExchangeLive(const RoutedRequest& call) {
  SYNCENGINE_ASSIGN_OR_RETURN(const NodeId node, NamedFile(call));
  SYNCENGINE_ASSIGN_OR_RETURN(std::string reply,
                              call.live->Exchange(call.path.id, node, call.request.body));
  return HttpResponse{.status = 200,
                      .headers = {{"content-type", "application/octet-stream"}},
                      .body = std::move(reply)};
}

absl::StatusOr<VerbAnswer> WaitLive(const RoutedRequest& call) {
  SYNCENGINE_ASSIGN_OR_RETURN(const NodeId node, NamedFile(call));
  SYNCENGINE_ASSIGN_OR_RETURN(const uint64_t after, Number(call, "sequence"));
  SYNCENGINE_ASSIGN_OR_RETURN(const uint64_t wait_ms, Number(call, "wait_ms"));
  // A document that began again counts from 0: any other number than the writer's is news.
  const auto look = [live = call.live, id = call.path.id, node,
                     after](bool last) -> std::optional<HttpResponse> {
    const uint64_t sequence = live->Sequence(id, node);
    if (sequence == after && !last) return std::nullopt;
    return SequenceResponse(sequence);
  };
  if (std::optional<HttpResponse> news = look(wait_ms == 0)) return *std::move(news);
  const uint64_t longest = uint64_t{limits::kWaitSecondsMax} * 1000;
  return NothingYet{.wait = absl::Milliseconds(std::min(wait_ms, longest)), .look = look};
}

}  // namespace syncengine::http
