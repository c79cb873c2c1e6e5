// Puts changes of one tree into an order in which each is possible: a directory before what goes
// into it, a name freed before it is taken, children gone before their directory goes.
#ifndef SYNCENGINE_RECONCILE_ORDERING_H_
#define SYNCENGINE_RECONCILE_ORDERING_H_

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "syncengine/base/ids.h"
#include "syncengine/reconcile/observation.h"

namespace syncengine::reconcile {

// One change of where nodes are. Each node has at most one.
struct Step {
  NodeId node;
  bool remove = false;  // Otherwise it is created at `to`, or moved there.
  Position to;
};

struct OrderedStep {
  int index = 0;      // Into the steps given.
  bool park = false;  // The node of that step goes to `parked_at` first.
  Position parked_at;
};

struct Order {
  std::vector<OrderedStep> steps;
  std::vector<int> blocked;  // Impossible: something that has no step is in the way.
};

using Positions = absl::flat_hash_map<NodeId, Position>;

// Keeps the given order where it can. `present` is the tree before the first step. Where names are
// exchanged a node is parked in the root under a name derived from its id. O(n) for n nodes, plus
// the depth for each directory that moves.
Order OrderSteps(const Positions& present, const std::vector<Step>& steps);

}  // namespace syncengine::reconcile

#endif  // SYNCENGINE_RECONCILE_ORDERING_H_
