// A connected socket, plain or TLS, for coroutines. One of the three files that include Boost.Asio.
#ifndef SYNCENGINE_HTTP_STREAM_H_
#define SYNCENGINE_HTTP_STREAM_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace syncengine::http {

// One operation at a time. Close and CancelWait may be called while one is under way; it then ends
// as if the peer had gone. Single-threaded.
class Stream {
 public:
  virtual ~Stream() = default;

  // False when TLS could not be agreed on.
  virtual boost::asio::awaitable<bool> Handshake() = 0;
  // Appends at most `size` bytes to `buffer`; false at the end of the stream.
  virtual boost::asio::awaitable<bool> ReadSome(std::string& buffer, size_t size) = 0;
  // Writes both, one after the other; false when the peer is gone.
  virtual boost::asio::awaitable<bool> Write(absl::string_view head, absl::string_view body) = 0;
  // Says that nothing more will be written.
  virtual boost::asio::awaitable<void> Shutdown() = 0;
  // True when something arrived that is not the end of the stream. To be asked after a wait on
  // socket() only.
  virtual bool HasPipelinedBytes() = 0;

  virtual boost::asio::ip::tcp::socket& socket() = 0;
  void Close();
};

std::unique_ptr<Stream> NewPlainStream(boost::asio::ip::tcp::socket socket);
// `context` outlives the stream.
std::unique_ptr<Stream> NewTlsStream(boost::asio::ip::tcp::socket socket,
                                     boost::asio::ssl::context& context);

// TLS 1.2 or newer with a certificate chain and its key, both in PEM; kInvalidArgument names the
// file that does not serve.
absl::StatusOr<boost::asio::ssl::context> NewTlsContext(const std::string& certificate_file,
                                                        const std::string& key_file);

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_STREAM_H_
