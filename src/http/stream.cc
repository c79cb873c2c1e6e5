#include "src/http/stream.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "absl/strings/str_cat.h"

namespace syncengine::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
template <typename AsyncStream>
asio::awaitable<bool> ReadInto(AsyncStream& stream, std::string& buffer, size_t size) {
  const size_t before = buffer.size();
  buffer.resize(before + size);
  const auto [error, count] =
      co_await stream.async_read_some(asio::buffer(buffer.data() + before, size), kAwait);
  buffer.resize(before + count);
  co_return count > 0 && !error;
}

template <typename AsyncStream>
asio::awaitable<bool> WriteBoth(AsyncStream& stream, absl::string_view head,
                                absl::string_view body) {
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(head.data(), head.size()),
                                                     asio::buffer(body.data(), body.size())};
  const auto [error, count] = co_await asio::async_write(stream, buffers, kAwait);
  co_return !error;
}

class PlainStream final : public Stream {
 public:
  explicit PlainStream(tcp::socket socket) : socket_(std::move(socket)) {}

  asio::awaitable<bool> Handshake() override { co_return true; }
  asio::awaitable<bool> ReadSome(std::string& buffer, size_t size) override {
    return ReadInto(socket_, buffer, size);
  }
  asio::awaitable<bool> Write(absl::string_view head, absl::string_view body) override {
    return WriteBoth(socket_, head, body);
  }
  asio::awaitable<void> Shutdown() override {
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    co_return;
  }
  bool HasPipelinedBytes() override {
    char byte = 0;
    return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  }
  tcp::socket& socket() override { return socket_; }

 private:
  tcp::socket socket_;
};

class TlsStream final : public Stream {
 public:
  TlsStream(tcp::socket socket, asio::ssl::context& context)
      : stream_(std::move(socket), context) {}

  asio::awaitable<bool> Handshake() override {
    const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kAwait);
    co_return !error;
  }
  asio::awaitable<bool> ReadSome(std::string& buffer, size_t size) override {
    return ReadInto(stream_, buffer, size);
  }
  asio::awaitable<bool> Write(absl::string_view head, absl::string_view body) override {
    return WriteBoth(stream_, head, body);
  }
  asio::awaitable<void> Shutdown() override {
    co_await stream_.async_shutdown(kAwait);  // The peer may be gone already.
  }
  // Cannot be told without decrypting; what arrives out of turn is nearly always a farewell.
  bool HasPipelinedBytes() override { return false; }
  tcp::socket& socket() override { return stream_.next_layer(); }

 private:
  asio::ssl::stream<tcp::socket> stream_;
};

absl::Status BadTlsFile(const std::string& path, const boost::system::error_code& error) {
  return absl::InvalidArgumentError(absl::StrCat("TLS file '", path,
                                                 "': expected PEM with the server's certificate "
                                                 "chain or key: ",
                                                 error.message()));
}

}  // namespace

void Stream::Close() {
  boost::system::error_code ignored;
  socket().close(ignored);
}

std::unique_ptr<Stream> NewPlainStream(tcp::socket socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

std::unique_ptr<Stream> NewTlsStream(tcp::socket socket, asio::ssl::context& context) {
  return std::make_unique<TlsStream>(std::move(socket), context);
}

absl::StatusOr<asio::ssl::context> NewTlsContext(const std::string& certificate_file,
                                                 const std::string& key_file) {
  asio::ssl::context context(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Idle buffers are given back: many connections only wait.
  SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
  boost::system::error_code error;
  context.use_certificate_chain_file(certificate_file, error);
  if (error) return BadTlsFile(certificate_file, error);
  context.use_private_key_file(key_file, asio::ssl::context::pem, error);
  if (error) return BadTlsFile(key_file, error);
  return context;
}

}  // namespace syncengine::http
