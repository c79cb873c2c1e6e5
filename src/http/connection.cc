#include "src/http/connection.h"

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "src/http/chunked_body.h"
#include "src/http/errors.h"

namespace syncengine::http {

namespace asio = boost::asio;

// Each co_await below is a statement of its own: g++ 12 miscompiles one inside a condition.

struct Bell {
  explicit Bell(asio::io_context& io) : timer(io) {}

  void Ring() {
    rung = true;
    timer.cancel();
  }

  asio::steady_timer timer;
  bool rung = false;
  bool peer_gone = false;
  std::atomic<bool> posted = false;  // A ring is on its way; more of them would add nothing.
};

namespace {

constexpr size_t kHeadReadBytes = 4u << 10;
constexpr size_t kBodyReadBytes = 128u << 10;
// What is read of a body before its sender has shown a good token.
constexpr uint64_t kStrangerBodyMax = 64u << 10;
constexpr absl::Duration kWriteGrace = absl::Seconds(30);
constexpr uint64_t kWriteBytesPerSecondMin = 16u << 10;
constexpr absl::Duration kLinger = absl::Seconds(2);
constexpr uint64_t kLingerBytesMax = 64u << 20;

std::chrono::nanoseconds Chrono(absl::Duration duration) {
  return absl::ToChronoNanoseconds(duration);
}

// Runs `work` on the executor and comes back with its result. `work` may refer to the caller's
// frame: the frame waits, and the guard keeps the loop running until it was resumed.
template <typename T>
asio::awaitable<T> OnExecutor(ServerShared& server, absl::AnyInvocable<T()> work) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(T)>(
      [&server](auto resume, absl::AnyInvocable<T()> task) {
        auto guard = asio::make_work_guard(server.io);
        server.executor.Schedule([&io = server.io, resume = std::move(resume),
                                  task = std::move(task), guard = std::move(guard)]() mutable {
          asio::post(io, [resume = std::move(resume), result = task()]() mutable {
            std::move(resume)(std::move(result));
          });
        });
      },
      asio::use_awaitable, std::move(work));
}

absl::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 503:
      return "Service Unavailable";
    default:
      return status < 400 ? "OK" : "Error";
  }
}

std::string ResponseHead(const HttpResponse& response, bool keep_alive) {
  std::string head =
      absl::StrCat("HTTP/1.1 ", response.status, " ", ReasonPhrase(response.status), "\r\n");
  for (const auto& [name, value] : response.headers) {
    absl::StrAppend(&head, name, ": ", value, "\r\n");
  }
  if (response.status != 204) {
    absl::StrAppend(&head, "content-length: ", response.body.size(), "\r\n");
  }
  absl::StrAppend(&head, keep_alive ? "" : "connection: close\r\n", "\r\n");
  return head;
}

HttpResponse ServerStops() {
  return ErrorResponse(absl::UnavailableError("server: it is stopping; try again soon"));
}

HttpResponse ServerFull() {
  return ErrorResponse(
      absl::UnavailableError("server: too many bodies are being received; try again soon"));
}

}  // namespace

Connection::Connection(ServerShared& server, std::unique_ptr<Stream> stream)
    : server_(server), stream_(std::move(stream)), watchdog_(server.io) {
  server_.connections.insert(this);
}

Connection::~Connection() {
  ReturnBodyRoom();
  server_.connections.erase(this);
  if (server_.connections.empty() && server_.stop_grace != nullptr) server_.stop_grace->cancel();
}

// --- Deadlines and the end ---

void Connection::SetDeadline(absl::Duration from_now) {
  watchdog_.expires_after(Chrono(from_now));
  watchdog_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const std::shared_ptr<Connection> self = weak.lock();
    // A wait that had ended when the deadline was moved still comes here without an error.
    if (error || self == nullptr) return;
    if (self->watchdog_.expiry() <= asio::steady_timer::clock_type::now()) self->Close();
  });
}

void Connection::LiftDeadline() {
  watchdog_.expires_at(asio::steady_timer::clock_type::time_point::max());
}

void Connection::WindDown() {
  if (idle_) Close();
  if (bell_ != nullptr) bell_->Ring();
}

// Closing with bytes unread would reset the connection, and the response with it.
asio::awaitable<void> Connection::Linger() {
  SetDeadline(kLinger);
  co_await stream_->Shutdown();
  uint64_t discarded = 0;
  buffer_.clear();
  while (discarded < kLingerBytesMax) {
    const bool alive = co_await stream_->ReadSome(buffer_, kBodyReadBytes);
    if (!alive) break;
    discarded += buffer_.size();
    buffer_.clear();
  }
}

