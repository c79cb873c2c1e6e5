// Repeatable bytes for tests; never for keys that protect anything.
#ifndef SYNCENGINE_TESTING_SEEDED_ENTROPY_H_
#define SYNCENGINE_TESTING_SEEDED_ENTROPY_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "syncengine/ports/entropy.h"

namespace syncengine {

// The same seed gives the same bytes in the same order of calls: SplitMix64 (Steele, Lea and Flood,
// "Fast splittable pseudorandom number generators", 2014). Thread-safe.
class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(uint64_t seed) : state_(seed) {}

  void Fill(absl::Span<uint8_t> bytes) override {
    absl::MutexLock lock(&mutex_);
    uint64_t word = 0;
    for (size_t i = 0; i < bytes.size(); ++i) {
      if (i % 8 == 0) word = Next();
      bytes[i] = static_cast<uint8_t>(word >> (8 * (i % 8)));
    }
  }

 private:
  uint64_t Next() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  absl::Mutex mutex_;
  uint64_t state_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace syncengine

#endif  // SYNCENGINE_TESTING_SEEDED_ENTROPY_H_
