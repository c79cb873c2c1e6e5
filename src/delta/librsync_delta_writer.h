// Writes librsync's delta format.
#ifndef SYNCENGINE_DELTA_LIBRSYNC_DELTA_WRITER_H_
#define SYNCENGINE_DELTA_LIBRSYNC_DELTA_WRITER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "syncengine/delta/delta.h"

namespace syncengine::delta {

class LibrsyncDeltaWriter : public DeltaWriter {
 public:
  explicit LibrsyncDeltaWriter(Sink& sink) : sink_(sink) {}

  absl::StatusOr<DeltaStats> Finish() override;

 private:
  absl::Status AddCopy(uint64_t offset, uint64_t length) override;
  absl::Status AddLiteral(absl::string_view bytes) override;
  void AddResult(absl::string_view) override {}

  absl::Status EndStep();
  absl::Status Write(absl::string_view bytes);

  Sink& sink_;
  bool started_ = false;
  std::optional<Step> copy_;  // Grows while the copies that come continue it.
  std::string literal_;       // Not yet written; empty while there is a copy.
};

}  // namespace syncengine::delta

#endif  // SYNCENGINE_DELTA_LIBRSYNC_DELTA_WRITER_H_