asio::awaitable<void> Connection::RefuseAndEnd(HttpResponse response) {
  const bool alive = co_await Write(response, /*keep_alive=*/false);
  if (alive) co_await Linger();
}

// --- Reading ---

asio::awaitable<std::optional<RequestHead>> Connection::ReadHead() {
  RequestHeadReader reader;
  SetDeadline(buffer_.empty() ? server_.options.keep_alive : server_.options.head_deadline);
  bool first = buffer_.empty();
  for (;;) {
    const RequestHeadReader::State state = reader.Read(buffer_);
    if (state == RequestHeadReader::State::kDone) break;
    if (state == RequestHeadReader::State::kRefused) {
      co_await RefuseAndEnd(
          ErrorResponse(absl::InvalidArgumentError(absl::StrCat("request: ", reader.refusal())),
                        reader.refusal_status()));
      co_return std::nullopt;
    }
    idle_ = buffer_.empty();
    const bool alive = co_await stream_->ReadSome(buffer_, kHeadReadBytes);
    idle_ = false;
    if (!alive) co_return std::nullopt;
    if (first) SetDeadline(server_.options.head_deadline);  // Absolute: a trickle does not move it.
    first = false;
  }
  buffer_.erase(0, reader.size());
  if (buffer_.empty()) buffer_.shrink_to_fit();  // A parked poll needs none.
  co_return std::move(reader.head());
}

bool Connection::TakeBodyRoom(uint64_t count) {
  if (count > server_.options.body_bytes_max - server_.body_bytes) return false;
  server_.body_bytes += count;
  body_room_ += count;
  return true;
}

void Connection::ReturnBodyRoom() {
  server_.body_bytes -= body_room_;
  body_room_ = 0;
}

asio::awaitable<bool> Connection::ReadMore(absl::Duration since, uint64_t body_bytes) {
  const absl::Duration allowed =
      server_.options.body_grace + absl::Seconds(body_bytes / server_.options.bytes_per_second_min);
  SetDeadline(allowed - (server_.clock.Monotonic() - since));
  return stream_->ReadSome(buffer_, kBodyReadBytes);
}

asio::awaitable<bool> Connection::ReadPlainBody(uint64_t size, std::string& body) {
  const absl::Duration since = server_.clock.Monotonic();
  if (!TakeBodyRoom(size)) {
    co_await RefuseAndEnd(ServerFull());
    co_return false;
  }
  for (;;) {
    const size_t count = std::min<uint64_t>(size - body.size(), buffer_.size());
    body.append(buffer_, 0, count);
    buffer_.erase(0, count);
    if (body.size() == size) co_return true;
    const bool alive = co_await ReadMore(since, body.size());
    if (!alive) co_return false;
  }
}

asio::awaitable<bool> Connection::ReadChunkedBody(uint64_t body_max, std::string& body) {
  const absl::Duration since = server_.clock.Monotonic();
  ChunkedBody chunks(body_max);
  for (;;) {
    const ChunkedBody::State state = chunks.Read(buffer_);
    if (state == ChunkedBody::State::kDone) break;
    if (state == ChunkedBody::State::kTooLarge) {
      co_await RefuseAndEnd(Handler::BodyTooLarge(body_max));
      co_return false;
    }
    if (state == ChunkedBody::State::kRefused) {
      co_await RefuseAndEnd(ErrorResponse(
          absl::InvalidArgumentError("request: expected chunks without extensions and trailers")));
      co_return false;
    }
    if (!TakeBodyRoom(chunks.body().size() - body_room_)) {
      co_await RefuseAndEnd(ServerFull());
      co_return false;
    }
    const bool alive = co_await ReadMore(since, chunks.body().size());
    if (!alive) co_return false;
  }
  body = std::move(chunks.body());
  co_return true;
}

asio::awaitable<bool> Connection::ReadBody(const RequestHead& head, HttpRequest& request) {
  if (head.content_length == 0 && !head.chunked) co_return true;
  const uint64_t body_max = Handler::BodyMax(head.method, head.target);
  if (head.content_length > body_max) {
    co_await RefuseAndEnd(Handler::BodyTooLarge(body_max));
    co_return false;
  }
  if (head.chunked || head.content_length > kStrangerBodyMax) {
    LiftDeadline();
    std::optional<HttpResponse> refusal = co_await OnExecutor<std::optional<HttpResponse>>(
        server_, [this, &head] { return server_.handler.RefuseToken(head.headers); });
    if (refusal.has_value()) {
      co_await RefuseAndEnd(*std::move(refusal));
      co_return false;
    }
  }
  if (head.expects_continue && buffer_.empty()) {
    const bool alive = co_await stream_->Write("HTTP/1.1 100 Continue\r\n\r\n", "");
    if (!alive) co_return false;
  }
  bool read = false;
  if (head.chunked) {
    read = co_await ReadChunkedBody(body_max, request.body);
  } else {
    read = co_await ReadPlainBody(head.content_length, request.body);
  }
  co_return read;
}

