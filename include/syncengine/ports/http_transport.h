// Port: sends one HTTP request and brings back the response.
#ifndef SYNCENGINE_PORTS_HTTP_TRANSPORT_H_
#define SYNCENGINE_PORTS_HTTP_TRANSPORT_H_

#include <cstdint>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace syncengine {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;  // "GET", "POST", ...
  std::string target;  // Path and query, percent-encoded: "/v1/namespaces".
  HttpHeaders headers;
  std::string body;
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;  // Names in lower case.
  std::string body;
};

struct HttpCallOptions {
  absl::Duration timeout = absl::Seconds(60);  // For the whole exchange.
  uint64_t response_bytes_max = 64u << 20;
  std::stop_token stop;  // Ends the call early with kCancelled.
};

// Thread-safe; a call blocks. kUnavailable when no complete response came (the request may or may
// not have had its effect), kDeadlineExceeded, kCancelled; any complete response is OK, whatever
// its status.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;

  virtual absl::StatusOr<HttpResponse> Call(const HttpRequest& request,
                                            const HttpCallOptions& options) = 0;
  // Bytes that crossed the wire so far, protocol overhead included where it can be known.
  virtual uint64_t sent_bytes() const = 0;
  virtual uint64_t received_bytes() const = 0;
};

}  // namespace syncengine

#endif  // SYNCENGINE_PORTS_HTTP_TRANSPORT_H_
