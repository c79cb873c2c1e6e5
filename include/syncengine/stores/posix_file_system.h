// The file system of the operating system, below one directory.
#ifndef SYNCENGINE_STORES_POSIX_FILE_SYSTEM_H_
#define SYNCENGINE_STORES_POSIX_FILE_SYSTEM_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/ports/file_system.h"

namespace syncengine {

// Everything happens relative to a handle on the root taken at Open: the root may be renamed while
// it is in use. Paths are resolved by openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, or
// component by component with O_NOFOLLOW where the kernel has no openat2, so no symlink is followed
// even when somebody plants one during the call. Modes given to Create and MakeDirectory are
// narrowed by the umask. Beyond the port: kFailedPrecondition when an object is of the wrong kind
// (a directory where a file is meant, and the reverse).
//
// Watch is inotify, one watch per directory; a directory that is renamed or removed loses its watch
// and those below it, and both parents are reported. Thread-safe.
class PosixFileSystem {
 public:
  struct Options {
    bool use_openat2 = true;  // False only to test the other way.
  };

  // `root` may itself be reached through symlinks. kNotFound when it is missing,
  // kFailedPrecondition when it is not a directory.
  static absl::StatusOr<std::unique_ptr<FileSystem>> Open(absl::string_view root,
                                                          const Options& options);
  static absl::StatusOr<std::unique_ptr<FileSystem>> Open(absl::string_view root) {
    return Open(root, Options{});
  }
};

}  // namespace syncengine

#endif  // SYNCENGINE_STORES_POSIX_FILE_SYSTEM_H_
