#include "src/reconcile/decision.h"

#include "src/base/planted_bugs.h"

namespace syncengine::reconcile {
namespace {

// The side that departed from the base; the committed one when both did.
template <typename T>
const T& Pick(const T* base, const T& here, const T& there) {
  return base != nullptr && there == *base ? here : there;
}

bool ContentChangedThere(const Decision& decision) {
  if (decision.base == nullptr) return true;
  if (decision.kind == NodeKind::kDirectory) return false;
  const NodeState& base = decision.base->state;
  const NodeState& there = *decision.there.state;
  return !(base.content == there.content) ||
         base.attributes.symlink_target != there.attributes.symlink_target;
}

bool SameContent(const Decision& decision) {
  switch (decision.kind) {
    case NodeKind::kDirectory:
      return true;
    case NodeKind::kSymlink:
      return decision.here->attributes.symlink_target ==
             decision.there.state->attributes.symlink_target;
    case NodeKind::kFile:
      return decision.here->equals_remote ||
             (decision.here->print.size == 0 && decision.there.state->content.size == 0);
  }
  return false;
}

void MergePosition(Decision& decision) {
  const Position here = decision.here->position;
  const Position there = decision.there.position();
  if (decision.base == nullptr) {
    decision.position = there;
    return;
  }
  const Position base = decision.base->position();
  decision.position = Pick(&base, here, there);
  decision.position_from_here = decision.position != there;
}

void MergeContent(Decision& decision) {
  const bool here = decision.here->content_changed && decision.kind != NodeKind::kDirectory;
  const bool there = ContentChangedThere(decision);
  if (!here && !there) return;
  if (here && there) {
    if (SameContent(decision)) return;
    if (PlantedBug(Bug::kLastWriterWins)) {
      const bool later =
          decision.here->attributes.mtime_ns > decision.there.state->attributes.mtime_ns;
      decision.content = later ? ContentFrom::kHere : ContentFrom::kThere;
      return;
    }
    decision.conflict = true;
    decision.content = ContentFrom::kThere;
    decision.reason = "changed on both sides";
    return;
  }
  decision.content = here ? ContentFrom::kHere : ContentFrom::kThere;
  decision.reason = here ? "edited here" : "edited there";
}

// Times follow the content; modes are merged by themselves. Directories have no times.
void MergeAttributes(Decision& decision) {
  const Attributes& here = decision.here->attributes;
  const Attributes& there = decision.there.state->attributes;
  const Attributes* base = decision.base == nullptr ? nullptr : &decision.base->state.attributes;
  Attributes& merged = decision.attributes;
  merged.mode = Pick(base ? &base->mode : nullptr, here.mode, there.mode);
  merged.mtime_ns = Pick(base ? &base->mtime_ns : nullptr, here.mtime_ns, there.mtime_ns);
  merged.symlink_target = there.symlink_target;
  if (decision.content == ContentFrom::kHere) {
    merged.mtime_ns = here.mtime_ns;
    merged.symlink_target = here.symlink_target;
  }
  if (decision.content == ContentFrom::kThere) merged.mtime_ns = there.mtime_ns;
}

void DecidePresentOnBoth(Decision& decision) {
  decision.exists = true;
  MergePosition(decision);
  MergeContent(decision);
  MergeAttributes(decision);
}

// The server has no live head.
void DecideHereOnly(Decision& decision) {
  const LocalNode& here = *decision.here;
  decision.position = here.position;
  decision.position_from_here = true;
  decision.attributes = here.attributes;
  decision.content = ContentFrom::kHere;
  if (decision.base == nullptr) {
    decision.exists = true;
    decision.reason = "new here";
    return;
  }
  // An empty directory is not worth keeping for its name; its surviving children would keep it.
  decision.exists = decision.kind != NodeKind::kDirectory &&
                    (here.content_changed || here.position != decision.base->position()) &&
                    !PlantedBug(Bug::kDeletionBeatsEdit);
  decision.reason = decision.exists ? "deleted there, but changed here" : "deleted there";
}

void DecideThereOnly(Decision& decision) {
  decision.position = decision.there.position();
  decision.attributes = decision.there.state->attributes;
  decision.content = ContentFrom::kThere;
  if (decision.base == nullptr) {
    decision.exists = true;
    decision.reason = "new there";
    return;
  }
  decision.exists =
      decision.kind != NodeKind::kDirectory &&
      (ContentChangedThere(decision) || decision.position != decision.base->position());
  decision.reason = decision.exists ? "deleted here, but changed there" : "deleted here";
}

// Nothing may happen to it, but it stands where it stands.
void DecideHeld(Decision& decision) {
  decision.exists = true;
  decision.reason = "not observed";
  decision.position = decision.there ? decision.there.position() : decision.base->position();
}

void Decide(Decision& decision) {
  if (decision.held) {
    DecideHeld(decision);
  } else if (decision.here != nullptr && decision.there) {
    DecidePresentOnBoth(decision);
  } else if (decision.here != nullptr) {
    DecideHereOnly(decision);
  } else if (decision.there) {
    DecideThereOnly(decision);
  }
}

}  // namespace

Decisions DecideAll(const SyncedTree& synced, const RemoteChanges& remote,
                    const LocalNodes& local) {
  Decisions decisions;
  for (const auto& [node, row] : synced) {
    Decision& decision = decisions[node];
    decision.kind = row.state.kind;
    decision.base = &row;
    decision.there.state = &row.state;
  }
  for (const auto& [node, head] : remote) {
    Decision& decision = decisions[node];
    decision.kind = head.state.kind;
    decision.there.state = head.state.deleted ? nullptr : &head.state;
  }
  for (const auto& [node, here] : local.present) {
    Decision& decision = decisions[node];
    decision.kind = here.kind;
    decision.here = &here;
  }
  for (auto& [node, decision] : decisions) {
    decision.held = local.held.contains(node) && (decision.there || decision.base != nullptr);
    Decide(decision);
  }
  return decisions;
}

}  // namespace syncengine::reconcile
