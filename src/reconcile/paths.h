// Paths of nodes in a tree given by positions.
#ifndef SYNCENGINE_RECONCILE_PATHS_H_
#define SYNCENGINE_RECONCILE_PATHS_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/ids.h"
#include "syncengine/base/limits.h"
#include "syncengine/reconcile/observation.h"

namespace syncengine::reconcile {

// "a/b" for the node at `position`; `find` gives the position of a directory or null. The depth is
// bounded, so a cycle ends too.
inline std::string PathOf(const Position& position,
                          absl::FunctionRef<const Position*(const NodeId&)> find) {
  std::vector<absl::string_view> names;
  const Position* at = &position;
  while (at != nullptr && names.size() < limits::kPathDepthMax) {
    names.push_back(at->name);
    at = at->parent == kRootNode ? nullptr : find(at->parent);
  }
  return absl::StrJoin(names.rbegin(), names.rend(), "/");
}

}  // namespace syncengine::reconcile

#endif  // SYNCENGINE_RECONCILE_PATHS_H_
