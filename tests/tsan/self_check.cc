// Shows that a sanitizer=thread build reports a race, and none where absl's locks give the order.
//
// Usage: tsan_self_check guarded|race. ThreadSanitizer makes the exit code 66 when it reported.
#include <cstdio>
#include <string_view>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

namespace {

// A number that threads count up, with and without the lock.
class Table {
 public:
  void CountWithLocks() {
    for (int round = 0; round < 100; ++round) {
      absl::MutexLock lock(&mutex_);
      ++number_;
      changed_.SignalAll();
    }
  }
  void CountWithout() { ++number_; }

  void AwaitWithCondition(int least) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, least] { return number_ >= least; };
    mutex_.Await(absl::Condition(&enough));
  }
  void AwaitWithCondVar(int least) {
    absl::MutexLock lock(&mutex_);
    while (number_ < least) changed_.Wait(&mutex_);
  }
  bool IsStillWithShared(int number) {
    absl::ReaderMutexLock lock(&mutex_);
    return number_ == number;
  }

 private:
  absl::Mutex mutex_;
  absl::CondVar changed_;
  int number_ = 0;
};

bool RunGuarded() {
  Table table;
  absl::Notification done;
  int told = 0;
  std::jthread first([&] { table.CountWithLocks(); });
  std::jthread second([&] {
    table.CountWithLocks();
    table.AwaitWithCondVar(200);
    told = 200;
    done.Notify();
  });
  table.AwaitWithCondition(200);
  done.WaitForNotification();
  return told == 200 && table.IsStillWithShared(200);
}

void RunRace() {
  Table table;
  std::jthread first([&] { table.CountWithout(); });
  std::jthread second([&] { table.CountWithout(); });
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view mode = count == 2 ? arguments[1] : "";
  if (mode == "race") {
    RunRace();
    return 0;
  }
  if (mode == "guarded") return RunGuarded() ? 0 : 1;
  std::fputs("usage: tsan_self_check guarded|race\n", stderr);
  return 2;
}
