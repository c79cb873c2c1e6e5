#include "syncengine/reconcile/planner.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "src/reconcile/decision.h"
#include "src/reconcile/ordering.h"
#include "src/reconcile/paths.h"
#include "src/reconcile/target.h"

namespace syncengine {
namespace {

using reconcile::ContentFrom;
using reconcile::Decision;
using reconcile::Decisions;
using reconcile::Order;
using reconcile::OrderedStep;
using reconcile::Positions;
using reconcile::Step;

uint64_t SizeThere(const Decision& decision) {
  return decision.there ? decision.there.state->content.size : 0;
}

uint64_t SizeHere(const Decision& decision) {
  return decision.here == nullptr ? 0 : decision.here->print.size;
}

bool HasTimes(NodeKind kind) { return kind == NodeKind::kFile; }

bool SameAttributes(NodeKind kind, const Attributes& a, const Attributes& b) {
  if (kind == NodeKind::kSymlink) return true;
  return a.mode == b.mode && (!HasTimes(kind) || a.mtime_ns == b.mtime_ns);
}

std::string DecidedPath(const Decisions& decisions, const Position& position) {
  return reconcile::PathOf(position, [&](const NodeId& node) -> const Position* {
    auto found = decisions.find(node);
    return found == decisions.end() ? nullptr : &found->second.position;
  });
}

// The differences between the target and one side, then their order.
class SidePlan {
 public:
  SidePlan(const Decisions& decisions, Plan& plan) : decisions_(decisions), plan_(plan) {}
  virtual ~SidePlan() = default;

  void Run() {
    for (const auto& [node, decision] : decisions_) Look(node, decision);
    std::stable_sort(pending_.begin(), pending_.end(), ByPath);
    std::vector<Step> steps;
    for (const Action& action : pending_) {
      const bool remove = IsRemoval(action.kind);
      steps.push_back({.node = action.node, .remove = remove, .to = action.to});
    }
    Emit(reconcile::OrderSteps(present_, steps));
  }

 protected:
  virtual void Look(const NodeId& node, const Decision& decision) = 0;
  virtual ActionKind park_kind() const = 0;

  Action NewAction(ActionKind kind, const NodeId& node, const Decision& decision) const {
    return {.kind = kind,
            .node = node,
            .node_kind = decision.kind,
            .to = decision.position,
            .attributes = decision.attributes,
            .path = TargetPath(decision.position),
            .is_conflict_copy = !decision.lost_to.IsZero(),
            .conflict_with = decision.lost_to,
            .reason = decision.reason};
  }

  std::string TargetPath(const Position& position) const {
    return DecidedPath(decisions_, position);
  }

  std::string PresentPath(const NodeId& node) const {
    auto find = [this](const NodeId& id) -> const Position* {
      auto found = present_.find(id);
      return found == present_.end() ? nullptr : &found->second;
    };
    const Position* at = find(node);
    return at == nullptr ? std::string() : reconcile::PathOf(*at, find);
  }

  const Decisions& decisions_;
  Plan& plan_;
  Positions present_;
  std::vector<Action> pending_;

 private:
  static bool IsRemoval(ActionKind kind) {
    return kind == ActionKind::kDeleteHere || kind == ActionKind::kDeleteThere;
  }

  // By path, so that files of one directory travel together; removals last, children first.
  static bool ByPath(const Action& a, const Action& b) {
    if (IsRemoval(a.kind) != IsRemoval(b.kind)) return IsRemoval(b.kind);
    return IsRemoval(a.kind) ? b.path < a.path : a.path < b.path;
  }

  void Emit(const Order& order) {
    for (Action& action : pending_) {
      if (present_.contains(action.node)) action.from = PresentPath(action.node);
      if (IsRemoval(action.kind)) action.path = action.from;
    }
    int wave = 0;
    absl::flat_hash_set<NodeId> in_wave;
    std::vector<Action> downloads;
    for (const OrderedStep& step : order.steps) {
      Action action = pending_[step.index];
      if (step.park) {
        action.kind = park_kind();
        action.to = step.parked_at;
      }
      if (!in_wave.insert(action.node).second) {
        ++wave;
        in_wave = {action.node};
      }
      action.wave = wave;
      (action.kind == ActionKind::kDownload ? downloads : plan_.actions)
          .push_back(std::move(action));
    }
    std::move(downloads.begin(), downloads.end(), std::back_inserter(plan_.actions));
    for (int index : order.blocked) {
      plan_.blocked.push_back({.action = std::move(pending_[index]),
                               .cause = "something ignored or unreadable is in the way"});
    }
  }
};

class HerePlan final : public SidePlan {
 public:
  using SidePlan::SidePlan;

