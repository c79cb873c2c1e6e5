// The routes of live documents (docs/PROTOCOL.md, "Live documents").
#ifndef SYNCENGINE_HTTP_LIVE_ROUTES_H_
#define SYNCENGINE_HTTP_LIVE_ROUTES_H_

#include "src/http/routes.h"

namespace syncengine::http {

// POST: a packet in, the reply out. GET: waits until the document changes after a sequence.
absl::StatusOr<VerbAnswer> ExchangeLive(const RoutedRequest& call);
absl::StatusOr<VerbAnswer> WaitLive(const RoutedRequest& call);

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_LIVE_ROUTES_H_
