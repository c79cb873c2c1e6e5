#include "src/transfer/verdict.h"

#include "syncengine/base/error.h"

namespace syncengine {

absl::Status VerdictError(ChangeVerdict verdict) {
  switch (verdict) {
    case ChangeVerdict::kCommitted:
      return absl::OkStatus();
    case ChangeVerdict::kHeadMoved:
      return absl::AbortedError("changed on the server meanwhile; run again to see the new state");
    case ChangeVerdict::kNameTaken:
      return absl::AbortedError("another file took this name meanwhile; run again to see it");
    case ChangeVerdict::kParentGone:
      return absl::AbortedError("its directory was deleted meanwhile; run again");
    case ChangeVerdict::kNotEmpty:
      return absl::FailedPreconditionError("the directory is not empty; delete its content first");
    case ChangeVerdict::kCycle:
      return absl::InvalidArgumentError("a directory cannot be moved into itself");
    case ChangeVerdict::kMissingBlocks:
      return MakeError(Reason::kMissingBlocks, "blocks vanished from the server; run again");
    case ChangeVerdict::kNotTried:
      return absl::AbortedError("another change of the same commit failed; run again");
  }
  return absl::InternalError("unknown verdict");
}

}  // namespace syncengine
