// The server side of the HTTP protocol (docs/PROTOCOL.md) without a socket: one request in, one
// response out.
//
// http::Server runs it behind a socket and LoopbackTransport without one; embed it yourself to
// serve syncengine from a web server you already have.
#ifndef SYNCENGINE_HTTP_HANDLER_H_
#define SYNCENGINE_HTTP_HANDLER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <variant>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "syncengine/base/ids.h"
#include "syncengine/base/limits.h"
#include "syncengine/base/secret.h"
#include "syncengine/ports/http_transport.h"
#include "syncengine/ports/live_documents.h"
#include "syncengine/ports/service.h"
#include "syncengine/ports/session_opener.h"

namespace syncengine::http {

// Largest JSON body: a full commit of limits::kCommitChangesMax changes with long manifests.
inline constexpr uint64_t kJsonBodyMax = 8u << 20;
// Largest body of all: a segment.
inline constexpr uint64_t kSegmentBodyMax = limits::kSegmentBytesMax + (64u << 10);

// A long poll with nothing to say yet. Whoever drives the handler waits for news of `id` without
// holding a thread and then calls Resume, or waits in `session`.WaitChanges.
struct Parked {
  std::unique_ptr<Service> session;
  Secret token;
  NamespaceId id;
  ChangesRequest request;
  absl::Duration wait;  // From when the request came.
  // Set for a poll that is not about the journal; Resume asks it instead. A response, or nullopt
  // while there is nothing; with `last` always a response.
  std::function<std::optional<HttpResponse>(bool last)> look;
};

// Thread-safe. Handle and Resume call Service methods that may block on storage.
class Handler {
 public:
  using Answer = std::variant<HttpResponse, Parked>;

  // Both outlive the handler. Without `live` the routes of live documents answer kUnimplemented.
  explicit Handler(SessionOpener& sessions, LiveDocuments* live = nullptr)
      : sessions_(sessions), live_(live) {}

  // Answers every request; what is wrong with one is in the response's status and body.
  Answer Handle(const HttpRequest& request) const;

  // Looks again: the response when there is news, or when the token ended meanwhile; nullopt while
  // there is nothing. With `last`, an empty page is news.
  std::optional<HttpResponse> Resume(Parked& parked, bool last) const;

  // The response to a poll that was waited for in `session`.WaitChanges.
  static HttpResponse PollResponse(const absl::StatusOr<ChangesPage>& page);

  // The 401 that a request with these headers will get, or nullopt: what to ask before taking in a
  // long body. Opens a session, so it may block.
  std::optional<HttpResponse> RefuseToken(const HttpHeaders& headers) const;
  // How long a body the route of this request takes: what to refuse before reading it.
  static uint64_t BodyMax(absl::string_view method, absl::string_view target);
  // The response to a request whose body is longer than that.
  static HttpResponse BodyTooLarge(uint64_t body_max);

 private:
  SessionOpener& sessions_;
  LiveDocuments* const live_;
};

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_HANDLER_H_
