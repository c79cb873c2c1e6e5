// One accepted connection: reads requests, has them answered, writes responses, until either side
// has enough. One of the three files that include Boost.Asio.
#ifndef SYNCENGINE_HTTP_CONNECTION_H_
#define SYNCENGINE_HTTP_CONNECTION_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "src/http/request_head.h"
#include "src/http/stream.h"
#include "syncengine/http/handler.h"
#include "syncengine/http/server.h"

namespace syncengine::http {

class Connection;

// What all connections of a server share. Touched on the server's thread only.
struct ServerShared {
  ServerShared(ServerOptions chosen, SessionOpener& sessions, Notifier& hints, Executor& workers,
               Clock& time)
      : options(std::move(chosen)),
        handler(sessions, options.live),
        notifier(hints),
        executor(workers),
        clock(time) {}

  const ServerOptions options;
  const Handler handler;
  Notifier& notifier;
  Executor& executor;
  Clock& clock;
  std::set<Connection*> connections;
  uint64_t body_bytes = 0;  // Being received, all connections together.
  bool stopping = false;
  // While stopping: what keeps the loop alive until the last connection ends.
  boost::asio::steady_timer* stop_grace = nullptr;
  boost::asio::io_context io{1};  // Last: connections that it still holds use the rest.
};

// A timer that is rung early when there may be news. Shared by the poll that waits and by the
// notifier's callbacks, which may come after the poll is gone.
struct Bell;

// Single-threaded: the server's thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ServerShared& server, std::unique_ptr<Stream> stream);
  ~Connection();

  // Serves until the connection ends. Keeps itself alive meanwhile: its timers hold weak
  // references.
  boost::asio::awaitable<void> Serve();
  // The server stops: ends at once when idle or parked, else after the response in flight.
  void WindDown();
  void Close() { stream_->Close(); }

 private:
  template <typename T>
  using Awaitable = boost::asio::awaitable<T>;
  enum class Next { kRequest, kEnd };

  Awaitable<Next> ServeOne();
  // nullopt when the stream ended, or the head was refused (and answered).
  Awaitable<std::optional<RequestHead>> ReadHead();
  // Reads the body into `request`; false when the stream ended, or it was refused (and answered).
  Awaitable<bool> ReadBody(const RequestHead& head, HttpRequest& request);
  Awaitable<bool> ReadPlainBody(uint64_t size, std::string& body);
  Awaitable<bool> ReadChunkedBody(uint64_t body_max, std::string& body);
  // Reads some more body bytes, at no less than the slowest rate allowed.
  Awaitable<bool> ReadMore(absl::Duration since, uint64_t body_bytes);
  // True when the server has room for `count` more body bytes.
  bool TakeBodyRoom(uint64_t count);
  void ReturnBodyRoom();

  Awaitable<HttpResponse> Answer(const HttpRequest& request);
  Awaitable<HttpResponse> Park(Parked parked);
  void WatchPeer(const std::shared_ptr<Bell>& bell);
  Awaitable<void> RestUntil(Bell& bell, absl::Duration deadline);

  Awaitable<bool> Write(const HttpResponse& response, bool keep_alive);
  // Answers with an error and ends the connection: what follows on it cannot be trusted.
  Awaitable<void> RefuseAndEnd(HttpResponse response);
  // Says goodbye and reads on a little, so that the peer gets to read the last response.
  Awaitable<void> Linger();

  // Closes the connection unless the deadline is set anew or lifted in time.
  void SetDeadline(absl::Duration from_now);
  void LiftDeadline();

  ServerShared& server_;
  std::unique_ptr<Stream> stream_;
  boost::asio::steady_timer watchdog_;
  std::string buffer_;  // Received and not yet used.
  uint64_t body_room_ = 0;
  bool idle_ = false;
  std::shared_ptr<Bell> bell_;  // Of the parked poll, if any.
};

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_CONNECTION_H_
