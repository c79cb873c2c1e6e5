// absl::Mutex and its kin for sanitizer=thread builds, made of the standard library's locks.
//
// The system's Abseil is compiled without ThreadSanitizer, which therefore does not see what its
// mutexes order and reports races that are none. A build with -fsanitize=thread finds this header
// before Abseil's. It has only what this tree uses: code that needs more does not compile and adds
// it here. Two things keep it from meeting the real classes inside the shared libraries: hidden
// visibility (none of these functions can replace a function there) and equal size (Abseil's other
// headers may have a Mutex as a member).
#ifndef ABSL_SYNCHRONIZATION_MUTEX_H_
#define ABSL_SYNCHRONIZATION_MUTEX_H_

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <shared_mutex>

#include "absl/base/config.h"
#include "absl/base/thread_annotations.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

#pragma GCC visibility push(hidden)

namespace absl {
ABSL_NAMESPACE_BEGIN

// What a waiter waits for.
class Condition {
 public:
  template <typename T>
  Condition(bool (*holds)(T*), T* of) : holds_([holds, of] { return holds(of); }) {}
  template <typename T, typename = decltype(static_cast<bool (T::*)() const>(&T::operator()))>
  explicit Condition(const T* functor) : holds_([functor] { return (*functor)(); }) {}
  explicit Condition(const bool* flag) : holds_([flag] { return *flag; }) {}

  bool Eval() const { return holds_(); }

 private:
  std::function<bool()> holds_;
};

class ABSL_LOCKABLE Mutex {
 public:
  Mutex() : parts_(std::make_unique<Parts>()) {}
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { parts_->mutex.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    if (parts_->waiters > 0) parts_->released.notify_all();
    parts_->mutex.unlock();
  }
  void ReaderLock() ABSL_SHARED_LOCK_FUNCTION() { parts_->mutex.lock_shared(); }
  void ReaderUnlock() ABSL_UNLOCK_FUNCTION() { parts_->mutex.unlock_shared(); }
  void AssertHeld() const ABSL_ASSERT_EXCLUSIVE_LOCK() {}
  void AssertReaderHeld() const ABSL_ASSERT_SHARED_LOCK() {}

  void Await(const Condition& condition) { AwaitWithTimeout(condition, InfiniteDuration()); }
  bool AwaitWithTimeout(const Condition& condition, Duration timeout) {
    Parts& parts = *parts_;
    // A century is for ever; more would overflow the clock.
    const auto end = std::chrono::steady_clock::now() +
                     ToChronoNanoseconds(std::clamp(timeout, ZeroDuration(), Hours(24 * 36500)));
    ++parts.waiters;
    bool holds = condition.Eval();
    while (!holds && parts.released.wait_until(parts.mutex, end) == std::cv_status::no_timeout) {
      holds = condition.Eval();
    }
    --parts.waiters;
    return holds || condition.Eval();
  }
  bool AwaitWithDeadline(const Condition& condition, Time deadline) {
    return AwaitWithTimeout(condition, deadline - Now());
  }

 private:
  struct Parts {
    std::shared_mutex mutex;
    std::condition_variable_any released;
    int waiters = 0;  // In Await; guarded by `mutex`.
  };

  std::unique_ptr<Parts> parts_;  // A pointer keeps the size of Abseil's class.
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(*mutex) {
    mutex_.Lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class ABSL_SCOPED_LOCKABLE ReaderMutexLock {
 public:
  explicit ReaderMutexLock(Mutex* mutex) ABSL_SHARED_LOCK_FUNCTION(mutex) : mutex_(*mutex) {
    mutex_.ReaderLock();
  }
  ~ReaderMutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.ReaderUnlock(); }
  ReaderMutexLock(const ReaderMutexLock&) = delete;
  ReaderMutexLock& operator=(const ReaderMutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class CondVar {
 public:
  CondVar() : changed_(std::make_unique<std::condition_variable_any>()) {}
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  void Wait(Mutex* mutex) {
    Lockable lockable{*mutex};
    changed_->wait(lockable);
  }
  void Signal() { changed_->notify_one(); }
  void SignalAll() { changed_->notify_all(); }

 private:
  struct Lockable {  // The names the standard library calls; Mutex has them not, as Abseil's has
                     // not.
    void lock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex.Lock(); }
    void unlock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex.Unlock(); }
    Mutex& mutex;
  };

  std::unique_ptr<std::condition_variable_any> changed_;
};

static_assert(sizeof(Mutex) == sizeof(intptr_t) && sizeof(CondVar) == sizeof(intptr_t));

ABSL_NAMESPACE_END
}  // namespace absl

#pragma GCC visibility pop

#endif  // ABSL_SYNCHRONIZATION_MUTEX_H_
