// Writes the own delta format: frames of steps and literals, compressed
// together.
#ifndef SYNCENGINE_DELTA_OWN_DELTA_WRITER_H_
#define SYNCENGINE_DELTA_OWN_DELTA_WRITER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "src/delta/result_digest.h"
#include "syncengine/delta/delta.h"

namespace syncengine::delta {

class OwnDeltaWriter : public DeltaWriter {
 public:
  OwnDeltaWriter(int level, std::optional<uint64_t> base_bytes, Sink& sink);

  absl::StatusOr<DeltaStats> Finish() override;

 private:
  absl::Status AddCopy(uint64_t offset, uint64_t length) override;
  absl::Status AddLiteral(absl::string_view bytes) override;
  void AddResult(absl::string_view bytes) override { digest_.Append(bytes); }

  // Moves the step being built into the frame, and the frame out when it is
  // full.
  absl::Status EndStep();
  absl::Status EndFrame();
  absl::Status Write(absl::string_view bytes);

  const int level_;
  const std::optional<uint64_t> base_bytes_;
  Sink& sink_;
  ResultDigest digest_;
  bool started_ = false;

  std::optional<Step> open_;  // Grows while the steps that come continue it.
  uint64_t steps_total_ = 0;
  uint64_t steps_ = 0;         // In this frame.
  std::string encoded_steps_;  // Of this frame.
  std::string literals_;       // Of this frame, the open step's included.
  uint64_t next_offset_ = 0;   // Where the last copy ended in the base.
};

}  // namespace syncengine::delta

#endif  // SYNCENGINE_DELTA_OWN_DELTA_WRITER_H_
