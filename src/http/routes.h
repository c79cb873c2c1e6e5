// The table of routes: which method and path reaches which verb of Service.
#ifndef SYNCENGINE_HTTP_ROUTES_H_
#define SYNCENGINE_HTTP_ROUTES_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "src/http/url.h"
#include "syncengine/base/ids.h"
#include "syncengine/ports/http_transport.h"
#include "syncengine/ports/live_documents.h"
#include "syncengine/ports/service.h"

namespace syncengine::http {

// The variable parts of a path.
struct PathArguments {
  NamespaceId id;   // {ns}
  UploadId upload;  // {upload}
};

// One request, taken apart.
struct RoutedRequest {
  Service& service;
  const PathArguments& path;
  const Target& target;
  const HttpRequest& request;
  LiveDocuments* live;  // Null when the server does not offer them.
};

// A long poll that found nothing and may wait.
struct NothingYet {
  ChangesRequest request;
  absl::Duration wait;
  // Set for a poll that is not about the journal: see Parked::look.
  std::function<std::optional<HttpResponse>(bool last)> look;
};

using VerbAnswer = std::variant<HttpResponse, NothingYet>;
using Verb = absl::StatusOr<VerbAnswer> (*)(const RoutedRequest&);

struct Route {
  absl::string_view method;
  absl::string_view path;  // "v1/namespaces/{ns}/stat"
  uint64_t body_max;
  Verb verb;
};

// All routes that need a token.
absl::Span<const Route> Routes();

// True when the path of `target` has the shape of `route`.
bool PathMatches(const Route& route, const Target& target);
// The variable parts; kInvalidArgument when an id is not hex of the right length.
absl::StatusOr<PathArguments> ReadPath(const Route& route, const Target& target);

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_ROUTES_H_
