// Makes a failing run small: fewer acts of users, fewer faults, calmer weather, the same broken
// law.
#ifndef SYNCENGINE_TESTS_SIM_SHRINK_H_
#define SYNCENGINE_TESTS_SIM_SHRINK_H_

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "tests/sim/plan.h"

namespace syncengine::sim {

// Keeps the events whose places `list` names: "0,3,7"; "" keeps none.
template <typename Event>
void KeepOnly(const std::string& list, std::vector<Event>& events) {
  std::vector<Event> kept;
  for (const absl::string_view place : absl::StrSplit(list, ',', absl::SkipEmpty())) {
    size_t index = 0;
    if (absl::SimpleAtoi(place, &index) && index < events.size()) kept.push_back(events[index]);
  }
  events = std::move(kept);
}

// The smallest part of a plan that breaks the same law as `failure`, one of its failures, as the
// command that runs it and a line for each event.
std::string Shrink(const SimPlan& plan, absl::string_view failure);

}  // namespace syncengine::sim

#endif  // SYNCENGINE_TESTS_SIM_SHRINK_H_