// --- Answering ---

asio::awaitable<HttpResponse> Connection::Answer(const HttpRequest& request) {
  Handler::Answer answer = co_await OnExecutor<Handler::Answer>(
      server_, [this, &request] { return server_.handler.Handle(request); });
  if (auto* response = std::get_if<HttpResponse>(&answer)) co_return std::move(*response);
  HttpResponse response = co_await Park(std::get<Parked>(std::move(answer)));
  co_return response;
}

void Connection::WatchPeer(const std::shared_ptr<Bell>& bell) {
  stream_->socket().async_wait(asio::ip::tcp::socket::wait_read,
                               [weak = weak_from_this(), bell](boost::system::error_code error) {
                                 const std::shared_ptr<Connection> self = weak.lock();
                                 if (error || self == nullptr || self->stream_->HasPipelinedBytes())
                                   return;
                                 bell->peer_gone = true;
                                 bell->Ring();
                               });
}

asio::awaitable<void> Connection::RestUntil(Bell& bell, absl::Duration deadline) {
  if (!bell.rung) {
    const absl::Duration left = deadline - server_.clock.Monotonic();
    bell.timer.expires_after(Chrono(std::min(left, server_.options.poll_recheck)));
    co_await bell.timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  bell.rung = false;
}

asio::awaitable<HttpResponse> Connection::Park(Parked parked) {
  const absl::Duration deadline = server_.clock.Monotonic() + parked.wait;
  const auto bell = std::make_shared<Bell>(server_.io);
  bell_ = bell;
  LiftDeadline();
  WatchPeer(bell);
  // Subscribed before the journal is read again: a commit in between rings the bell.
  std::unique_ptr<Subscription> subscription =
      server_.notifier.Subscribe(parked.id, [&io = server_.io, bell] {
        if (bell->posted.exchange(true)) return;
        asio::post(io, [bell] {
          bell->posted = false;
          bell->Ring();
        });
      });
  std::optional<HttpResponse> response;
  while (!response.has_value() && !bell->peer_gone) {
    const bool last = server_.clock.Monotonic() >= deadline;
    response = co_await OnExecutor<std::optional<HttpResponse>>(
        server_, [&] { return server_.handler.Resume(parked, last); });
    if (response.has_value()) break;
    if (server_.stopping) response = ServerStops();
    if (!response.has_value()) co_await RestUntil(*bell, deadline);
  }
  bell_ = nullptr;
  boost::system::error_code ignored;
  stream_->socket().cancel(ignored);
  co_return response.has_value() ? *std::move(response) : ServerStops();
}

// --- Writing ---

asio::awaitable<bool> Connection::Write(const HttpResponse& response, bool keep_alive) {
  SetDeadline(kWriteGrace + absl::Seconds(response.body.size() / kWriteBytesPerSecondMin));
  const std::string head = ResponseHead(response, keep_alive);
  const bool alive = co_await stream_->Write(head, response.body);
  co_return alive;
}

asio::awaitable<Connection::Next> Connection::ServeOne() {
  std::optional<RequestHead> head = co_await ReadHead();
  if (!head.has_value()) co_return Next::kEnd;
  HttpRequest request;
  const bool read = co_await ReadBody(*head, request);
  if (!read) co_return Next::kEnd;
  LiftDeadline();  // From here on it is the server that takes its time.
  request.method = std::move(head->method);
  request.target = std::move(head->target);
  request.headers = std::move(head->headers);
  HttpResponse response = co_await Answer(request);
  ReturnBodyRoom();
  const bool keep_alive = head->keep_alive && !server_.stopping;
  const bool alive = co_await Write(response, keep_alive);
  if (!alive) co_return Next::kEnd;
  if (keep_alive) co_return Next::kRequest;
  SetDeadline(kLinger);
  co_await stream_->Shutdown();
  co_return Next::kEnd;
}

asio::awaitable<void> Connection::Serve() {
  const std::shared_ptr<Connection> self = shared_from_this();
  SetDeadline(server_.options.head_deadline);
  const bool alive = co_await stream_->Handshake();
  Next next = alive ? Next::kRequest : Next::kEnd;
  while (next == Next::kRequest && !server_.stopping) next = co_await ServeOne();
  watchdog_.cancel();
  Close();
}

}  // namespace syncengine::http
