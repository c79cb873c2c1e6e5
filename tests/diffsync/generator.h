// Chance from a seed, and texts of words.
#ifndef SYNCENGINE_TESTS_DIFFSYNC_GENERATOR_H_
#define SYNCENGINE_TESTS_DIFFSYNC_GENERATOR_H_

#include <cstddef>
#include <string>

#include "syncengine/testing/sim_random.h"

namespace syncengine::diffsync_test {

class Generator : public SimRandom {
 public:
  using SimRandom::SimRandom;
  bool Percent(size_t chance) { return Below(100) < chance; }
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
