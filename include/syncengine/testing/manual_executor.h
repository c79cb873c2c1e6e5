// An executor without threads: a test says when the next task runs.
#ifndef SYNCENGINE_TESTING_MANUAL_EXECUTOR_H_
#define SYNCENGINE_TESTING_MANUAL_EXECUTOR_H_

#include <deque>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "syncengine/ports/executor.h"
#include "syncengine/testing/manual_clock.h"

namespace syncengine {

// Tasks run in order of Schedule, only inside RunOne, RunAll or Signal::Wait, so a test has one
// order of events. Single-threaded.
class ManualExecutor final : public Executor {
 public:
  // A Wait that has to time out advances `clock` by the timeout, when there is one.
  explicit ManualExecutor(ManualClock* clock = nullptr) : clock_(clock) {}

  void Schedule(absl::AnyInvocable<void()> task) override { queue_.push_back(std::move(task)); }
  int Parallelism() const override { return 1; }
  // The signal must not outlive the executor.
  std::unique_ptr<Signal> NewSignal() override { return std::make_unique<ManualSignal>(*this); }

  // Runs the oldest task; false when there is none.
  bool RunOne() {
    if (queue_.empty()) return false;
    absl::AnyInvocable<void()> task = std::move(queue_.front());
    queue_.pop_front();
    std::move(task)();
    return true;
  }
  // Runs tasks, and those they schedule, until none is left.
  void RunAll() {
    while (RunOne()) {
    }
  }
  size_t pending() const { return queue_.size(); }

 private:
  // Runs tasks until notified; when none is left nobody can notify, so the wait times out.
  class ManualSignal final : public Signal {
   public:
    explicit ManualSignal(ManualExecutor& executor) : executor_(executor) {}
    void Notify() override { open_ = true; }
    bool Wait(absl::Duration timeout) override {
      const bool may_run = timeout > absl::ZeroDuration();
      while (!open_ && may_run && executor_.RunOne()) {
      }
      if (std::exchange(open_, false)) return true;
      executor_.PassTime(timeout);
      return false;
    }

   private:
    ManualExecutor& executor_;
    bool open_ = false;
  };

  void PassTime(absl::Duration timeout) {
    if (clock_ == nullptr || timeout == absl::InfiniteDuration()) return;
    if (timeout > absl::ZeroDuration()) clock_->Advance(timeout);
  }

  ManualClock* const clock_;
  std::deque<absl::AnyInvocable<void()>> queue_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_TESTING_MANUAL_EXECUTOR_H_
