// The mass-delete brake: a plan that removes suspiciously much waits for a confirmation.
#ifndef SYNCENGINE_RECONCILE_BRAKE_H_
#define SYNCENGINE_RECONCILE_BRAKE_H_

#include <cstddef>
#include <string>

#include "syncengine/reconcile/planner.h"

namespace syncengine {

struct BrakeLimits {
  // A plan may remove max(count, percent of the synced nodes) in each direction.
  size_t count = 100;
  double percent = 25;
};

struct BrakeReading {
  size_t deletions_here = 0;
  size_t deletions_there = 0;
  size_t allowed = 0;  // In each direction.
  bool stop = false;
};

BrakeReading ReadBrake(const Plan& plan, size_t synced_nodes, const BrakeLimits& limits);

// Names exactly the deletions of `plan`, so that a confirmation cannot be used for others. Not
// secret and not authenticated: it guards against accidents.
std::string ConfirmationToken(const Plan& plan);

}  // namespace syncengine

#endif  // SYNCENGINE_RECONCILE_BRAKE_H_
