// An HttpTransport that reaches a Handler in the same process, through the whole codec but without
// a socket: for tests and simulation.
#ifndef SYNCENGINE_HTTP_LOOPBACK_TRANSPORT_H_
#define SYNCENGINE_HTTP_LOOPBACK_TRANSPORT_H_

#include <atomic>
#include <cstdint>

#include "absl/status/statusor.h"
#include "syncengine/http/handler.h"
#include "syncengine/ports/http_transport.h"

namespace syncengine::http {

// Thread-safe. Runs the handler on the calling thread; long polls wait in Service::WaitChanges.
// Counts the bytes that HTTP/1.1 would send, without those of lower layers.
class LoopbackTransport final : public HttpTransport {
 public:
  // `handler` outlives the transport.
  explicit LoopbackTransport(const Handler& handler) : handler_(handler) {}

  absl::StatusOr<HttpResponse> Call(const HttpRequest& request,
                                    const HttpCallOptions& options) override;
  uint64_t sent_bytes() const override { return sent_bytes_; }
  uint64_t received_bytes() const override { return received_bytes_; }

 private:
  absl::StatusOr<HttpResponse> Answer(const HttpRequest& request, const HttpCallOptions& options);

  const Handler& handler_;
  std::atomic<uint64_t> sent_bytes_ = 0;
  std::atomic<uint64_t> received_bytes_ = 0;
};

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_LOOPBACK_TRANSPORT_H_