 private:
  ActionKind park_kind() const override { return ActionKind::kParkHere; }

  void Look(const NodeId& node, const Decision& decision) override {
    if (decision.held) {
      if (decision.base != nullptr) present_[node] = decision.base->position();
      return;
    }
    if (decision.here != nullptr) present_[node] = decision.here->position;
    if (decision.exists && decision.here == nullptr) {
      Create(node, decision);
    } else if (decision.exists) {
      Change(node, decision);
    } else if (decision.here != nullptr) {
      Action action = NewAction(ActionKind::kDeleteHere, node, decision);
      action.size = SizeHere(decision);
      pending_.push_back(std::move(action));
    }
  }

  void Create(const NodeId& node, const Decision& decision) {
    const bool directory = decision.kind == NodeKind::kDirectory;
    Action action = NewAction(directory ? ActionKind::kMakeDirectoryHere : ActionKind::kDownload,
                              node, decision);
    action.size = SizeThere(decision);
    pending_.push_back(std::move(action));
  }

  void Change(const NodeId& node, const Decision& decision) {
    const bool moves = decision.position != decision.here->position;
    const bool content =
        decision.content == ContentFrom::kThere && decision.kind != NodeKind::kDirectory;
    const bool attributes = !decision.merging && !SameAttributes(decision.kind, decision.attributes,
                                                                 decision.here->attributes);
    if (moves) pending_.push_back(NewAction(ActionKind::kMoveHere, node, decision));
    if (content) {
      Action action = NewAction(ActionKind::kDownload, node, decision);
      action.size = SizeThere(decision);
      later_.push_back(std::move(action));
    } else if (attributes) {
      later_.push_back(NewAction(ActionKind::kAttributesHere, node, decision));
    }
  }

 public:
  // What needs no order: it moves nothing, and every node has its place by then.
  void EmitRest() {
    std::stable_sort(later_.begin(), later_.end(),
                     [](const Action& a, const Action& b) { return a.path < b.path; });
    std::move(later_.begin(), later_.end(), std::back_inserter(plan_.actions));
  }

 private:
  std::vector<Action> later_;
};

class TherePlan final : public SidePlan {
 public:
  using SidePlan::SidePlan;

 private:
  ActionKind park_kind() const override { return ActionKind::kParkThere; }

  void Look(const NodeId& node, const Decision& decision) override {
    if (decision.there) present_[node] = decision.there.position();
    if (decision.held) return;
    if (decision.exists) {
      Change(node, decision);
    } else if (decision.there) {
      Action action = NewAction(ActionKind::kDeleteThere, node, decision);
      action.to = decision.there.position();
      action.size = SizeThere(decision);
      pending_.push_back(std::move(action));
    }
  }

