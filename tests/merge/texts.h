// Seeded texts and changes of them for the laws of diff and merge.
#ifndef SYNCENGINE_TESTS_MERGE_TEXTS_H_
#define SYNCENGINE_TESTS_MERGE_TEXTS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "syncengine/testing/sim_random.h"

namespace syncengine::merge_test {

using Generator = SimRandom;

// Pieces that make alignment hard: repeats, blanks, mixed line ends, scripts, an invalid byte.
inline const std::vector<std::string>& Pieces() {
  static const auto* const pieces =
      new std::vector<std::string>{"a", "b", "the", "tree", " ",  " ",    "\n",   "\n", "\r\n", "}",
                                   "{", ",", "é",   "漢",   "字", "🙂", "\xFF", "10", "\t"};
  return *pieces;
}

inline std::string RandomText(Generator& random, size_t pieces) {
  std::string text;
  for (size_t i = 0; i < pieces; ++i) text += Pieces()[random.Below(Pieces().size())];
  return text;
}

// `text` with a few cuts, insertions and copies at random code points.
inline std::string Change(Generator& random, const std::string& text, size_t changes) {
  std::string changed = text;
  const auto place = [&] {
    size_t at = random.Below(changed.size() + 1);
    while (at < changed.size() && (changed[at] & 0xC0) == 0x80) ++at;
    return at;
  };
  for (size_t i = 0; i < changes; ++i) {
    size_t from = place(), to = place();
    if (from > to) std::swap(from, to);
    if (to - from > 12) to = from;
    const std::string inserted = random.Below(3) > 0 ? RandomText(random, random.Below(4)) : "";
    changed.replace(from, to - from, inserted);
  }
  return changed;
}

}  // namespace syncengine::merge_test

#endif  // SYNCENGINE_TESTS_MERGE_TEXTS_H_
