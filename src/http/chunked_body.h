// The chunked transfer coding (RFC 9112 section 7.1), without extensions and trailers.
#ifndef SYNCENGINE_HTTP_CHUNKED_BODY_H_
#define SYNCENGINE_HTTP_CHUNKED_BODY_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace syncengine::http {

// Takes the coding off as bytes arrive. Thread-compatible.
class ChunkedBody {
 public:
  enum class State { kIncomplete, kDone, kRefused, kTooLarge };

  explicit ChunkedBody(uint64_t body_max) : body_max_(body_max) {}

  // Moves what it can from the front of `buffer` to body(); what follows the body stays.
  State Read(std::string& buffer);
  std::string& body() { return body_; }

 private:
  enum class Part { kSize, kContent, kContentEnd, kEnd };
  // kIncomplete also when the part is done and the next one follows.
  State Step(absl::string_view& rest);
  State Size(absl::string_view& rest);
  State Content(absl::string_view& rest);
  State LineEnd(absl::string_view& rest);

  const uint64_t body_max_;
  std::string body_;
  Part part_ = Part::kSize;
  uint64_t chunk_left_ = 0;
};

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_CHUNKED_BODY_H_
