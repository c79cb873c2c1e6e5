// Work on an executor whose results come back to one thread.
#ifndef SYNCENGINE_SRC_TRANSFER_CREW_H_
#define SYNCENGINE_SRC_TRANSFER_CREW_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "syncengine/ports/executor.h"

namespace syncengine {

// A transfer keeps all its state on the thread that runs it: `work` runs on the executor and
// touches nothing shared, `then` runs with its result on the owner's thread, inside Poll or Wait.
// So no state of a transfer needs a lock. Owned and called by one thread.
class Crew {
 public:
  explicit Crew(Executor& executor);
  // Waits until all work has ended; results that were not yet handed over are dropped.
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Runs work() on the executor and then(its result) on the owner's thread.
  template <typename Work, typename Then>
  void Run(Work work, Then then) {
    Start([work = std::move(work), then = std::move(then)]() mutable -> Completion {
      auto result = std::make_unique<decltype(work())>(work());
      return [then = std::move(then), result = std::move(result)]() mutable {
        then(std::move(*result));
      };
    });
  }

  // Runs the completions that are there; false when there were none.
  bool Poll();
  // Waits until a completion is there, then as Poll. Call only while running() > 0.
  void Wait();
  // As Wait, but gives up after `timeout`.
  void WaitFor(absl::Duration timeout);
  // Pieces of work whose `then` has not begun.
  size_t running() const { return running_; }

 private:
  using Completion = absl::AnyInvocable<void()>;

  void Start(absl::AnyInvocable<Completion()> work);

  // Shared with the work, which ends with a touch of the mailbox.
  struct Mailbox {
    absl::Mutex mutex;
    std::vector<Completion> ready ABSL_GUARDED_BY(mutex);
    std::unique_ptr<Signal> signal;
  };

  Executor& executor_;
  const std::shared_ptr<Mailbox> mailbox_;
  size_t running_ = 0;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_CREW_H_
