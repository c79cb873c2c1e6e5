// What the client keeps inside the folder it syncs. None of it is ever synced.
#ifndef SYNCENGINE_SRC_FOLDER_PRIVATE_PATHS_H_
#define SYNCENGINE_SRC_FOLDER_PRIVATE_PATHS_H_

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace syncengine::folder {

inline constexpr absl::string_view kPrivate = ".syncengine";
inline constexpr absl::string_view kTemporary = ".syncengine/tmp";
inline constexpr absl::string_view kTrash = ".syncengine/trash";
inline constexpr absl::string_view kRootMarker = ".syncengine/root";
inline constexpr absl::string_view kLockFile = ".syncengine/lock";

inline bool IsPrivate(absl::string_view path) {
  return path == kPrivate || (absl::StartsWith(path, kPrivate) && path[kPrivate.size()] == '/');
}

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_PRIVATE_PATHS_H_
