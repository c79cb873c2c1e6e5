// The row of a conflict.
#ifndef SYNCENGINE_ENGINE_CONFLICT_ROW_H_
#define SYNCENGINE_ENGINE_CONFLICT_ROW_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "src/engine/rows.h"
#include "syncengine/ports/conflict_values.h"

namespace syncengine::engine {

// Its key has the losing revision. Both revisions are found by node and sequence.
struct ConflictRow {
  NodeId node;
  uint64_t ours_sequence = 0;
  uint64_t theirs_sequence = 0;
  ConflictNote note;
  ConflictDecision decision = ConflictDecision::kOpen;
  RevisionId resolution;
  absl::Time decided_at;
  DeviceId decided_by;
};

std::string EncodeRow(const ConflictRow& row);
template <>
absl::StatusOr<ConflictRow> DecodeRow<ConflictRow>(absl::string_view bytes);

}  // namespace syncengine::engine

#endif  // SYNCENGINE_ENGINE_CONFLICT_ROW_H_
