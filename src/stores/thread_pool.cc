#include "syncengine/stores/thread_pool.h"

#include <algorithm>
#include <deque>
#include <map>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"

namespace syncengine {

// The threads and their queue. A thread is idle (waiting for a task), busy, or lent (inside
// Signal::Wait). Invariant: while tasks are queued and nobody is idle, busy == threads, or all of
// threads_max threads exist.
//
// Every thread is joined, so that what libraries keep for a thread is given back before the pool is
// gone: whoever ends joins the one that ended before, and Finish joins the last.
class ThreadPool::Crew {
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
    std::thread last;
    {
      absl::MutexLock lock(&mutex_);
      finishing_ = true;
      changed_.SignalAll();
      while (!alive_.empty() || !queue_.empty()) {
        if (alive_.empty()) {
          RunFront();  // No thread could be started.
        } else {
          ended_.Wait(&mutex_);
        }
      }
      last = std::move(last_ended_);
    }
    if (last.joinable()) last.join();
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
    if (!needed || working() >= threads_ || static_cast<int>(alive_.size()) >= threads_max_) return;
    try {
      std::thread thread([this] { Work(); });
      const std::thread::id id = thread.get_id();
      alive_.emplace(id, std::move(thread));
    } catch (const std::system_error&) {
      // The system gives no more threads: those alive, or Finish, run the task.
    }
  }

  int working() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return static_cast<int>(alive_.size()) - lent_;
  }

  void Work() {
    current_ = this;
    std::thread before = RunTasks();
    if (before.joinable()) before.join();
  }

  // Until this thread is to end; the result is the one that ended before it.
  std::thread RunTasks() {
    absl::MutexLock lock(&mutex_);
    while (true) {
      if (working() > threads_) break;  // A lender came back: one thread too many.
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
    const auto self = alive_.find(std::this_thread::get_id());
    std::thread before = std::exchange(last_ended_, std::move(self->second));
    alive_.erase(self);
    changed_.SignalAll();
    ended_.SignalAll();
    return before;
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
  std::map<std::thread::id, std::thread> alive_ ABSL_GUARDED_BY(mutex_);
  std::thread last_ended_ ABSL_GUARDED_BY(mutex_);  // Not yet joined.
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
