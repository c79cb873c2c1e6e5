// The bytes of a delta as they come out of a source, bounded and counted.
#ifndef SYNCENGINE_DELTA_DELTA_INPUT_H_
#define SYNCENGINE_DELTA_DELTA_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/delta/stream.h"

namespace syncengine::delta {

// A delta that ends too early or goes on after its end is Reason::kIntegrity.
// Single-threaded.
class DeltaInput {
 public:
  explicit DeltaInput(Source& source) : source_(source), buffer_(kBufferBytes, '\0') {}

  absl::StatusOr<uint8_t> Byte();
  absl::StatusOr<uint64_t> Varint();
  // Big-endian; `width` is at most 8.
  absl::StatusOr<uint64_t> BigEndian(int width);
  // All of `size` bytes; the caller has checked `size` against a limit.
  absl::StatusOr<std::string> Exactly(size_t size);
  // At least one byte and at most `most`; valid until the next call.
  absl::StatusOr<absl::string_view> Some(uint64_t most);
  // Only the end may follow.
  absl::Status ExpectEnd();

  uint64_t taken() const { return taken_; }

 private:
  static constexpr size_t kBufferBytes = 64u << 10;

  // Whether there is a byte.
  absl::StatusOr<bool> Fill();

  Source& source_;
  std::string buffer_;
  absl::string_view rest_;
  uint64_t taken_ = 0;
};

}  // namespace syncengine::delta

#endif  // SYNCENGINE_DELTA_DELTA_INPUT_H_
