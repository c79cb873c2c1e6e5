// HttpTransport over libcurl: HTTP/1.1 with keep-alive, to one server.
#ifndef SYNCENGINE_HTTP_CURL_TRANSPORT_H_
#define SYNCENGINE_HTTP_CURL_TRANSPORT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "syncengine/ports/http_transport.h"

namespace syncengine::http {

struct CurlOptions {
  // Certificates to trust, in PEM; empty: the system's.
  std::string ca_file;
  absl::Duration connect_timeout = absl::Seconds(10);
  // Connections kept open between calls. More are opened when more calls run at once.
  int idle_connections_max = 8;
};

// Creates a transport to `base_url`: "http://127.0.0.1:8080" or "https://host/prefix"; the prefix
// comes before every request's target. kInvalidArgument for another scheme, or a URL with a user,
// query or fragment. Redirects are not followed: a token goes to the server it was given for and to
// no other. TLS is 1.2 or newer and host names are verified. The proxy variables of the environment
// (https_proxy, no_proxy) apply, except to loopback addresses.
absl::StatusOr<std::unique_ptr<HttpTransport>> NewCurlTransport(absl::string_view base_url,
                                                                CurlOptions options = {});

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_CURL_TRANSPORT_H_
