// Texts as sequences of numbered units: lines, words or characters.
#ifndef SYNCENGINE_SRC_MERGE_TOKENS_H_
#define SYNCENGINE_SRC_MERGE_TOKENS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "syncengine/merge/diff.h"

namespace syncengine::merge {

// The length in bytes of the code point at the start of `text` (not empty); 1 for a byte that
// starts no valid UTF-8 sequence.
size_t CodePointSize(absl::string_view text);

// The length of the unit at the start of `text` (not empty). A line goes up to and with its "\n".
// A word is a run of letters and digits, with the points inside a number; a run of blanks, a line
// end and every other character are units too. Scripts written without spaces give one unit per
// character.
size_t UnitSize(absl::string_view text, Granularity granularity);

std::vector<absl::string_view> SplitLines(absl::string_view text);

// Unit i of a text is bytes [starts[i], starts[i + 1]) and has the number ids[i]; equal units of
// the two texts have equal numbers below `distinct`.
struct UnitList {
  std::vector<uint32_t> starts;
  std::vector<uint32_t> ids;

  ByteRange Bytes(size_t begin, size_t end) const { return {starts[begin], starts[end]}; }
};
struct UnitLists {
  UnitList before;
  UnitList after;
  uint32_t distinct = 0;
};

// Both texts must be below 2 GiB.
UnitLists SplitUnits(absl::string_view before, absl::string_view after, Granularity granularity);

}  // namespace syncengine::merge

#endif  // SYNCENGINE_SRC_MERGE_TOKENS_H_
