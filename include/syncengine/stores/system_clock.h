// The clock of the operating system.
#ifndef SYNCENGINE_STORES_SYSTEM_CLOCK_H_
#define SYNCENGINE_STORES_SYSTEM_CLOCK_H_

#include "syncengine/ports/clock.h"

namespace syncengine {

// Thread-safe, stateless. Monotonic() counts from boot and stands still while the machine sleeps.
class SystemClock final : public Clock {
 public:
  absl::Time Now() override;
  absl::Duration Monotonic() override;
};

}  // namespace syncengine

#endif  // SYNCENGINE_STORES_SYSTEM_CLOCK_H_
