// How the losing content of a conflict is called.
#ifndef SYNCENGINE_RECONCILE_CONFLICT_NAME_H_
#define SYNCENGINE_RECONCILE_CONFLICT_NAME_H_

#include <string>

#include "absl/strings/string_view.h"

namespace syncengine {

// "stem (conflict STAMP DEVICE).ext", and " 2", " 3"... behind the device for `attempt` > 0. A dot
// file has no extension. At most limits::kNameBytesMax bytes: the stem is shortened, at a character
// boundary of UTF-8. Bytes of `device` that could not stand in a name are left out.
std::string ConflictName(absl::string_view name, absl::string_view stamp, absl::string_view device,
                         int attempt);

// Whether ConflictName made `name`.
bool IsConflictName(absl::string_view name);

// `name` without what ConflictName added, so that a conflicted copy that loses a conflict itself is
// not called the copy of a copy. Shortening cannot be undone.
std::string OriginalName(absl::string_view name);

}  // namespace syncengine

#endif  // SYNCENGINE_RECONCILE_CONFLICT_NAME_H_
