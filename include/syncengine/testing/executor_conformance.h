// The promises of ports/executor.h as a test suite, for any implementation:
//
//   struct MyHarness {                             // Made anew for each test.
//     Executor& executor() { return my_executor; }
//     MyExecutor my_executor;
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Mine, ExecutorConformance, MyHarness);
//
// inside namespace syncengine::testing. Everything waits in Signal::Wait, so executors without
// threads pass too.
#ifndef SYNCENGINE_TESTING_EXECUTOR_CONFORMANCE_H_
#define SYNCENGINE_TESTING_EXECUTOR_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "syncengine/ports/executor.h"

namespace syncengine::testing {

template <typename Harness>
class ExecutorConformance : public ::testing::Test {
 protected:
  Executor& executor() { return harness_.executor(); }

  Harness harness_;
};

TYPED_TEST_SUITE_P(ExecutorConformance);

TYPED_TEST_P(ExecutorConformance, EveryTaskRunsOnce) {
  constexpr int kTasks = 500;
  std::vector<std::atomic<int>> runs(kTasks);
  std::atomic<int> left{kTasks};
  const std::unique_ptr<Signal> done = this->executor().NewSignal();
  for (int i = 0; i < kTasks; ++i) {
    this->executor().Schedule([&, i] {
      ++runs[i];
      if (--left == 0) done->Notify();
    });
  }
  EXPECT_TRUE(done->Wait(absl::Seconds(60)));
  for (const std::atomic<int>& count : runs) EXPECT_EQ(count, 1);
}

TYPED_TEST_P(ExecutorConformance, TasksMayScheduleTasks) {
  const std::unique_ptr<Signal> done = this->executor().NewSignal();
  int left = 100;
  std::function<void()> step = [&] {
    if (--left == 0) {
      done->Notify();
    } else {
      this->executor().Schedule([&] { step(); });
    }
  };
  this->executor().Schedule([&] { step(); });
  EXPECT_TRUE(done->Wait(absl::Seconds(60)));
  EXPECT_EQ(left, 0);
}

TYPED_TEST_P(ExecutorConformance, TaskNeverRunsInsideSchedule) {
  const std::unique_ptr<Signal> done = this->executor().NewSignal();
  static thread_local bool scheduling = false;
  scheduling = true;
  std::atomic<bool> inside{false};
  this->executor().Schedule([&] {
    inside = scheduling;
    done->Notify();
  });
  scheduling = false;
  EXPECT_TRUE(done->Wait(absl::Seconds(60)));
  EXPECT_FALSE(inside);
}

TYPED_TEST_P(ExecutorConformance, NotificationsDoNotAddUp) {
  const std::unique_ptr<Signal> signal = this->executor().NewSignal();
  EXPECT_FALSE(signal->Wait(absl::ZeroDuration()));
  signal->Notify();
  signal->Notify();
  EXPECT_TRUE(signal->Wait(absl::Seconds(60)));
  EXPECT_FALSE(signal->Wait(absl::ZeroDuration()));
  EXPECT_FALSE(signal->Wait(absl::Milliseconds(2)));
  signal->Notify();
  EXPECT_TRUE(signal->Wait(absl::ZeroDuration()));
}

TYPED_TEST_P(ExecutorConformance, TasksMayWaitForTasks) {
  // More waiting tasks than can run at once, each for one that is scheduled after it.
  const int waiting = this->executor().Parallelism() * 2 + 2;
  std::atomic<int> left{waiting};
  const std::unique_ptr<Signal> done = this->executor().NewSignal();
  for (int i = 0; i < waiting; ++i) {
    this->executor().Schedule([&] {
      const std::unique_ptr<Signal> own = this->executor().NewSignal();
      this->executor().Schedule([&] { own->Notify(); });
      EXPECT_TRUE(own->Wait(absl::Seconds(60)));
      if (--left == 0) done->Notify();
    });
  }
  EXPECT_TRUE(done->Wait(absl::Seconds(60)));
}

TYPED_TEST_P(ExecutorConformance, MoveOnlyTasksAreTakenAndDestroyed) {
  const std::unique_ptr<Signal> done = this->executor().NewSignal();
  auto held = std::make_shared<int>(7);
  std::weak_ptr<int> alive = held;
  auto owned = std::make_unique<std::shared_ptr<int>>(std::move(held));
  std::atomic<int> seen{0};
  this->executor().Schedule([&, owned = std::move(owned)]() mutable {
    seen = **owned;
    owned.reset();
    done->Notify();
  });
  EXPECT_TRUE(done->Wait(absl::Seconds(60)));
  EXPECT_EQ(seen, 7);
  EXPECT_TRUE(alive.expired());
}

TYPED_TEST_P(ExecutorConformance, ParallelismIsAtLeastOne) {
  EXPECT_GE(this->executor().Parallelism(), 1);
}

REGISTER_TYPED_TEST_SUITE_P(ExecutorConformance, EveryTaskRunsOnce, TasksMayScheduleTasks,
                            TaskNeverRunsInsideSchedule, NotificationsDoNotAddUp,
                            TasksMayWaitForTasks, MoveOnlyTasksAreTakenAndDestroyed,
                            ParallelismIsAtLeastOne);

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTING_EXECUTOR_CONFORMANCE_H_
