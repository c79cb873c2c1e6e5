// The curl transport keeps the promises of every HttpTransport, against a server of a few lines.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/http/request_head.h"
#include "syncengine/http/curl_transport.h"
#include "syncengine/testing/http_transport_conformance.h"

namespace syncengine::testing {
namespace {

// Answers with a function, one thread for each connection, until destroyed.
class FunctionServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  explicit FunctionServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 64), 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = absl::StrCat("http://127.0.0.1:", ntohs(address.sin_port));
    acceptor_ = std::thread([this] { Accept(); });
  }

  ~FunctionServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    for (std::thread& thread : threads_) thread.join();
    for (const int socket : sockets_) ::close(socket);
    ::close(listener_);
  }

  const std::string& url() const { return url_; }

 private:
  void Accept() {
    for (int socket = 0; (socket = ::accept(listener_, nullptr, nullptr)) >= 0;) {
      sockets_.push_back(socket);
      threads_.emplace_back([this, socket] {
        std::string buffer;
        while (ServeOne(socket, buffer)) {
        }
      });
    }
  }

  static bool ReadSome(int socket, std::string& buffer) {
    char bytes[65'536];
    const ssize_t count = ::recv(socket, bytes, sizeof(bytes), 0);
    if (count > 0) buffer.append(bytes, static_cast<size_t>(count));
    return count > 0;
  }

  bool ServeOne(int socket, std::string& buffer) {
    http::RequestHeadReader reader;
    while (reader.Read(buffer) == http::RequestHeadReader::State::kIncomplete) {
      if (!ReadSome(socket, buffer)) return false;
    }
    const size_t body_size = reader.head().content_length;
    while (buffer.size() < reader.size() + body_size) {
      if (!ReadSome(socket, buffer)) return false;
    }
    const HttpResponse response = handler_({.method = reader.head().method,
                                            .target = reader.head().target,
                                            .headers = reader.head().headers,
                                            .body = buffer.substr(reader.size(), body_size)});
    buffer.erase(0, reader.size() + body_size);
    return Send(socket, response);
  }

  static bool Send(int socket, const HttpResponse& response) {
    std::string bytes = absl::StrCat("HTTP/1.1 ", response.status, " Status\r\n");
    for (const auto& [name, value] : response.headers) {
      absl::StrAppend(&bytes, name, ": ", value, "\r\n");
    }
    absl::StrAppend(&bytes, "Content-Length: ", response.body.size(), "\r\n\r\n", response.body);
    for (size_t sent = 0; sent < bytes.size();) {
      const ssize_t count = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return false;
      sent += static_cast<size_t>(count);
    }
    return true;
  }

  const Handler handler_;
  int listener_ = -1;
  std::string url_;
  std::vector<int> sockets_;          // The acceptor's until it was joined.
  std::vector<std::thread> threads_;  // As above.
  std::thread acceptor_;
};

struct CurlHarness {
  HttpTransport& Connect(FunctionServer::Handler handler) {
    server = std::make_unique<FunctionServer>(std::move(handler));
    auto made = http::NewCurlTransport(server->url());
    EXPECT_TRUE(made.ok()) << made.status();
    transport = *std::move(made);
    return *transport;
  }
  std::unique_ptr<FunctionServer> server;
  std::unique_ptr<HttpTransport> transport;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Curl, HttpTransportConformance, CurlHarness);

}  // namespace
}  // namespace syncengine::testing
