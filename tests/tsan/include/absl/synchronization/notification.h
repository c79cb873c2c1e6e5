// absl::Notification on the Mutex of this folder, whose header says why.
#ifndef ABSL_SYNCHRONIZATION_NOTIFICATION_H_
#define ABSL_SYNCHRONIZATION_NOTIFICATION_H_

#include "absl/synchronization/mutex.h"

#pragma GCC visibility push(hidden)

namespace absl {
ABSL_NAMESPACE_BEGIN

class Notification {
 public:
  Notification() = default;
  Notification(const Notification&) = delete;
  Notification& operator=(const Notification&) = delete;
  ~Notification() { MutexLock wait_for_notify(&mutex_); }

  bool HasBeenNotified() const {
    MutexLock lock(&mutex_);
    return notified_;
  }
  void WaitForNotification() const { WaitForNotificationWithTimeout(InfiniteDuration()); }
  bool WaitForNotificationWithTimeout(Duration timeout) const {
    MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(Condition(&notified_), timeout);
  }
  void Notify() {
    MutexLock lock(&mutex_);
    notified_ = true;
  }

 private:
  mutable Mutex mutex_;
  bool notified_ ABSL_GUARDED_BY(mutex_) = false;
};

ABSL_NAMESPACE_END
}  // namespace absl

#pragma GCC visibility pop

#endif  // ABSL_SYNCHRONIZATION_NOTIFICATION_H_
