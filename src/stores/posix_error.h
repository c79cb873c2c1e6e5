// errno as the statuses that ports/file_system.h promises.
#ifndef SYNCENGINE_SRC_STORES_POSIX_ERROR_H_
#define SYNCENGINE_SRC_STORES_POSIX_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace syncengine::stores {

// The status of `error` (an errno value, not 0) when doing `action` to `path`.
absl::Status PosixError(int error, absl::string_view action, absl::string_view path);

}  // namespace syncengine::stores

#endif  // SYNCENGINE_SRC_STORES_POSIX_ERROR_H_
