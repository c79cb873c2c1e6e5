// The chance of simulations.
#ifndef SYNCENGINE_TESTING_SIM_RANDOM_H_
#define SYNCENGINE_TESTING_SIM_RANDOM_H_

#include <cstdint>

namespace syncengine {

// Numbers from a seed, the same everywhere: SplitMix64 (Steele, Lea and Flood, 2014).
class SimRandom {
 public:
  explicit SimRandom(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // Below `bound`, which is at least 1.
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  // True in `parts` of a thousand cases.
  bool Chance(uint64_t parts) { return Next() % 1000 < parts; }

 private:
  uint64_t state_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_TESTING_SIM_RANDOM_H_
