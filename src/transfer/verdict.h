// Why a change was not committed, as a status.
#ifndef SYNCENGINE_SRC_TRANSFER_VERDICT_H_
#define SYNCENGINE_SRC_TRANSFER_VERDICT_H_

#include "absl/status/status.h"
#include "syncengine/ports/service_values.h"

namespace syncengine {

// OK for kCommitted.
absl::Status VerdictError(ChangeVerdict verdict);

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_VERDICT_H_
