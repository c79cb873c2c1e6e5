// Makes sure that the folder is the one it was: not missing, not another one.
#ifndef SYNCENGINE_SRC_FOLDER_ROOT_GUARD_H_
#define SYNCENGINE_SRC_FOLDER_ROOT_GUARD_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "src/folder/state.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/file_system.h"

namespace syncengine::folder {

// All of a small file. kResourceExhausted when it is bigger than `size_max`.
absl::StatusOr<std::string> ReadSmallFile(FileSystem& files, absl::string_view path,
                                          size_t size_max);

// The marker in the folder; a new one when there is none.
absl::StatusOr<std::string> EnsureMarker(FileSystem& files, Entropy& entropy);

// OK when the marker and the root's inode are those of `identity`; otherwise Reason::kRootChanged.
absl::Status CheckRoot(FileSystem& files, const Identity& identity);

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_ROOT_GUARD_H_
