// Where two diffs against one base meet.
#ifndef SYNCENGINE_SRC_MERGE_REGIONS_H_
#define SYNCENGINE_SRC_MERGE_REGIONS_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "syncengine/merge/diff.h"
#include "syncengine/merge/three_way.h"

namespace syncengine::merge {

// A stretch of the base that was changed, with what the two sides have in its place. Edits that
// touch each other are in one region: nothing says what goes first.
struct Region {
  ByteRange base;
  ByteRange ours;
  ByteRange theirs;
  bool ours_changed = false;
  bool theirs_changed = false;

  bool contested() const { return ours_changed && theirs_changed; }
};

// The regions of the two diffs in order; all bytes between them are equal on the three sides.
std::vector<Region> GroupEdits(absl::Span<const Edit> ours, absl::Span<const Edit> theirs);

inline MergeInput SliceInput(const MergeInput& input, const Region& region) {
  return {Slice(input.base, region.base), Slice(input.ours, region.ours),
          Slice(input.theirs, region.theirs)};
}

}  // namespace syncengine::merge

#endif  // SYNCENGINE_SRC_MERGE_REGIONS_H_
