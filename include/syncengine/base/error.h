// Reasons: what a status code alone cannot say. Every error of the library is an absl::Status whose
// message names the object, what was expected and what to do; where a program must react to the
// cause (and the command line picks an exit code) the status also carries a Reason.
#ifndef SYNCENGINE_BASE_ERROR_H_
#define SYNCENGINE_BASE_ERROR_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace syncengine {

enum class Reason {
  kNotInitialised,  // kNotFound: there is no repository at this place
  kLocked,          // kFailedPrecondition: another process holds the repository or the folder
  kPassphrase,      // kUnauthenticated: the passphrase does not open the key slot
  kBadToken,        // kUnauthenticated: unknown or revoked device token
  kNotAllowed,      // kPermissionDenied: known caller without the right
  kVersion,        // kFailedPrecondition: written by a newer format; never skipped, never rewritten
  kQuota,          // kResourceExhausted: quota reached
  kDiskFull,       // kResourceExhausted: no space left on the device
  kIntegrity,      // kDataLoss: bytes are wrong
  kCursorExpired,  // kOutOfRange: the journal no longer reaches back to this cursor
  kHistoryChanged,  // kFailedPrecondition: the cursor belongs to another history
  kSafetyStop,      // kFailedPrecondition: the plan is suspicious and waits for a confirmation
  kRootChanged,     // kFailedPrecondition: the folder's root is missing, emptied or another one
  kRootInUse,       // kFailedPrecondition: a second client on one folder
  kMissingBlocks,   // kFailedPrecondition: a named block is not in the namespace
};

// The status code that goes with `reason` and its name on the wire, e.g. "cursor_expired".
absl::StatusCode ReasonCode(Reason reason);
absl::string_view ReasonName(Reason reason);
std::optional<Reason> ReasonFromName(absl::string_view name);

// A status with ReasonCode(reason) that carries `reason`.
absl::Status MakeError(Reason reason, absl::string_view message);
// The reason `status` carries, if any.
std::optional<Reason> GetReason(const absl::Status& status);

// The same status with `context` before its message ("open segment 12ab: ..."). OK stays OK.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

}  // namespace syncengine

#define SYNCENGINE_CONCAT_INNER_(a, b) a##b
#define SYNCENGINE_CONCAT_(a, b) SYNCENGINE_CONCAT_INNER_(a, b)
// Returns from the enclosing function when `expression` is not OK.
#define SYNCENGINE_RETURN_IF_ERROR(expression)                \
  do {                                                        \
    if (absl::Status status_ = (expression); !status_.ok()) { \
      return status_;                                         \
    }                                                         \
  } while (false)
// Declares or assigns `target` from a StatusOr, or returns its status.
#define SYNCENGINE_ASSIGN_OR_RETURN(target, expression) \
  SYNCENGINE_ASSIGN_OR_RETURN_IMPL_(SYNCENGINE_CONCAT_(status_or_, __LINE__), target, expression)
#define SYNCENGINE_ASSIGN_OR_RETURN_IMPL_(holder, target, expression) \
  auto holder = (expression);                                         \
  if (!holder.ok()) return std::move(holder).status();                \
  target = std::move(holder).value()

#endif  // SYNCENGINE_BASE_ERROR_H_
