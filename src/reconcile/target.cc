#include "src/reconcile/target.h"

#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "src/base/planted_bugs.h"
#include "syncengine/reconcile/conflict_name.h"

namespace syncengine::reconcile {
namespace {

class Repairs {
 public:
  Repairs(Decisions& decisions, const PlanOptions& options)
      : decisions_(decisions), options_(options) {}

  size_t Run() {
    SplitConflicts();
    if (!PlantedBug(Bug::kOrphanedEdit)) KeepParents();
    BreakCycles();
    SeparateNames();
    return conflicts_;
  }

 private:
  Decision* Find(const NodeId& node) {
    auto found = decisions_.find(node);
    return found == decisions_.end() ? nullptr : &found->second;
  }

  // The local content goes to a node of its own that starts under the contested name; SeparateNames
  // gives it another one, because the committed node keeps its name.
  void SplitConflicts() {
    std::vector<NodeId> losers;
    for (auto& [node, decision] : decisions_) {
      if (!decision.conflict) continue;
      if (options_.merge && !decision.here->lost.has_value()) {
        decision.conflict = false;
        decision.merging = true;
        decision.content = ContentFrom::kNowhere;
      } else {
        losers.push_back(node);
      }
    }
    for (const NodeId& node : losers) {
      auto winner = decisions_.find(node);
      Decision copy;
      copy.kind = winner->second.kind;
      copy.here = std::exchange(winner->second.here, nullptr);
      copy.exists = true;
      copy.position = winner->second.position;
      copy.position_from_here = true;
      copy.content = ContentFrom::kHere;
      copy.attributes = copy.here->attributes;
      copy.reason = "lost a conflict";
      copy.lost_to = node;
      winner->second.attributes = winner->second.there.state->attributes;
      const std::optional<LostConflict>& lost = copy.here->lost;
      const NodeId id = lost.has_value() ? lost->copy : options_.new_id();
      decisions_.emplace(id, std::move(copy));
    }
    conflicts_ += losers.size();
  }

  void KeepParents() {
    for (auto& [node, decision] : decisions_) {
      if (decision.held || !decision.exists) continue;
      KeepAncestors(decision);
    }
  }

  void KeepAncestors(const Decision& child) {
    const Decision* at = &child;
    while (at->position.parent != kRootNode) {
      Decision* parent = Find(at->position.parent);
      if (parent == nullptr || parent->exists) return;
      parent->exists = true;
      parent->reason = "something in it was changed";
      at = parent;
    }
  }

  // Only a local move can close a cycle, because the committed tree has none; so taking back local
  // moves of the nodes on it ends it.
  void BreakCycles() {
    absl::flat_hash_set<NodeId> sound;
    for (auto& [node, decision] : decisions_) {
      if (decision.kind != NodeKind::kDirectory || !decision.exists) continue;
      while (LeadsToCycle(node, sound)) {
        if (!TakeBackMoveOnCycle(node)) {
          decision.position.parent = kRootNode;  // Unreachable with a sound server.
        }
      }
    }
  }

  bool LeadsToCycle(const NodeId& start, absl::flat_hash_set<NodeId>& sound) {
    absl::flat_hash_set<NodeId> path;
    NodeId at = start;
    while (at != kRootNode && !sound.contains(at)) {
      if (!path.insert(at).second) return true;
      const Decision* decision = Find(at);
      if (decision == nullptr) break;
      at = decision->position.parent;
    }
    sound.insert(path.begin(), path.end());
    return false;
  }

  bool TakeBackMoveOnCycle(const NodeId& start) {
    absl::flat_hash_set<NodeId> seen;
    for (NodeId at = start; at != kRootNode && seen.insert(at).second;) {
      Decision* decision = Find(at);
      if (decision == nullptr) return false;
      if (decision->position_from_here && decision->there &&
          decision->position != decision->there.position()) {
        decision->position = decision->there.position();
        decision->position_from_here = false;
        decision->reason = "moved into each other";
        return true;
      }
      at = decision->position.parent;
    }
    return false;
  }

  static bool IsCommittedThere(const Decision& decision) {
    return decision.held || (decision.there && decision.there.position() == decision.position);
  }

  void SeparateNames() {
    absl::flat_hash_map<Position, NodeId> owners;
    std::vector<NodeId> losers;
    for (const auto& [node, decision] : decisions_) {
      if (!decision.exists) continue;
      auto [owner, is_free] = owners.try_emplace(decision.position, node);
      if (is_free) continue;
      if (IsCommittedThere(decision) && !IsCommittedThere(decisions_.at(owner->second))) {
        losers.push_back(std::exchange(owner->second, node));
      } else {
        losers.push_back(node);
      }
    }
    for (const auto& [position, node] : owners) taken_.insert(Folded(position));
    for (const NodeId& node : losers) {
      Decision& decision = decisions_.at(node);
      if (decision.lost_to.IsZero()) {
        decision.reason = "the name is taken there";
        ++conflicts_;
      }
      decision.position.name = FreeName(decision);
      taken_.insert(Folded(decision.position));
    }
  }

  // Names that differ in case only are one on some disks.
  static Position Folded(const Position& position) {
    return {position.parent, absl::AsciiStrToLower(position.name)};
  }

  std::string FreeName(const Decision& loser) const {
    const LostConflict* lost =
        loser.here != nullptr && loser.here->lost.has_value() ? &*loser.here->lost : nullptr;
    const std::string& stamp = lost != nullptr ? lost->stamp : options_.conflict_stamp;
    const std::string& device = lost != nullptr ? lost->device : options_.device;
    const std::string name = OriginalName(loser.position.name);
    Position candidate = loser.position;
    for (int attempt = 0;; ++attempt) {
      candidate.name = ConflictName(name, stamp, device, attempt);
      if (!taken_.contains(Folded(candidate))) return candidate.name;
    }
  }

  Decisions& decisions_;
  const PlanOptions& options_;
  absl::flat_hash_set<Position> taken_;
  size_t conflicts_ = 0;
};

}  // namespace

size_t RepairTarget(Decisions& decisions, const PlanOptions& options) {
  return Repairs(decisions, options).Run();
}

}  // namespace syncengine::reconcile
