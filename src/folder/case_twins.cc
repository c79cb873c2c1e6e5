#include "src/folder/case_twins.h"

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "src/folder/places.h"

namespace syncengine::folder {
namespace {

// As the disk sees it.
Position Folded(const Position& position) {
  return {position.parent, absl::AsciiStrToLower(position.name)};
}

class TwinHold {
 public:
  TwinHold(const RemoteChanges& remote, LocalNodes& local)
      : remote_(remote), local_(local), places_(local) {
    for (const auto& [node, here] : local_.present) {
      owners_.emplace(Folded(here.position), Owner{node, here.position.name});
    }
  }

  std::vector<Issue> Run() {
    for (const auto& [node, head] : remote_) {
      if (!head.state.deleted) Look(node, {head.state.parent, head.state.name});
    }
    while (HoldBelow()) {
    }
    return std::move(issues_);
  }

 private:
  struct Owner {
    NodeId node;
    std::string name;
  };

  void Look(const NodeId& node, const Position& position) {
    const auto [owner, free] = owners_.emplace(Folded(position), Owner{node, position.name});
    // Two nodes under one and the same name are the planner's to settle.
    if (free || owner->second.node == node || owner->second.name == position.name) return;
    Hold(node);
    issues_.push_back({places_.PathOf(position).value_or(position.name),
                       absl::StrCat("differs only in letters' case from '", owner->second.name,
                                    "', and this disk cannot keep both"),
                       "rename one of the two; until then it stays on the server only"});
  }

  void Hold(const NodeId& node) {
    local_.present.erase(node);
    local_.held.insert(node);
  }

  // What is in a directory that cannot come has no place either.
  bool HoldBelow() {
    bool any = false;
    for (const auto& [node, head] : remote_) {
      if (head.state.deleted || local_.held.contains(node) || local_.present.contains(node)) {
        continue;
      }
      if (!local_.held.contains(head.state.parent)) continue;
      Hold(node);
      any = true;
    }
    return any;
  }

  const RemoteChanges& remote_;
  LocalNodes& local_;
  const Places places_;
  absl::flat_hash_map<Position, Owner> owners_;
  std::vector<Issue> issues_;
};

}  // namespace

std::vector<Issue> HoldCaseTwins(const RemoteChanges& remote, LocalNodes& local) {
  return TwinHold(remote, local).Run();
}

}  // namespace syncengine::folder
