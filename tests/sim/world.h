// One run: a server, devices, users, faults, and the laws that must hold whatever happens.
#ifndef SYNCENGINE_TESTS_SIM_WORLD_H_
#define SYNCENGINE_TESTS_SIM_WORLD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/plan.h"

namespace syncengine::sim {

struct RunResult {
  std::vector<std::string> failures;  // Broken laws; empty: the run is fine.
  uint64_t trace_hash = 0;
  absl::Duration virtual_time;
  uint64_t switches = 0;
  uint64_t user_ops = 0;
  uint64_t syncs = 0;
  uint64_t conflicts = 0;
  uint64_t requests = 0;
  uint64_t network_troubles = 0;
  uint64_t crashes = 0;
  uint64_t collections = 0;
  uint64_t collected_blocks = 0;
  uint64_t collected_objects = 0;
  uint64_t revisions = 0;
};

// Runs `plan` to its end. The same plan gives the same result, trace hash included. With `log`,
// tells what happens on the standard error output.
RunResult RunPlan(const SimPlan& plan, bool log = false);

}  // namespace syncengine::sim

#endif  // SYNCENGINE_TESTS_SIM_WORLD_H_
