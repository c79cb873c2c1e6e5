// Chance from a seed, and texts of words.
#ifndef SYNCENGINE_TESTS_DIFFSYNC_GENERATOR_H_
#define SYNCENGINE_TESTS_DIFFSYNC_GENERATOR_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace syncengine::diffsync_test {

// SplitMix64 (Steele, Lea, Flood 2014).
class Generator {
 public:
  explicit Generator(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  size_t Below(size_t bound) { return static_cast<size_t>(Next() % bound); }
  bool Percent(size_t chance) { return Below(100) < chance; }

 private:
  uint64_t state_;
};

inline std::string RandomWord(Generator& random) {
  static constexpr const char* kLetters[] = {"a", "e", "i", "n",  "o",    "r", "s", "t",
                                             "l", "d", "é", "漢", "🙂", "u", "m", "k"};
  std::string word;
  for (size_t left = 1 + random.Below(8); left > 0; --left) word += kLetters[random.Below(16)];
  return word;
}

// The nearest beginning of a code point at or before `at`.
inline size_t Boundary(const std::string& text, size_t at) {
  while (at < text.size() && at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

}  // namespace syncengine::diffsync_test

#endif  // SYNCENGINE_TESTS_DIFFSYNC_GENERATOR_H_
