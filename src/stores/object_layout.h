// Where the local object store keeps an object, and how its directories are walked in the order of
// the objects' names.
#ifndef SYNCENGINE_SRC_STORES_OBJECT_LAYOUT_H_
#define SYNCENGINE_SRC_STORES_OBJECT_LAYOUT_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "syncengine/ports/file_system.h"

namespace syncengine::stores {

inline constexpr char kObjectsDirectory[] = "objects";

// "seg/12ab" is "objects/seg+/12=/12ab". '+' and '=' are in no name, so nothing collides.
std::string ObjectPath(absl::string_view name);

// Calls `visit` with the names that begin with `prefix` and follow `after`, in byte order, until it
// says false or an error. Reads only the directories that can hold such names.
absl::Status WalkObjects(FileSystem& files, absl::string_view prefix, absl::string_view after,
                         const std::function<absl::StatusOr<bool>(const std::string&)>& visit);

}  // namespace syncengine::stores

#endif  // SYNCENGINE_SRC_STORES_OBJECT_LAYOUT_H_
