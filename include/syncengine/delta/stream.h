// Where signatures, deltas and results come from and go to. An application implements these over
// its files or sockets; the implementations over strings are for small content and tests.
#ifndef SYNCENGINE_DELTA_STREAM_H_
#define SYNCENGINE_DELTA_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace syncengine::delta {

// None of these is called from two threads at once, and none may throw. An error they return ends
// the operation and is what the operation returns.

// Bytes in order.
class Source {
 public:
  virtual ~Source() = default;
  // Fills the start of `room` (never empty) and says how much; 0 at the end only.
  virtual absl::StatusOr<size_t> Read(absl::Span<char> room) = 0;
};

// Takes bytes in order.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual absl::Status Append(absl::string_view bytes) = 0;
  // Called once, last, and only when everything was written and verified: the place to make a
  // result visible. A sink that never sees this call throws away what it has.
  virtual absl::Status Finish() = 0;
};

// The old content, read anywhere.
class Base {
 public:
  virtual ~Base() = default;
  virtual uint64_t size() const = 0;
  // Fills all of `room` from `offset` on; the caller stays within size().
  virtual absl::Status ReadAt(uint64_t offset, absl::Span<char> room) = 0;
};

// Over bytes that outlive the object.
class StringSource : public Source {
 public:
  explicit StringSource(absl::string_view bytes) : rest_(bytes) {}
  absl::StatusOr<size_t> Read(absl::Span<char> room) override;

 private:
  absl::string_view rest_;
};

class StringSink : public Sink {
 public:
  absl::Status Append(absl::string_view bytes) override;
  absl::Status Finish() override;

  const std::string& bytes() const { return bytes_; }
  // Whether Finish() came.
  bool finished() const { return finished_; }

 private:
  std::string bytes_;
  bool finished_ = false;
};

// Over bytes that outlive the object.
class StringBase : public Base {
 public:
  explicit StringBase(absl::string_view bytes) : bytes_(bytes) {}
  uint64_t size() const override { return bytes_.size(); }
  absl::Status ReadAt(uint64_t offset, absl::Span<char> room) override;

 private:
  absl::string_view bytes_;
};

}  // namespace syncengine::delta

#endif  // SYNCENGINE_DELTA_STREAM_H_
