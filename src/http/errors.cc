#include "src/http/errors.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "src/http/json.h"
#include "syncengine/base/error.h"

namespace syncengine::http {
namespace {

struct CodeRow {
  absl::StatusCode code;
  absl::string_view name;
  int http_status;
};

constexpr CodeRow kCodes[] = {
    {absl::StatusCode::kInvalidArgument, "invalid_argument", 400},
    {absl::StatusCode::kUnauthenticated, "unauthenticated", 401},
    {absl::StatusCode::kPermissionDenied, "permission_denied", 403},
    {absl::StatusCode::kNotFound, "not_found", 404},
    {absl::StatusCode::kAlreadyExists, "already_exists", 409},
    {absl::StatusCode::kAborted, "aborted", 409},
    {absl::StatusCode::kOutOfRange, "out_of_range", 410},
    {absl::StatusCode::kFailedPrecondition, "failed_precondition", 412},
    {absl::StatusCode::kCancelled, "cancelled", 499},
    {absl::StatusCode::kInternal, "internal", 500},
    {absl::StatusCode::kUnknown, "unknown", 500},
    {absl::StatusCode::kDataLoss, "data_loss", 500},
    {absl::StatusCode::kUnimplemented, "unimplemented", 501},
    {absl::StatusCode::kUnavailable, "unavailable", 503},
    {absl::StatusCode::kDeadlineExceeded, "deadline_exceeded", 504},
    {absl::StatusCode::kResourceExhausted, "resource_exhausted", 507},
};

const CodeRow& RowOf(absl::StatusCode code) {
  for (const CodeRow& row : kCodes) {
    if (row.code == code) return row;
  }
  return RowOf(absl::StatusCode::kUnknown);
}

// What a foreign answer (of a proxy, of another program) most likely means.
absl::StatusCode CodeFromHttpStatus(int http_status) {
  if (http_status == 429 || http_status == 502 || http_status == 503 || http_status == 504) {
    return absl::StatusCode::kUnavailable;
  }
  if (http_status == 401) return absl::StatusCode::kUnauthenticated;
  if (http_status == 403) return absl::StatusCode::kPermissionDenied;
  if (http_status == 404) return absl::StatusCode::kNotFound;
  return absl::StatusCode::kInternal;
}

absl::Status ForeignError(const HttpResponse& response) {
  return absl::Status(
      CodeFromHttpStatus(response.status),
      absl::StrCat("server: HTTP status ", response.status,
                   " without a syncengine error; is the URL that of a syncengine server?"));
}

absl::Status StatusFromFields(Fields& error, const HttpResponse& response) {
  const std::string code = error.Text("code");
  const std::string message = error.Text("message");
  const std::optional<Reason> reason = ReasonFromName(error.Text("reason"));
  if (!error.status().ok()) return ForeignError(response);
  for (const CodeRow& row : kCodes) {
    if (row.name != code) continue;
    if (reason.has_value() && ReasonCode(*reason) == row.code) return MakeError(*reason, message);
    return absl::Status(row.code, message);
  }
  return ForeignError(response);
}

}  // namespace

std::optional<absl::string_view> FindHeader(const HttpHeaders& headers, absl::string_view name) {
  for (const auto& [key, value] : headers) {
    if (absl::EqualsIgnoreCase(key, name)) return value;
  }
  return std::nullopt;
}

HttpResponse ErrorResponse(const absl::Status& status) {
  return ErrorResponse(status, RowOf(status.code()).http_status);
}

HttpResponse ErrorResponse(const absl::Status& status, int http_status) {
  Json error = {{"code", std::string(RowOf(status.code()).name)}};
  if (const std::optional<Reason> reason = GetReason(status); reason.has_value()) {
    error["reason"] = std::string(ReasonName(*reason));
  }
  PutText(error, "message", status.message());
  HttpResponse response{.status = http_status,
                        .headers = {{"content-type", "application/json"}},
                        .body = JsonText({{"error", std::move(error)}})};
  if (http_status == 503 || http_status == 429) response.headers.emplace_back("retry-after", "1");
  if (http_status == 401) response.headers.emplace_back("www-authenticate", "Bearer");
  return response;
}

absl::Status ErrorFromResponse(const HttpResponse& response) {
  const absl::StatusOr<Json> body = ParseJson(response.body);
  if (!body.ok() || !body->is_object() || !body->contains("error")) return ForeignError(response);
  Fields error((*body)["error"], "error");
  return StatusFromFields(error, response);
}

std::optional<absl::Duration> RetryAfter(const HttpResponse& response) {
  const std::optional<absl::string_view> value = FindHeader(response.headers, "retry-after");
  uint32_t seconds = 0;
  if (!value.has_value() || !absl::SimpleAtoi(*value, &seconds)) return std::nullopt;
  return absl::Seconds(seconds);
}

}  // namespace syncengine::http
