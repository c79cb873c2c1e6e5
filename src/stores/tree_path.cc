#include "src/stores/tree_path.h"

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "syncengine/base/limits.h"

namespace syncengine::stores {

absl::Status CheckTreePath(absl::string_view path) {
  if (path.empty()) return absl::OkStatus();
  if (path.size() > limits::kPathBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("path of ", path.size(), " bytes: expected at most ", limits::kPathBytesMax));
  }
  bool leaves_root = path[0] == '/';
  bool malformed = absl::StrContains(path, absl::string_view("\0", 1));
  for (const absl::string_view component : absl::StrSplit(path, '/')) {
    leaves_root = leaves_root || component == "..";
    malformed = malformed || component.empty() || component == ".";
  }
  const std::string shown = absl::CHexEscape(path.substr(0, 200));
  if (leaves_root) {
    return absl::PermissionDeniedError(
        absl::StrCat("path \"", shown, "\" leaves the root; expected a relative path without .."));
  }
  if (malformed) {
    return absl::InvalidArgumentError(absl::StrCat(
        "path \"", shown, "\": expected components that are not empty or \".\", without NUL"));
  }
  return absl::OkStatus();
}

SplitTreePath::SplitTreePath(absl::string_view path) {
  const size_t slash = path.rfind('/');
  name = slash == absl::string_view::npos ? path : path.substr(slash + 1);
  parent = slash == absl::string_view::npos ? absl::string_view() : path.substr(0, slash);
}

}  // namespace syncengine::stores
