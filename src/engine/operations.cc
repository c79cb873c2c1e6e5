#include "src/engine/operations.h"

#include "src/engine/keys.h"
#include "syncengine/base/error.h"

namespace syncengine::engine {

absl::StatusOr<std::optional<OperationRow>> FindOperation(MetadataReader& rows, const OpId& op) {
  if (op.IsZero()) {
    return absl::InvalidArgumentError("op: expected an id that is not zero; draw one at random");
  }
  return ReadRow<OperationRow>(rows, OperationKey(op));
}

absl::Status StoreOperation(MetadataWriter& rows, HeadRow& head, const OpId& op,
                            OperationRow result) {
  result.ordinal = head.operations++;
  SYNCENGINE_RETURN_IF_ERROR(rows.Put(OperationKey(op), EncodeRow(result)));
  SYNCENGINE_RETURN_IF_ERROR(rows.Put(OrdinalKey(result.ordinal), op.bytes()));
  if (result.ordinal < kOperationsKept) return absl::OkStatus();
  const std::string oldest = OrdinalKey(result.ordinal - kOperationsKept);
  SYNCENGINE_ASSIGN_OR_RETURN(const auto forgotten, ReadRow<OpId>(rows, oldest));
  if (!forgotten.has_value()) return absl::OkStatus();
  SYNCENGINE_RETURN_IF_ERROR(rows.Delete(OperationKey(*forgotten)));
  return rows.Delete(oldest);
}

}  // namespace syncengine::engine
