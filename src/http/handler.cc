#include "syncengine/http/handler.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/http/errors.h"
#include "src/http/json.h"
#include "src/http/routes.h"
#include "src/http/wire_values.h"
#include "syncengine/base/error.h"
#include "syncengine/base/version.h"

namespace syncengine::http {
namespace {

constexpr absl::string_view kHealthTarget = "/v1/health";

HttpResponse JsonResponse(const Json& body) {
  return HttpResponse{
      .status = 200, .headers = {{"content-type", "application/json"}}, .body = JsonText(body)};
}

HttpResponse Health() { return JsonResponse({{"status", "ok"}, {"version", kVersion}}); }

absl::StatusOr<Secret> BearerToken(const HttpHeaders& headers) {
  const std::optional<absl::string_view> header = FindHeader(headers, "authorization");
  constexpr absl::string_view kScheme = "bearer ";
  if (!header.has_value() || !absl::StartsWithIgnoreCase(*header, kScheme)) {
    return MakeError(
        Reason::kBadToken,
        "request: expected a header 'Authorization: Bearer TOKEN' with a device token");
  }
  return Secret(header->substr(kScheme.size()));
}

// What is known of a request before its token is looked at.
struct RouteSearch {
  const Route* route = nullptr;
  std::string allowed;  // Methods of other routes with this path.
};

RouteSearch FindRoute(absl::string_view method, const Target& target) {
  RouteSearch search;
  for (const Route& route : Routes()) {
    if (!PathMatches(route, target)) continue;
    if (route.method == method) search.route = &route;
    absl::StrAppend(&search.allowed, search.allowed.empty() ? "" : ", ", route.method);
  }
  return search;
}

HttpResponse NoRoute(const RouteSearch& search, const HttpRequest& request) {
  if (search.allowed.empty()) {
    return ErrorResponse(absl::NotFoundError(absl::StrCat(
        "request: there is no route ", request.target.substr(0, request.target.find('?')))));
  }
  HttpResponse response = ErrorResponse(
      absl::InvalidArgumentError(absl::StrCat("request: this route takes ", search.allowed)), 405);
  response.headers.emplace_back("allow", search.allowed);
  return response;
}

}  // namespace

HttpResponse Handler::PollResponse(const absl::StatusOr<ChangesPage>& page) {
  if (!page.ok()) return ErrorResponse(page.status());
  return JsonResponse(ToJson(*page));
}

uint64_t Handler::BodyMax(absl::string_view method, absl::string_view target) {
  const absl::StatusOr<Target> parsed = ParseTarget(target);
  if (!parsed.ok()) return 0;
  const RouteSearch search = FindRoute(method, *parsed);
  return search.route == nullptr ? 0 : search.route->body_max;
}

HttpResponse Handler::BodyTooLarge(uint64_t body_max) {
  return ErrorResponse(absl::InvalidArgumentError(absl::StrCat(
                           "request: this route takes a body of at most ", body_max, " bytes")),
                       413);
}

std::optional<HttpResponse> Handler::RefuseToken(const HttpHeaders& headers) const {
  const absl::StatusOr<Secret> token = BearerToken(headers);
  if (!token.ok()) return ErrorResponse(token.status());
  const absl::Status opened = sessions_.OpenSession(token->bytes()).status();
  if (opened.ok()) return std::nullopt;
  return ErrorResponse(opened);
}

Handler::Answer Handler::Handle(const HttpRequest& request) const {
  if (request.method == "GET" && request.target == kHealthTarget) return Health();
  const absl::StatusOr<Target> target = ParseTarget(request.target);
  if (!target.ok()) return ErrorResponse(target.status());
  const RouteSearch search = FindRoute(request.method, *target);
  if (search.route == nullptr) return NoRoute(search, request);
  if (request.body.size() > search.route->body_max) return BodyTooLarge(search.route->body_max);

  absl::StatusOr<Secret> token = BearerToken(request.headers);
  if (!token.ok()) return ErrorResponse(token.status());
  absl::StatusOr<std::unique_ptr<Service>> session = sessions_.OpenSession(token->bytes());
  if (!session.ok()) return ErrorResponse(session.status());
  const absl::StatusOr<PathArguments> path = ReadPath(*search.route, *target);
  if (!path.ok()) return ErrorResponse(path.status());

  absl::StatusOr<VerbAnswer> answer = search.route->verb(
      {.service = **session, .path = *path, .target = *target, .request = request, .live = live_});
  if (!answer.ok()) return ErrorResponse(answer.status());
  if (auto* response = std::get_if<HttpResponse>(&*answer)) return std::move(*response);
  NothingYet& nothing = std::get<NothingYet>(*answer);
  return Parked{.session = *std::move(session),
                .token = *std::move(token),
                .id = path->id,
                .request = std::move(nothing.request),
                .wait = nothing.wait,
                .look = std::move(nothing.look)};
}

std::optional<HttpResponse> Handler::Resume(Parked& parked, bool last) const {
  // Opened again, so that a revoked device learns of it even when nothing changes.
  absl::StatusOr<std::unique_ptr<Service>> session = sessions_.OpenSession(parked.token.bytes());
  if (!session.ok()) return ErrorResponse(session.status());
  parked.session = *std::move(session);
  if (parked.look) return parked.look(last);
  const absl::StatusOr<ChangesPage> page = parked.session->Changes(parked.id, parked.request);
  if (page.ok() && page->entries.empty() && !last) return std::nullopt;
  return PollResponse(page);
}

}  // namespace syncengine::http
