#include "src/folder/case_twins.h"

#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
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
    bool again = true;
    while (again) {
      again = false;
      for (const auto& [node, head] : remote_) {
        if (!head.state.deleted && !held_.contains(node)) again |= Look(node, head.state);
      }
    }
    return std::move(issues_);
  }

 private:
  struct Owner {
    NodeId node;
    std::string name;
  };

  // True when it must be held, which may concern what was looked at before.
  bool Look(const NodeId& node, const NodeState& there) {
    const bool is_here = places_.Has(node);
    const Position position{there.parent, there.name};
    // What is in a directory that cannot come has no place either.
    if (held_.contains(there.parent) && !is_here && !places_.Has(there.parent)) return Hold(node);
    const auto [found, free] = owners_.emplace(Folded(position), Owner{node, position.name});
    const Owner& owner = found->second;
    if (free || owner.node == node) return false;
    // Two nodes under one and the same name are the planner's to settle, if it may move them.
    if (owner.name == position.name && !held_.contains(owner.node)) return false;
    issues_.push_back(
        {(is_here ? places_.PathOf(node) : places_.PathOf(position)).value_or(position.name),
         absl::StrCat("'", position.name, "' differs only in letters' case from '", owner.name,
                      "', and this disk cannot keep both"),
         is_here ? "rename one of the two; until then it stays here as it was"
                 : "rename one of the two; until then it stays on the server only"});
    return Hold(node);
  }

  bool Hold(const NodeId& node) {
    held_.insert(node);
    local_.present.erase(node);
    local_.held.insert(node);
    return true;
  }

  const RemoteChanges& remote_;
  LocalNodes& local_;
  const Places places_;  // Of what was here before anything was held.
  absl::flat_hash_map<Position, Owner> owners_;
  absl::flat_hash_set<NodeId> held_;
  std::vector<Issue> issues_;
};

}  // namespace

std::vector<Issue> HoldCaseTwins(const RemoteChanges& remote, LocalNodes& local) {
  return TwinHold(remote, local).Run();
}

}  // namespace syncengine::folder
