// A clock that stands still until a test moves it.
#ifndef SYNCENGINE_TESTING_MANUAL_CLOCK_H_
#define SYNCENGINE_TESTING_MANUAL_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "syncengine/ports/clock.h"

namespace syncengine {

// Thread-safe.
class ManualClock final : public Clock {
 public:
  // Starts at 2030-01-01 UTC unless told otherwise.
  explicit ManualClock(absl::Time now = absl::FromUnixSeconds(1'893'456'000)) : now_(now) {}

  absl::Time Now() override {
    absl::MutexLock lock(&mutex_);
    return now_;
  }
  absl::Duration Monotonic() override {
    absl::MutexLock lock(&mutex_);
    return monotonic_;
  }

  // Lets `step` (not negative) pass on both clocks.
  void Advance(absl::Duration step) {
    absl::MutexLock lock(&mutex_);
    now_ += step;
    monotonic_ += step;
  }
  // Sets the wall clock alone, in either direction.
  void SetNow(absl::Time now) {
    absl::MutexLock lock(&mutex_);
    now_ = now;
  }

 private:
  absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
  absl::Duration monotonic_ ABSL_GUARDED_BY(mutex_) = absl::ZeroDuration();
};

}  // namespace syncengine

#endif  // SYNCENGINE_TESTING_MANUAL_CLOCK_H_
