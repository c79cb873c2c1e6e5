#include "syncengine/format/name.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "syncengine/base/limits.h"

namespace syncengine {

absl::Status ValidateName(absl::string_view name) {
  if (name.empty() || name.size() > limits::kSealedNameBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("name: ", name.size(), " bytes, expected 1 to ", limits::kSealedNameBytesMax));
  }
  if (name == "." || name == "..") {
    return absl::InvalidArgumentError(absl::StrCat("name: \"", name, "\" is reserved"));
  }
  if (name.find('/') != absl::string_view::npos || name.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError("name: contains '/' or NUL");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> SplitPath(absl::string_view path) {
  if (path.size() > limits::kPathBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("path: ", path.size(), " bytes, at most ", limits::kPathBytesMax));
  }
  std::vector<std::string> names;
  for (const absl::string_view name : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    if (absl::Status valid = ValidateName(name); !valid.ok()) return valid;
    if (names.size() == limits::kPathDepthMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("path: more than ", limits::kPathDepthMax, " names"));
    }
    names.emplace_back(name);
  }
  return names;
}

std::string JoinPath(absl::Span<const std::string> names) {
  if (names.empty()) return "/";
  std::string path;
  for (const std::string& name : names) absl::StrAppend(&path, "/", name);
  return path;
}

}  // namespace syncengine
