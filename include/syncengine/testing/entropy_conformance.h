// The promises of ports/entropy.h that a test can see, for any implementation:
//
//   struct MyHarness { Entropy& entropy() { return my_entropy; } MyEntropy my_entropy; };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Mine, EntropyConformance, MyHarness);
//
// inside namespace syncengine::testing. It cannot tell strong bytes from weak ones. Starts threads.
#ifndef SYNCENGINE_TESTING_ENTROPY_CONFORMANCE_H_
#define SYNCENGINE_TESTING_ENTROPY_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "syncengine/base/ids.h"
#include "syncengine/ports/entropy.h"

namespace syncengine::testing {

template <typename Harness>
class EntropyConformance : public ::testing::Test {
 protected:
  Harness harness_;
};

TYPED_TEST_SUITE_P(EntropyConformance);

TYPED_TEST_P(EntropyConformance, FillWritesExactlyItsSpan) {
  for (const size_t size : {0, 1, 7, 8, 9, 255, 256, 257, 5'000}) {
    std::vector<uint8_t> bytes(size + 2, 0xa5);
    this->harness_.entropy().Fill(absl::MakeSpan(bytes).subspan(1, size));
    EXPECT_EQ(bytes.front(), 0xa5) << size;
    EXPECT_EQ(bytes.back(), 0xa5) << size;
  }
}

TYPED_TEST_P(EntropyConformance, EveryByteTakesManyValues) {
  // 4096 draws of one byte miss a given value with probability e^-16.
  constexpr size_t kWidth = 9;
  std::array<std::set<uint8_t>, kWidth> seen;
  for (int i = 0; i < 4'096; ++i) {
    std::array<uint8_t, kWidth> bytes{};
    this->harness_.entropy().Fill(absl::MakeSpan(bytes));
    for (size_t j = 0; j < kWidth; ++j) seen[j].insert(bytes[j]);
  }
  for (const auto& values : seen) EXPECT_GT(values.size(), 250u);
}

TYPED_TEST_P(EntropyConformance, IdsAreDistinctAcrossThreads) {
  absl::Mutex mutex;
  std::set<SegmentId> ids;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 500; ++j) {
        const auto id = this->harness_.entropy().template NewId<SegmentId>();
        absl::MutexLock lock(&mutex);
        EXPECT_TRUE(ids.insert(id).second);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

REGISTER_TYPED_TEST_SUITE_P(EntropyConformance, FillWritesExactlyItsSpan, EveryByteTakesManyValues,
                            IdsAreDistinctAcrossThreads);

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTING_ENTROPY_CONFORMANCE_H_
