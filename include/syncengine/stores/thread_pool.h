// An executor with threads of its own.
#ifndef SYNCENGINE_STORES_THREAD_POOL_H_
#define SYNCENGINE_STORES_THREAD_POOL_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "syncengine/ports/executor.h"

namespace syncengine {

// Keeps `threads` tasks going. Threads start on demand; a task that waits in Signal::Wait lends its
// place to another thread, so tasks may wait for tasks, up to `threads_max` threads in all. Tasks
// start in the order they came. Destroying the pool runs what is still scheduled and waits until
// every thread has ended; signals may outlive the pool. Thread-safe.
class ThreadPool final : public Executor {
 public:
  struct Options {
    int threads = 4;         // At least 1.
    int threads_max = 1024;  // Counting those that wait; at least `threads`.
  };

  explicit ThreadPool(const Options& options);
  explicit ThreadPool(int threads) : ThreadPool(Options{.threads = threads}) {}
  ~ThreadPool() override;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void Schedule(absl::AnyInvocable<void()> task) override;
  int Parallelism() const override;
  std::unique_ptr<Signal> NewSignal() override;

 private:
  class Crew;
  class PoolSignal;

  // Shared with the signals, which may be used until they are destroyed.
  std::shared_ptr<Crew> crew_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_STORES_THREAD_POOL_H_
