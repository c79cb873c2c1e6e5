// Makes one tree out of decisions that were taken node by node.
#ifndef SYNCENGINE_RECONCILE_TARGET_H_
#define SYNCENGINE_RECONCILE_TARGET_H_

#include "src/reconcile/decision.h"

namespace syncengine::reconcile {

// Adds the conflicted copies, then repairs: a surviving child keeps its directory; cycles of
// concurrent moves fall back to the committed positions; of several nodes under one name the
// committed one keeps it. Returns the number of
// conflicts.
size_t RepairTarget(Decisions& decisions, const PlanOptions& options);

}  // namespace syncengine::reconcile

#endif  // SYNCENGINE_RECONCILE_TARGET_H_
