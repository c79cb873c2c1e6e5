// The difference of two sequences of numbers: patience anchors, then Myers' linear-space search.
#ifndef SYNCENGINE_SRC_MERGE_SEQUENCE_DIFF_H_
#define SYNCENGINE_SRC_MERGE_SEQUENCE_DIFF_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace syncengine::merge {

// Elements [a_begin, a_end) are replaced by [b_begin, b_end).
struct IndexEdit {
  uint32_t a_begin = 0;
  uint32_t a_end = 0;
  uint32_t b_begin = 0;
  uint32_t b_end = 0;

  friend bool operator==(const IndexEdit&, const IndexEdit&) = default;
};

struct SequenceOptions {
  uint32_t distinct = 0;  // Every element is below it.
  int effort = 16;        // Search steps for each element.
  bool anchors = true;    // Start from elements that occur once on both sides.
};

// The edits in order, with at least one equal element between two of them.
std::vector<IndexEdit> DiffSequences(absl::Span<const uint32_t> a, absl::Span<const uint32_t> b,
                                     const SequenceOptions& options);

}  // namespace syncengine::merge

#endif  // SYNCENGINE_SRC_MERGE_SEQUENCE_DIFF_H_
