// Names and paths inside a namespace.
#ifndef SYNCENGINE_FORMAT_NAME_H_
#define SYNCENGINE_FORMAT_NAME_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace syncengine {

// OK when `name` can be one component of a path: 1 to limits::kSealedNameBytesMax bytes, not "." or
// "..", without '/' and NUL. Bytes are kept as they are: no Unicode normalization, no case folding.
// Clients additionally keep plain names within limits::kNameBytesMax.
absl::Status ValidateName(absl::string_view name);

// Splits "/a/b" (or "a/b") into validated names; "/" and "" give none. Empty components ("//") and
// a trailing slash are tolerated. kInvalidArgument on a bad name, too long or too deep a path.
absl::StatusOr<std::vector<std::string>> SplitPath(absl::string_view path);

// "/a/b"; "/" for no names.
std::string JoinPath(absl::Span<const std::string> names);

}  // namespace syncengine

#endif  // SYNCENGINE_FORMAT_NAME_H_
