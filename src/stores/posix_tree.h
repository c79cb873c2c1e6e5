// Opens paths below a root directory without ever following a symlink.
#ifndef SYNCENGINE_SRC_STORES_POSIX_TREE_H_
#define SYNCENGINE_SRC_STORES_POSIX_TREE_H_

#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "src/stores/unique_fd.h"

namespace syncengine::stores {

// A directory handle and a name in it, ready for the *at system calls.
struct Place {
  UniqueFd directory;
  std::string name;  // "." for the root.
};

// Thread-safe.
class PosixTree {
 public:
  // `root` is an open directory. Falls back from openat2 when the kernel refuses it.
  PosixTree(UniqueFd root, bool use_openat2);

  // Opens `path` (checked already) with open(2) flags; O_CLOEXEC and O_NOFOLLOW are added. A
  // symlink in any component is kPermissionDenied.
  absl::StatusOr<UniqueFd> Open(absl::string_view path, int flags, mode_t mode,
                                absl::string_view action) const;
  // As Open for an unchecked path of a file.
  absl::StatusOr<UniqueFd> OpenFile(absl::string_view path, int flags, mode_t mode,
                                    absl::string_view action) const;
  // Checks `path` and opens its parent.
  absl::StatusOr<Place> Find(absl::string_view path, absl::string_view action) const;

  int root() const { return root_.get(); }

 private:
  // All give -1 and errno.
  int OpenRaw(absl::string_view path, int flags, mode_t mode) const;
  int OpenAt2(const std::string& path, int flags, mode_t mode) const;
  int Walk(const std::string& path, int flags, mode_t mode) const;

  UniqueFd root_;
  bool use_openat2_;
};

}  // namespace syncengine::stores

#endif  // SYNCENGINE_SRC_STORES_POSIX_TREE_H_
