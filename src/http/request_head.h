// A strict, incremental reader of HTTP/1.1 request heads (RFC 9112): what two programs could read
// in two ways is refused, so nothing can be smuggled past a proxy.
#ifndef SYNCENGINE_HTTP_REQUEST_HEAD_H_
#define SYNCENGINE_HTTP_REQUEST_HEAD_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "syncengine/ports/http_transport.h"

namespace syncengine::http {

inline constexpr size_t kRequestLineMax = 8u << 10;   // Room for any path the library allows.
inline constexpr size_t kHeaderBytesMax = 16u << 10;  // All header fields together.
inline constexpr size_t kHeaderFieldsMax = 64;

struct RequestHead {
  std::string method;
  std::string target;   // Origin form: begins with '/'.
  HttpHeaders headers;  // Names in lower case.
  uint64_t content_length = 0;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
};

// Feed it a growing buffer until it is kDone or kRefused. Takes time linear in the bytes, however
// they arrive. Thread-compatible.
class RequestHeadReader {
 public:
  enum class State { kIncomplete, kDone, kRefused };

  // `buffer` holds everything received so far, what earlier calls saw included.
  State Read(absl::string_view buffer);

  // kDone: the head, and how many bytes of the buffer it took.
  RequestHead& head() { return head_; }
  size_t size() const { return scanned_; }
  // kRefused: the HTTP status to answer with before closing, and why.
  int refusal_status() const { return refusal_status_; }
  absl::string_view refusal() const { return refusal_; }

 private:
  State Refuse(int status, absl::string_view why);
  State Line(absl::string_view line);
  State RequestLine(absl::string_view line);
  State Field(absl::string_view line);
  State Known(absl::string_view name, absl::string_view value);
  State Length(absl::string_view value);
  State Finish();

  RequestHead head_;
  size_t scanned_ = 0;
  size_t line_start_ = 0;
  size_t fields_start_ = 0;
  bool has_length_ = false;
  bool has_host_ = false;
  bool has_authorization_ = false;
  int refusal_status_ = 0;
  std::string refusal_;
};

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_REQUEST_HEAD_H_
