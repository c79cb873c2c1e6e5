// An HttpTransport that reaches a Handler in the same process, through the whole codec but without
// a socket: for tests and simulation.
#ifndef SYNCENGINE_HTTP_LOOPBACK_TRANSPORT_H_
#define SYNCENGINE_HTTP_LOOPBACK_TRANSPORT_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "syncengine/http/handler.h"
#include "syncengine/ports/executor.h"
#include "syncengine/ports/http_transport.h"

namespace syncengine::http {

// Thread-safe. Runs the handler on an executor, so that a call can end before its answer is there;
// long polls wait in Service::WaitChanges. Counts the bytes that HTTP/1.1 would send, without those
// of lower layers.
class LoopbackTransport final : public HttpTransport {
 public:
  // What answers requests, on any thread; several at once when the calls come so.
  using Answerer = std::function<Handler::Answer(const HttpRequest&)>;

  // `handler` and `executor` outlive the transport.
  LoopbackTransport(const Handler& handler, Executor& executor);
  LoopbackTransport(Answerer answerer, Executor& executor);
  // Waits for the answers to calls that ended early.
  ~LoopbackTransport() override;

  absl::StatusOr<HttpResponse> Call(const HttpRequest& request,
                                    const HttpCallOptions& options) override;
  uint64_t sent_bytes() const override { return sent_bytes_; }
  uint64_t received_bytes() const override { return received_bytes_; }

 private:
  struct Exchange;

  void Answer(Exchange& exchange) const;
  void Leave();
  absl::StatusOr<HttpResponse> Received(absl::StatusOr<HttpResponse> response,
                                        const HttpCallOptions& options);

  const Answerer answerer_;
  Executor& executor_;
  // Shared with the answers, the last of which notifies it when the transport may already be gone.
  const std::shared_ptr<Signal> left_;
  absl::Mutex mutex_;
  int answering_ ABSL_GUARDED_BY(mutex_) = 0;
  std::atomic<uint64_t> sent_bytes_ = 0;
  std::atomic<uint64_t> received_bytes_ = 0;
};

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_LOOPBACK_TRANSPORT_H_
