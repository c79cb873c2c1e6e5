// The promises of ports/notifier.h as a test suite, for any implementation:
//
//   struct MyHarness {                             // Made anew for each test.
//     Notifier& notifier() { return my_notifier; }
//     MyNotifier my_notifier;
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Mine, NotifierConformance, MyHarness);
//
// inside namespace syncengine::testing. Hints may be lost or late, so the suite publishes again
// until one arrives, for a generous time. Starts threads.
#ifndef SYNCENGINE_TESTING_NOTIFIER_CONFORMANCE_H_
#define SYNCENGINE_TESTING_NOTIFIER_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "syncengine/ports/notifier.h"

namespace syncengine::testing {

template <typename Harness>
class NotifierConformance : public ::testing::Test {
 protected:
  // Counts hints. Thread-safe.
  class Counter {
   public:
    void Add() {
      absl::MutexLock lock(&mutex_);
      ++count_;
    }
    int count() {
      absl::MutexLock lock(&mutex_);
      return count_;
    }
    bool AwaitMoreThan(int seen) {
      absl::MutexLock lock(&mutex_);
      const auto more = [this, seen] { return count_ > seen; };
      return mutex_.AwaitWithTimeout(absl::Condition(&more), absl::Milliseconds(50));
    }

   private:
    absl::Mutex mutex_;
    int count_ = 0;
  };

  static NamespaceId Namespace(uint8_t first) {
    NamespaceId id;
    id.mutable_data()[0] = first;
    return id;
  }

  // Publishes until `counter` has a new hint.
  bool Reaches(const NamespaceId& id, Counter& counter) {
    const int seen = counter.count();
    for (int i = 0; i < 200; ++i) {
      harness_.notifier().Publish(id);
      if (counter.AwaitMoreThan(seen)) return true;
    }
    return false;
  }

  Harness harness_;
};

TYPED_TEST_SUITE_P(NotifierConformance);

TYPED_TEST_P(NotifierConformance, PublishReachesEverySubscriber) {
  typename TestFixture::Counter one, two;
  const NamespaceId id = this->Namespace(1);
  const auto first = this->harness_.notifier().Subscribe(id, [&] { one.Add(); });
  const auto second = this->harness_.notifier().Subscribe(id, [&] { two.Add(); });
  EXPECT_TRUE(this->Reaches(id, one));
  EXPECT_TRUE(this->Reaches(id, two));
}

TYPED_TEST_P(NotifierConformance, OtherNamespacesAreNotWoken) {
  typename TestFixture::Counter own, other;
  const auto first = this->harness_.notifier().Subscribe(this->Namespace(1), [&] { own.Add(); });
  const auto second = this->harness_.notifier().Subscribe(this->Namespace(2), [&] { other.Add(); });
  EXPECT_TRUE(this->Reaches(this->Namespace(1), own));
  EXPECT_EQ(other.count(), 0);
}

TYPED_TEST_P(NotifierConformance, NothingComesAfterTheSubscriptionEnded) {
  typename TestFixture::Counter ended, alive;
  const NamespaceId id = this->Namespace(1);
  auto first = this->harness_.notifier().Subscribe(id, [&] { ended.Add(); });
  const auto second = this->harness_.notifier().Subscribe(id, [&] { alive.Add(); });
  EXPECT_TRUE(this->Reaches(id, ended));
  first.reset();
  const int count = ended.count();
  EXPECT_TRUE(this->Reaches(id, alive));
  EXPECT_TRUE(this->Reaches(id, alive));
  EXPECT_EQ(ended.count(), count);
}

TYPED_TEST_P(NotifierConformance, CallbackMayPublishAndSubscribe) {
  typename TestFixture::Counter outer, inner;
  Notifier& notifier = this->harness_.notifier();
  std::atomic<bool> once{false};
  absl::Mutex mutex;
  std::unique_ptr<Subscription> added;
  const auto second = notifier.Subscribe(this->Namespace(2), [&] { inner.Add(); });
  const auto first = notifier.Subscribe(this->Namespace(1), [&] {
    outer.Add();
    notifier.Publish(this->Namespace(2));
    if (once.exchange(true)) return;
    absl::MutexLock lock(&mutex);
    added = notifier.Subscribe(this->Namespace(3), [] {});
  });
  EXPECT_TRUE(this->Reaches(this->Namespace(1), outer));
  EXPECT_TRUE(inner.count() > 0 || this->Reaches(this->Namespace(1), inner));
  absl::MutexLock lock(&mutex);
  added.reset();
}

TYPED_TEST_P(NotifierConformance, EndingWaitsForARunningCallback) {
  const NamespaceId id = this->Namespace(1);
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> entered{false};
    std::atomic<bool> left{false};
    auto subscription = this->harness_.notifier().Subscribe(id, [&] {
      left = false;
      entered = true;
      for (int i = 0; i < 1'000; ++i) std::this_thread::yield();
      left = true;
    });
    std::thread publisher([&] {
      while (!entered) this->harness_.notifier().Publish(id);
    });
    while (!entered) std::this_thread::yield();
    subscription.reset();
    EXPECT_TRUE(left) << "the callback still runs after its subscription ended";
    publisher.join();
  }
}

REGISTER_TYPED_TEST_SUITE_P(NotifierConformance, PublishReachesEverySubscriber,
                            OtherNamespacesAreNotWoken, NothingComesAfterTheSubscriptionEnded,
                            CallbackMayPublishAndSubscribe, EndingWaitsForARunningCallback);

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTING_NOTIFIER_CONFORMANCE_H_
