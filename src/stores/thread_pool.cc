#include "syncengine/stores/thread_pool.h"

#include <algorithm>
#include <deque>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"

namespace syncengine {

// The threads and their queue. A thread is idle (waiting for a task), busy, or lent (inside
// Signal::Wait). Invariant: while tasks are queued and nobody is idle, busy == threads, or all of
// threads_max threads exist.
class ThreadPool::Crew : public std::enable_shared_from_this<ThreadPool::Crew> {
 public:
  explicit Crew(const Options& options)
      : threads_(std::max(options.threads, 1)), threads_max_(std::max(options.threads_max, 1)) {}

  void Schedule(absl::AnyInvocable<void()> task) {
    absl::MutexLock lock(&mutex_);
    queue_.push_back(std::move(task));
    changed_.Signal();
    StartThreadIfUseful();
  }

  // Runs what is queued, then ends all threads.
  void Finish() {
    absl::MutexLock lock(&mutex_);
    finishing_ = true;
    changed_.SignalAll();
    while (alive_ > 0 || !queue_.empty()) {
      if (alive_ == 0) {
        RunFront();  // No thread could be started.
      } else {
        ended_.Wait(&mutex_);
      }
    }
  }

  void Lend() {
    absl::MutexLock lock(&mutex_);
    ++lent_;
    StartThreadIfUseful();
  }

  void TakeBack() {
    absl::MutexLock lock(&mutex_);
    --lent_;
    changed_.SignalAll();  // One idle thread may now be too many.
  }

  int threads() const { return threads_; }
  // Whether the calling thread belongs to this crew.
  bool Owns() const { return current_ == this; }

 private:
  void StartThreadIfUseful() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const bool needed = static_cast<int>(queue_.size()) > idle_;
    if (!needed || alive_ - lent_ >= threads_ || alive_ >= threads_max_) return;
    try {
      std::thread([crew = shared_from_this()] { crew->Work(); }).detach();
      ++alive_;
    } catch (const std::system_error&) {
      // The system gives no more threads: those alive, or Finish, run the task.
    }
  }

  void Work() {
    current_ = this;
    absl::MutexLock lock(&mutex_);
    while (true) {
      if (alive_ - lent_ > threads_) break;  // A lender came back: one thread too many.
      if (!queue_.empty()) {
        RunFront();
      } else if (finishing_) {
        break;
      } else {
        ++idle_;
        changed_.Wait(&mutex_);
        --idle_;
      }
    }
    --alive_;
    changed_.SignalAll();
    ended_.SignalAll();
  }

  void RunFront() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    absl::AnyInvocable<void()> task = std::move(queue_.front());
    queue_.pop_front();
    mutex_.Unlock();
    std::move(task)();
    task = nullptr;  // What the task captured goes before the lock is taken.
    mutex_.Lock();
  }

  static thread_local const Crew* current_;

  const int threads_;
  const int threads_max_;
  absl::Mutex mutex_;
  absl::CondVar changed_;
  absl::CondVar ended_;
  std::deque<absl::AnyInvocable<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  int alive_ ABSL_GUARDED_BY(mutex_) = 0;
  int idle_ ABSL_GUARDED_BY(mutex_) = 0;
  int lent_ ABSL_GUARDED_BY(mutex_) = 0;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
};

thread_local const ThreadPool::Crew* ThreadPool::Crew::current_ = nullptr;

class ThreadPool::PoolSignal final : public Signal {
 public:
  explicit PoolSignal(std::shared_ptr<Crew> crew) : crew_(std::move(crew)) {}

  void Notify() override {
    absl::MutexLock lock(&mutex_);
    open_ = true;
  }

  bool Wait(absl::Duration timeout) override {
    if (TryPass(absl::ZeroDuration())) return true;
    if (timeout <= absl::ZeroDuration()) return false;
    const bool lend = crew_->Owns();
    if (lend) crew_->Lend();
    const bool passed = TryPass(timeout);
    if (lend) crew_->TakeBack();
    return passed;
  }

 private:
  bool TryPass(absl::Duration timeout) {
    absl::MutexLock lock(&mutex_);
    if (!mutex_.AwaitWithTimeout(absl::Condition(&open_), timeout)) return false;
    open_ = false;
    return true;
  }

  const std::shared_ptr<Crew> crew_;
  absl::Mutex mutex_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
};

ThreadPool::ThreadPool(const Options& options) : crew_(std::make_shared<Crew>(options)) {}
ThreadPool::~ThreadPool() { crew_->Finish(); }

void ThreadPool::Schedule(absl::AnyInvocable<void()> task) { crew_->Schedule(std::move(task)); }
int ThreadPool::Parallelism() const { return crew_->threads(); }
std::unique_ptr<Signal> ThreadPool::NewSignal() { return std::make_unique<PoolSignal>(crew_); }

}  // namespace syncengine
