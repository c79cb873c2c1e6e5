// absl::Status on the wire: {"error": {"code", "reason", "message"}} and an HTTP status.
#ifndef SYNCENGINE_HTTP_ERRORS_H_
#define SYNCENGINE_HTTP_ERRORS_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "syncengine/ports/http_transport.h"

namespace syncengine::http {

// The value of the first header called `name` (lower case), compared without case.
std::optional<absl::string_view> FindHeader(const HttpHeaders& headers, absl::string_view name);

// The response that carries `status`, which must not be OK. kUnavailable asks to come back after a
// second.
HttpResponse ErrorResponse(const absl::Status& status);
// As above under an HTTP status that says more than the code does (405, 413, 429, ...).
HttpResponse ErrorResponse(const absl::Status& status, int http_status);

// The status that a response with an HTTP status other than 2xx carries; one made from the HTTP
// status when the body is not ours (a proxy's page).
absl::Status ErrorFromResponse(const HttpResponse& response);

// What Retry-After asks for, in its form with seconds.
std::optional<absl::Duration> RetryAfter(const HttpResponse& response);

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_ERRORS_H_
