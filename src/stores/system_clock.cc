#include "syncengine/stores/system_clock.h"

#include <ctime>

#include "absl/time/clock.h"

namespace syncengine {

absl::Time SystemClock::Now() { return absl::Now(); }

absl::Duration SystemClock::Monotonic() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);  // Cannot fail for this clock.
  return absl::DurationFromTimespec(now);
}

}  // namespace syncengine