  void Change(const NodeId& node, const Decision& decision) {
    const bool moves = decision.there && decision.position != decision.there.position();
    const bool attributes =
        decision.there && !decision.merging &&
        !SameAttributes(decision.kind, decision.attributes, decision.there.state->attributes);
    ActionKind kind;
    if (!decision.there || decision.content == ContentFrom::kHere) {
      kind = ActionKind::kUpload;
    } else if (moves) {
      kind = ActionKind::kMoveThere;
    } else if (attributes) {
      kind = ActionKind::kAttributesThere;
    } else {
      return;
    }
    Action action = NewAction(kind, node, decision);
    if (kind == ActionKind::kUpload) action.size = SizeHere(decision);
    pending_.push_back(std::move(action));
  }
};

void PlanMerges(const Decisions& decisions, Plan& plan) {
  for (const auto& [node, decision] : decisions) {
    if (!decision.merging) continue;
    plan.actions.push_back({.kind = ActionKind::kMerge,
                            .node = node,
                            .node_kind = decision.kind,
                            .to = decision.position,
                            .attributes = decision.attributes,
                            .size = SizeHere(decision),
                            .path = DecidedPath(decisions, decision.position),
                            .reason = decision.reason});
    plan.actions.back().from = plan.actions.back().path;
    ++plan.merges;
  }
}

// Records what needs no change of either side any more. A head that a change is still planned for
// is recorded when that change is done.
void PlanRecords(const Decisions& decisions, const RemoteChanges& remote, Plan& plan) {
  absl::flat_hash_set<NodeId> busy;
  for (const Action& action : plan.actions) busy.insert(action.node);
  for (const BlockedAction& blocked : plan.blocked) busy.insert(blocked.action.node);
  for (const auto& [node, decision] : decisions) {
    if (decision.held || busy.contains(node)) continue;
    Action action{.node = node, .node_kind = decision.kind, .to = decision.position};
    if (!decision.exists) {
      if (decision.base == nullptr && !remote.contains(node)) continue;
      action.kind = ActionKind::kForget;
      action.reason = "gone on both sides";
    } else {
      const bool refresh = decision.base != nullptr && decision.here != nullptr &&
                           (decision.base->racy || !(decision.base->print == decision.here->print));
      if (!remote.contains(node) && !refresh) continue;
      action.kind = ActionKind::kAdopt;
      action.reason = "the same on both sides";
    }
    plan.records.push_back(std::move(action));
  }
}

bool Wanted(SyncMode mode, const Action& action) {
  if (mode == SyncMode::kUploadOnly) return !IsHere(action.kind);
  if (mode == SyncMode::kDownloadOnly) return !IsThere(action.kind);
  return true;
}

// Drops the actions the mode forbids, and those of conflicted copies that would need them first.
void KeepWanted(SyncMode mode, Plan& plan) {
  if (mode == SyncMode::kTwoWay) return;
  absl::flat_hash_set<NodeId> skipped;
  for (const Action& action : plan.actions) {
    if (!Wanted(mode, action)) skipped.insert(action.node);
  }
  std::erase_if(plan.actions, [&](const Action& action) {
    if (!Wanted(mode, action)) return true;
    return mode == SyncMode::kUploadOnly && skipped.contains(action.node);
  });
  std::erase_if(plan.blocked,
                [&](const BlockedAction& blocked) { return !Wanted(mode, blocked.action); });
}

}  // namespace

bool IsHere(ActionKind kind) { return kind <= ActionKind::kDownload; }

bool IsThere(ActionKind kind) {
  return kind >= ActionKind::kUpload && kind <= ActionKind::kDeleteThere;
}

absl::string_view ActionKindName(ActionKind kind) {
  switch (kind) {
    case ActionKind::kMakeDirectoryHere:
      return "make directory here";
    case ActionKind::kMoveHere:
      return "move here";
    case ActionKind::kParkHere:
      return "park here";
    case ActionKind::kAttributesHere:
      return "set attributes here";
    case ActionKind::kDeleteHere:
      return "delete here";
    case ActionKind::kDownload:
      return "download";
    case ActionKind::kUpload:
      return "upload";
    case ActionKind::kMoveThere:
      return "move there";
    case ActionKind::kParkThere:
      return "park there";
    case ActionKind::kAttributesThere:
      return "set attributes there";
    case ActionKind::kDeleteThere:
      return "delete there";
    case ActionKind::kAdopt:
      return "adopt";
    case ActionKind::kForget:
      return "forget";
    case ActionKind::kMerge:
      return "merge";
  }
  return "unknown";
}

Plan MakePlan(const SyncedTree& synced, const RemoteChanges& remote, const LocalNodes& local,
              const PlanOptions& options) {
  Plan plan;
  Decisions decisions = reconcile::DecideAll(synced, remote, local);
  PlanOptions repair = options;
  repair.merge = options.merge && options.mode == SyncMode::kTwoWay;
  plan.conflicts = reconcile::RepairTarget(decisions, repair);
  HerePlan here(decisions, plan);
  here.Run();
  here.EmitRest();
  TherePlan there(decisions, plan);
  there.Run();
  PlanMerges(decisions, plan);
  PlanRecords(decisions, remote, plan);
  KeepWanted(options.mode, plan);
  return plan;
}

}  // namespace syncengine
