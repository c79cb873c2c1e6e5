#include "syncengine/http/server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/http/connection.h"
#include "src/http/stream.h"
#include "syncengine/base/error.h"

namespace syncengine::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// How long to leave the kernel alone when it has no descriptors left, or we have no room.
constexpr std::chrono::milliseconds kAcceptPause(50);
constexpr int kBacklog = 1024;

// An exception of the platform (no memory) ends one connection, nothing else.
void EndQuietly(std::exception_ptr) {}

struct HostPort {
  std::string host;
  std::string port;
};

absl::StatusOr<HostPort> SplitAddress(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  HostPort parts;
  if (colon != std::string::npos) {
    parts = {.host = listen.substr(0, colon), .port = listen.substr(colon + 1)};
  }
  const bool v6 = parts.host.size() > 2 && parts.host.front() == '[' && parts.host.back() == ']';
  if (v6) parts.host = parts.host.substr(1, parts.host.size() - 2);
  const bool digits = !parts.port.empty() && parts.port.size() <= 5 &&
                      parts.port.find_first_not_of("0123456789") == std::string::npos;
  if (parts.host.empty() || !digits || (!v6 && parts.host.find(':') != std::string::npos)) {
    return absl::InvalidArgumentError(
        absl::StrCat("listen address: expected HOST:PORT or [IPV6]:PORT, found '", listen, "'"));
  }
  return parts;
}

std::string UrlOf(const tcp::endpoint& endpoint, bool tls) {
  const std::string host = endpoint.address().to_string();
  return absl::StrCat(tls ? "https://" : "http://", endpoint.address().is_v6() ? "[" : "", host,
                      endpoint.address().is_v6() ? "]" : "", ":", endpoint.port());
}

class AsioServer final : public Server {
 public:
  AsioServer(ServerOptions options, SessionOpener& sessions, Notifier& notifier, Executor& executor,
             Clock& clock)
      : shared_(std::move(options), sessions, notifier, executor, clock),
        acceptor_(shared_.io),
        accept_pause_(shared_.io),
        stop_grace_(shared_.io) {}
  ~AsioServer() override { shared_.stop_grace = nullptr; }

  absl::Status Listen();

  std::string url() const override { return url_; }
  void Run(std::stop_token stop) override;
  void Stop() override;

 private:
  asio::awaitable<void> AcceptLoop();
  asio::awaitable<void> PauseAccepting();
  void Welcome(tcp::socket socket);
  void WindDown();

  ServerShared shared_;
  std::optional<asio::ssl::context> tls_;
  tcp::acceptor acceptor_;
  asio::steady_timer accept_pause_;
  asio::steady_timer stop_grace_;
  std::string url_;
};

absl::Status AsioServer::Listen() {
  const ServerOptions& options = shared_.options;
  if (options.tls_certificate_file.empty() != options.tls_key_file.empty()) {
    return absl::InvalidArgumentError(
        "TLS: expected both a certificate file and a key file, or neither");
  }
  if (!options.tls_key_file.empty()) {
    SYNCENGINE_ASSIGN_OR_RETURN(tls_,
                                NewTlsContext(options.tls_certificate_file, options.tls_key_file));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const HostPort address, SplitAddress(options.listen));
  boost::system::error_code error;
  tcp::resolver resolver(shared_.io);
  const auto found = resolver.resolve(address.host, address.port, error);
  if (error || found.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("listen address '", options.listen, "': ", error.message()));
  }
  const tcp::endpoint endpoint = *found.begin();
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(kBacklog, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("listen on '", options.listen, "': ", error.message()));
  }
  url_ = UrlOf(acceptor_.local_endpoint(error), tls_.has_value());
  return absl::OkStatus();
}

void AsioServer::Welcome(tcp::socket socket) {
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  std::unique_ptr<Stream> stream =
      tls_.has_value() ? NewTlsStream(std::move(socket), *tls_) : NewPlainStream(std::move(socket));
  const auto connection = std::make_shared<Connection>(shared_, std::move(stream));
  asio::co_spawn(shared_.io, connection->Serve(), EndQuietly);
}

asio::awaitable<void> AsioServer::PauseAccepting() {
  accept_pause_.expires_after(kAcceptPause);
  co_await accept_pause_.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> AsioServer::AcceptLoop() {
  while (!shared_.stopping) {
    if (shared_.connections.size() >= static_cast<size_t>(shared_.options.connections_max)) {
      co_await PauseAccepting();
      continue;
    }
    auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
    if (shared_.stopping) break;
    if (error) {
      co_await PauseAccepting();  // No descriptors (EMFILE): they come back as connections end.
    } else {
      Welcome(std::move(socket));
    }
  }
}

void AsioServer::WindDown() {
  if (shared_.stopping) return;
  shared_.stopping = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  accept_pause_.cancel();
  for (Connection* connection : shared_.connections) connection->WindDown();
  if (shared_.connections.empty()) return;
  shared_.stop_grace = &stop_grace_;
  stop_grace_.expires_after(absl::ToChronoNanoseconds(shared_.options.stop_grace));
  stop_grace_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    for (Connection* connection : shared_.connections) connection->Close();
  });
}

void AsioServer::Stop() {
  asio::post(shared_.io, [this] { WindDown(); });
}

void AsioServer::Run(std::stop_token stop) {
  const std::stop_callback stop_now(stop, [this] { Stop(); });
  asio::co_spawn(shared_.io, AcceptLoop(), EndQuietly);
  shared_.io.run();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options,
                                                      SessionOpener& sessions, Notifier& notifier,
                                                      Executor& executor, Clock& clock) {
  auto server =
      std::make_unique<AsioServer>(std::move(options), sessions, notifier, executor, clock);
  SYNCENGINE_RETURN_IF_ERROR(server->Listen());
  return server;
}

}  // namespace syncengine::http
