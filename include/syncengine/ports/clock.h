// Port: what time it is.
#ifndef SYNCENGINE_PORTS_CLOCK_H_
#define SYNCENGINE_PORTS_CLOCK_H_

#include "absl/time/time.h"

namespace syncengine {

// Thread-safe. Waiting is the Executor's business (ports/executor.h).
class Clock {
 public:
  virtual ~Clock() = default;

  // Wall time; may jump either way. Only shown to users and stored beside revisions, never used to
  // order.
  virtual absl::Time Now() = 0;
  // Time since some fixed moment; never goes back. For deadlines and rates.
  virtual absl::Duration Monotonic() = 0;
};

}  // namespace syncengine

#endif  // SYNCENGINE_PORTS_CLOCK_H_
