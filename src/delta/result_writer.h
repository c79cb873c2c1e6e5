// Carries out the steps of a delta within the bounds that hold whoever made it.
#ifndef SYNCENGINE_DELTA_RESULT_WRITER_H_
#define SYNCENGINE_DELTA_RESULT_WRITER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "src/delta/delta_input.h"
#include "src/delta/result_digest.h"
#include "syncengine/delta/patch.h"
#include "syncengine/delta/stream.h"

namespace syncengine::delta {

// Single-threaded.
class ResultWriter {
 public:
  enum class Hashing : uint8_t { kOff, kOn };
  // `input` tells how much of the delta was read: the result may not outgrow it
  // without bound.
  ResultWriter(Base& base, const DeltaInput& input, const PatchOptions& options, Hashing hashing,
               Sink& sink)
      : base_(base),
        input_(input),
        options_(options),
        sink_(sink),
        hashes_(hashing == Hashing::kOn) {}

  // Every step is announced, with all its bytes; then carried out.
  absl::Status BeginStep(uint64_t length);
  absl::Status Copy(uint64_t offset, uint64_t length);
  // A part of a literal.
  absl::Status Append(absl::string_view bytes);

  uint64_t size() const { return size_; }

  // Of the whole result; once.
  kernels::Digest Digest() { return digest_.Finish(); }

 private:
  Base& base_;
  const DeltaInput& input_;
  const PatchOptions& options_;
  Sink& sink_;
  const bool hashes_;
  ResultDigest digest_;
  std::string buffer_;
  uint64_t size_ = 0;
  uint64_t steps_ = 0;
};

}  // namespace syncengine::delta

#endif  // SYNCENGINE_DELTA_RESULT_WRITER_H_
