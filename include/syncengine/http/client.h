// A Service on the other side of an HttpTransport: the client half of docs/PROTOCOL.md.
#ifndef SYNCENGINE_HTTP_CLIENT_H_
#define SYNCENGINE_HTTP_CLIENT_H_

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "syncengine/base/secret.h"
#include "syncengine/ports/clock.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/executor.h"
#include "syncengine/ports/http_transport.h"
#include "syncengine/ports/service.h"

namespace syncengine::http {

// What a client does about kUnavailable: it waits first_delay, then twice as long each time up to
// delay_max, shortened by chance by up to a half so that clients do not come back in step. A
// server's Retry-After is honoured when it is longer, up to retry_after_max.
struct RetryPolicy {
  int attempts_max = 6;  // 1 never retries.
  absl::Duration first_delay = absl::Milliseconds(200);
  absl::Duration delay_max = absl::Seconds(10);
  absl::Duration retry_after_max = absl::Seconds(60);
};

// Told before each wait, so that an application can show that it is waiting and for what.
struct RetryEvent {
  int attempt = 0;  // That failed, from 1.
  absl::Duration delay;
  absl::Status status;
};

struct ClientOptions {
  RetryPolicy retry;
  absl::Duration timeout = absl::Seconds(60);       // Of a request, besides moving its content.
  absl::Duration poll_slack = absl::Seconds(15);    // How late the answer to a long poll may be.
  std::function<void(const RetryEvent&)> on_retry;  // May run on any calling thread, no lock held.
};

struct ClientPorts {
  Executor& executor;  // Waits between attempts.
  Clock& clock;
  Entropy& entropy;  // Spreads the waits.
};

// Thread-safe; calls block on the transport. Every verb is safe to repeat, so every verb is
// retried, on kUnavailable only. A server that answers something else than the protocol gives
// kInternal with what was expected. What a server's error said arrives with its code, message and
// Reason.
class Client final : public Service {
 public:
  // `transport` and `ports` outlive the client.
  Client(HttpTransport& transport, Secret token, ClientPorts ports, ClientOptions options = {});

  // Ends all waits between attempts now and starts their counts afresh: for a user who presses
  // "try again", or a network that came back.
  void RetryNow();
  // OK when a syncengine server answers; needs no valid token.
  absl::Status CheckHealth();

  absl::StatusOr<NamespaceRecord> CreateNamespace(const NamespaceRecord& record,
                                                  const Secret& bundle) override;
  absl::StatusOr<std::vector<NamespaceRecord>> ListNamespaces() override;
  absl::StatusOr<Secret> FetchKeys(const NamespaceId& id) override;
  absl::StatusOr<Revision> Stat(const NamespaceId& id, const NodeTarget& target) override;
  absl::StatusOr<ListPage> List(const NamespaceId& id, const ListRequest& request) override;
  absl::StatusOr<RevisionPage> Revisions(const NamespaceId& id,
                                         const RevisionsRequest& request) override;
  absl::StatusOr<UploadId> BeginUpload(const NamespaceId& id,
                                       const UploadRequest& request) override;
  absl::StatusOr<std::vector<BlockId>> MissingBlocks(const NamespaceId& id, const UploadId& upload,
                                                     absl::Span<const BlockId> ids) override;
  absl::StatusOr<PutSegmentResult> PutSegment(const NamespaceId& id, const UploadId& upload,
                                              absl::string_view segment) override;
  absl::StatusOr<CommitResult> Commit(const NamespaceId& id, const CommitRequest& request) override;
  absl::Status AbortUpload(const NamespaceId& id, const UploadId& upload) override;
  absl::StatusOr<FramesReply> GetFrames(const NamespaceId& id,
                                        absl::Span<const BlockId> ids) override;
  absl::StatusOr<ChangesPage> Changes(const NamespaceId& id,
                                      const ChangesRequest& request) override;
  absl::StatusOr<ChangesPage> WaitChanges(const NamespaceId& id, const ChangesRequest& request,
                                          absl::Duration timeout, std::stop_token stop) override;
  absl::Status AcknowledgeChanges(const NamespaceId& id, const Cursor& cursor) override;
  absl::StatusOr<ConflictPage> ListConflicts(const NamespaceId& id,
                                             const ConflictsRequest& request) override;
  absl::StatusOr<ResolveResult> Resolve(const NamespaceId& id,
                                        const ResolveRequest& request) override;
  absl::StatusOr<Usage> GetUsage(const NamespaceId& id) override;
  absl::StatusOr<NewDevice> AddDevice(absl::string_view name, const OpId& nonce) override;
  absl::StatusOr<std::vector<DeviceRecord>> ListDevices() override;
  absl::Status RevokeDevice(absl::string_view name) override;

 private:
  using Exchange = absl::FunctionRef<absl::StatusOr<HttpResponse>()>;
  enum class PauseEnd { kElapsed, kWoken, kStopped };

  HttpRequest NewRequest(std::string method, std::string target) const;
  // One response with status 2xx, after as many attempts as the policy allows.
  absl::StatusOr<HttpResponse> Retrying(std::stop_token stop, Exchange exchange);
  // How long to wait after the failed `attempt`.
  absl::Duration Delay(int attempt, const absl::StatusOr<HttpResponse>& response);
  PauseEnd Pause(absl::Duration delay, std::stop_token stop);
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request);

  template <typename T>
  absl::StatusOr<T> Get(const std::string& target);
  absl::StatusOr<HttpResponse> SendJson(std::string method, std::string target, std::string body);

  HttpTransport& transport_;
  const Secret token_;
  const ClientPorts ports_;
  const ClientOptions options_;
  absl::Mutex mutex_;
  // Shared with RetryNow, which notifies them without the lock.
  absl::flat_hash_set<std::shared_ptr<Signal>> pauses_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_CLIENT_H_
