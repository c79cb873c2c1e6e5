#include "src/stores/posix_error.h"

#include <cerrno>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"

namespace syncengine::stores {
namespace {

absl::StatusCode Code(int error) {
  switch (error) {
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:  // A symlink in a path that must have none.
      return absl::StatusCode::kPermissionDenied;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return absl::StatusCode::kResourceExhausted;
    case EINTR:
    case EAGAIN:
    case EBUSY:
    case ETXTBSY:
    case ESTALE:
    case ETIMEDOUT:
      return absl::StatusCode::kUnavailable;
    case EINVAL:
    case ENAMETOOLONG:
    case EILSEQ:
      return absl::StatusCode::kInvalidArgument;
    case EISDIR:
    case ENOTDIR:
    case ENOTEMPTY:
    case EXDEV:
      return absl::StatusCode::kFailedPrecondition;
    case EOPNOTSUPP:
    case ENOSYS:
      return absl::StatusCode::kUnimplemented;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::string_view Advice(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "; check owner and permissions";
    case EROFS:
      return "; the disk is mounted read-only";
    case ELOOP:
      return "; symlinks are never followed";
    case EMFILE:
    case ENFILE:
      return "; close some files or raise the limit";
    default:
      return "";
  }
}

}  // namespace

absl::Status PosixError(int error, absl::string_view action, absl::string_view path) {
  const std::string message = absl::StrCat(
      action, " \"", path, "\": ", std::generic_category().message(error), Advice(error));
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return MakeError(Reason::kDiskFull, absl::StrCat(message, "; free some space"));
  }
  if (error == EIO) return MakeError(Reason::kIntegrity, absl::StrCat(message, "; check the disk"));
  return absl::Status(Code(error), message);
}

}  // namespace syncengine::stores
