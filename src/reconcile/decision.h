// What shall become of one node: the three-way merge of its observations, before any other node is
// looked at.
#ifndef SYNCENGINE_RECONCILE_DECISION_H_
#define SYNCENGINE_RECONCILE_DECISION_H_

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/ids.h"
#include "syncengine/format/node.h"
#include "syncengine/reconcile/matching.h"
#include "syncengine/reconcile/observation.h"
#include "syncengine/reconcile/planner.h"

namespace syncengine::reconcile {

// The live head of a node, wherever it is kept.
struct RemoteHead {
  const NodeState* state = nullptr;  // Null: not there, or deleted.

  explicit operator bool() const { return state != nullptr; }
  Position position() const { return {state->parent, state->name}; }
};

enum class ContentFrom : uint8_t { kNowhere, kHere, kThere };

struct Decision {
  NodeKind kind = NodeKind::kFile;
  const SyncedNode* base = nullptr;
  const LocalNode* here = nullptr;
  RemoteHead there;
  bool held = false;

  bool exists = false;
  Position position;
  bool position_from_here = false;
  ContentFrom content = ContentFrom::kNowhere;  // Which side's content must travel to the other.
  bool conflict = false;                        // Both contents must stay: `there` keeps the node.
  bool merging = false;  // Both contents are to become one before anything else happens to it.
  Attributes attributes;
  absl::string_view reason;
  // The decision about a conflicted copy: which node it lost to.
  NodeId lost_to;
};

using Decisions = absl::btree_map<NodeId, Decision>;

// One decision for every node that any tree knows. The pointers in it are into the trees.
Decisions DecideAll(const SyncedTree& synced, const RemoteChanges& remote, const LocalNodes& local);

}  // namespace syncengine::reconcile

#endif  // SYNCENGINE_RECONCILE_DECISION_H_
