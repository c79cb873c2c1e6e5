// The promises of ports/clock.h as a test suite, for any implementation:
//
//   struct MyHarness { Clock& clock() { return my_clock; } MyClock my_clock; };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Mine, ClockConformance, MyHarness);
//
// inside namespace syncengine::testing. Starts threads.
#ifndef SYNCENGINE_TESTING_CLOCK_CONFORMANCE_H_
#define SYNCENGINE_TESTING_CLOCK_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "syncengine/ports/clock.h"

namespace syncengine::testing {

template <typename Harness>
class ClockConformance : public ::testing::Test {
 protected:
  Harness harness_;
};

TYPED_TEST_SUITE_P(ClockConformance);

TYPED_TEST_P(ClockConformance, MonotonicNeverGoesBackOnAnyThread) {
  Clock& clock = this->harness_.clock();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&clock] {
      absl::Duration last = clock.Monotonic();
      for (int j = 0; j < 1'000; ++j) {
        const absl::Duration now = clock.Monotonic();
        EXPECT_GE(now, last);
        last = now;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TYPED_TEST_P(ClockConformance, NowIsAFiniteTimeInOurDays) {
  const absl::Time now = this->harness_.clock().Now();
  EXPECT_GT(now, absl::FromUnixSeconds(1'700'000'000));
  EXPECT_LT(now, absl::FromUnixSeconds(10'000'000'000));
}

REGISTER_TYPED_TEST_SUITE_P(ClockConformance, MonotonicNeverGoesBackOnAnyThread,
                            NowIsAFiniteTimeInOurDays);

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTING_CLOCK_CONFORMANCE_H_
