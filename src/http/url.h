// Request targets: "/v1/namespaces/12ab/stat?path=%2Fa" taken apart and put together.
#ifndef SYNCENGINE_HTTP_URL_H_
#define SYNCENGINE_HTTP_URL_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace syncengine::http {

struct Target {
  std::vector<std::string> segments;         // Of the path, percent-decoded once.
  std::map<std::string, std::string> query;  // Decoded; '+' stays '+'.
};

// kInvalidArgument on a bad percent code, an encoded '/' or NUL in the path, an empty or dot
// segment, or a query parameter that comes twice.
absl::StatusOr<Target> ParseTarget(absl::string_view target);

// Everything but RFC 3986's unreserved characters becomes %XX.
std::string PercentEncode(absl::string_view bytes);

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_URL_H_
