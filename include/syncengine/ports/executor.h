// Port: where work runs and how it waits. The library starts no thread of its own.
#ifndef SYNCENGINE_PORTS_EXECUTOR_H_
#define SYNCENGINE_PORTS_EXECUTOR_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

namespace syncengine {

// A one-permit gate that one caller waits on and anybody opens. Thread-safe.
class Signal {
 public:
  virtual ~Signal() = default;

  // Opens the gate. Notifications do not add up: many before a wait release it once.
  virtual void Notify() = 0;
  // Waits until notified, then closes the gate again and returns true; false when `timeout` passed
  // first. An executor without threads of its own runs scheduled work here.
  virtual bool Wait(absl::Duration timeout) = 0;
};

// Thread-safe. Tasks must not throw. A task may block only in Signal::Wait of the same executor or
// in a port call.
class Executor {
 public:
  virtual ~Executor() = default;

  // Runs `task` some time later, never inside this call. Tasks may run in any order and at the same
  // time.
  virtual void Schedule(absl::AnyInvocable<void()> task) = 0;
  // How many tasks can make progress at once, at least 1.
  virtual int Parallelism() const = 0;
  virtual std::unique_ptr<Signal> NewSignal() = 0;
};

}  // namespace syncengine

#endif  // SYNCENGINE_PORTS_EXECUTOR_H_
