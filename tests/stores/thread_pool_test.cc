// What a ThreadPool promises beyond the port, and what the deterministic executor does.
#include "syncengine/stores/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "syncengine/testing/manual_clock.h"
#include "syncengine/testing/manual_executor.h"

namespace syncengine::testing {
namespace {

TEST(ThreadPoolTest, DestructionRunsWhatIsScheduled) {
  std::atomic<int> runs{0};
  {
    ThreadPool pool(2);
    for (int i = 0; i < 1'000; ++i) {
      pool.Schedule([&, i] {
        ++runs;
        if (i < 10 || i >= 990) pool.Schedule([&] { ++runs; });  // Before the end and during it.
      });
    }
  }
  EXPECT_EQ(runs, 1'020);
}

TEST(ThreadPoolTest, RunsAsManyTasksAtOnceAsItSays) {
  constexpr int kThreads = 3;
  ThreadPool pool(kThreads);
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::atomic<int> left{60};
  const std::unique_ptr<Signal> done = pool.NewSignal();
  for (int i = 0; i < 60; ++i) {
    pool.Schedule([&] {
      const int now = ++running;
      int seen = most;
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      --running;
      if (--left == 0) done->Notify();
    });
  }
  EXPECT_TRUE(done->Wait(absl::InfiniteDuration()));
  EXPECT_LE(most, kThreads);
}

TEST(ThreadPoolTest, SignalsOutliveThePool) {
  auto pool = std::make_unique<ThreadPool>(1);
  const std::unique_ptr<Signal> signal = pool->NewSignal();
  pool->Schedule([&] { signal->Notify(); });
  pool.reset();
  EXPECT_TRUE(signal->Wait(absl::ZeroDuration()));
}

// Stands for what a library keeps for each thread, and takes its time to give it back.
struct OfOneThread {
  ~OfOneThread() {
    for (volatile int i = 0; i < 1'000'000;) i = i + 1;
    if (gone != nullptr) ++*gone;
  }
  std::atomic<int>* gone = nullptr;
};

TEST(ThreadPoolTest, NothingOfItsThreadsIsLeftAfterDestruction) {
  std::atomic<int> used{0};
  std::atomic<int> gone{0};
  {
    ThreadPool pool(3);
    for (int i = 0; i < 20; ++i) {
      pool.Schedule([&] {
        thread_local OfOneThread kept;
        if (std::exchange(kept.gone, &gone) == nullptr) ++used;
        pool.NewSignal()->Wait(absl::Nanoseconds(1));  // Lends its place: threads come and go.
      });
    }
  }
  EXPECT_GE(used, 1);
  EXPECT_EQ(gone, used);
}

TEST(ManualExecutorTest, RunsTasksInOrderOnlyWhenTold) {
  ManualExecutor executor;
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) executor.Schedule([&, i] { order.push_back(i); });
  EXPECT_EQ(executor.pending(), 3u);
  EXPECT_TRUE(order.empty());
  EXPECT_TRUE(executor.RunOne());
  EXPECT_EQ(order, (std::vector<int>{0}));
  executor.RunAll();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
  EXPECT_FALSE(executor.RunOne());
}

TEST(ManualExecutorTest, WaitThatTimesOutAdvancesTheClock) {
  ManualClock clock;
  ManualExecutor executor(&clock);
  const std::unique_ptr<Signal> signal = executor.NewSignal();
  const absl::Duration before = clock.Monotonic();
  EXPECT_FALSE(signal->Wait(absl::Seconds(5)));
  EXPECT_EQ(clock.Monotonic() - before, absl::Seconds(5));
  executor.Schedule([&] { signal->Notify(); });
  EXPECT_TRUE(signal->Wait(absl::Seconds(5)));
  EXPECT_EQ(clock.Monotonic() - before, absl::Seconds(5));
}

}  // namespace
}  // namespace syncengine::testing
