// Serves any SessionOpener over HTTP/1.1 (docs/PROTOCOL.md), with or without TLS.
#ifndef SYNCENGINE_HTTP_SERVER_H_
#define SYNCENGINE_HTTP_SERVER_H_

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "syncengine/ports/clock.h"
#include "syncengine/ports/executor.h"
#include "syncengine/ports/live_documents.h"
#include "syncengine/ports/notifier.h"
#include "syncengine/ports/session_opener.h"

namespace syncengine::http {

struct ServerOptions {
  std::string listen = "127.0.0.1:0";  // HOST:PORT or [V6]:PORT; port 0 takes a free one.
  // Both, in PEM, for https (TLS 1.2 or newer); neither for http.
  std::string tls_certificate_file;
  std::string tls_key_file;

  int connections_max = 10'000;          // Further ones wait in the kernel until one ends.
  uint64_t body_bytes_max = 512u << 20;  // Request bodies being received, all connections together.
  absl::Duration head_deadline = absl::Seconds(10);  // From a request's first byte to its last.
  absl::Duration keep_alive = absl::Seconds(75);     // Between requests.
  absl::Duration body_grace = absl::Seconds(10);     // Then bodies move at the rate below, or end.
  uint64_t bytes_per_second_min = 1024;
  absl::Duration poll_recheck = absl::Milliseconds(700);  // How often a parked poll looks again
                                                          // without a hint: bounds what a lost
                                                          // hint or a revoked token costs.
  absl::Duration stop_grace = absl::Seconds(5);           // For requests in flight.
  // Live documents, if the server offers them; outlives the server.
  LiveDocuments* live = nullptr;
};

// Thread-safe. Starts no thread: Run is the only one that touches sockets, and storage is only
// touched by tasks on the executor. Long polls hold a connection and a subscription, no thread.
class Server {
 public:
  // Listens, so that url() is known and clients can connect; they are served once Run runs. All
  // references outlive the server, and `executor` runs every task it was given before it ends.
  // kInvalidArgument for a bad address or unusable TLS files, kUnavailable when the address is
  // taken.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options,
                                                       SessionOpener& sessions, Notifier& notifier,
                                                       Executor& executor, Clock& clock);

  virtual ~Server() = default;

  // "http://127.0.0.1:41234".
  virtual std::string url() const = 0;
  // Serves on the calling thread until Stop, or until `stop` is requested; returns when all
  // connections are closed. Call it once.
  virtual void Run(std::stop_token stop) = 0;
  // Accepts no more connections, ends parked polls with kUnavailable, lets requests in flight end
  // within the grace, and makes Run return. Does not wait.
  virtual void Stop() = 0;
};

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_SERVER_H_
