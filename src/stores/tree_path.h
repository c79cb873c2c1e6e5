// The file system port's rules for paths.
#ifndef SYNCENGINE_SRC_STORES_TREE_PATH_H_
#define SYNCENGINE_SRC_STORES_TREE_PATH_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace syncengine::stores {

// kPermissionDenied when `path` is absolute or has a ".." component, kInvalidArgument when it has
// an empty or "." component, a NUL, or is longer than limits::kPathBytesMax.
absl::Status CheckTreePath(absl::string_view path);

// "a/b/c" is parent "a/b" and name "c"; "c" has the parent "".
struct SplitTreePath {
  explicit SplitTreePath(absl::string_view path);

  absl::string_view parent;
  absl::string_view name;
};

}  // namespace syncengine::stores

#endif  // SYNCENGINE_SRC_STORES_TREE_PATH_H_
