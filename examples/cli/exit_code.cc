#include "examples/cli/exit_code.h"

#include "syncengine/base/error.h"

namespace syncengine::cli {
namespace {

ExitCode ForReason(Reason reason) {
  switch (reason) {
    case Reason::kNotInitialised:
      return kNotInitialised;
    case Reason::kLocked:
    case Reason::kRootInUse:
      return kLocked;
    case Reason::kPassphrase:
      return kPassphrase;
    case Reason::kBadToken:
    case Reason::kNotAllowed:
      return kNotAllowed;
    case Reason::kVersion:
      return kVersion;
    case Reason::kQuota:
    case Reason::kDiskFull:
      return kNoSpace;
    case Reason::kIntegrity:
    case Reason::kMissingBlocks:
      return kIntegrity;
    case Reason::kSafetyStop:
    case Reason::kRootChanged:
      return kSafetyStop;
    case Reason::kCursorExpired:
    case Reason::kHistoryChanged:
      return kFailed;
  }
  return kFailed;
}

}  // namespace

ExitCode ExitCodeFor(const absl::Status& status) {
  if (const auto reason = GetReason(status); reason.has_value()) return ForReason(*reason);
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kOk;
    case absl::StatusCode::kNotFound:
      return kNotFound;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return kNotAllowed;
    case absl::StatusCode::kResourceExhausted:
      return kNoSpace;
    case absl::StatusCode::kDataLoss:
      return kIntegrity;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
      return kTryAgain;
    case absl::StatusCode::kCancelled:
      return kInterrupted;
    default:
      return kFailed;
  }
}

}  // namespace syncengine::cli
