// Two insertions at one place of a sorted list of lines ("* [A](...)", "| B | ...").
#ifndef SYNCENGINE_SRC_MERGE_SORTED_LIST_H_
#define SYNCENGINE_SRC_MERGE_SORTED_LIST_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "src/merge/regions.h"
#include "syncengine/merge/three_way.h"

namespace syncengine::merge {

// The order lists are believed to have: by bytes, ASCII letters of either case alike.
bool OrderedBefore(absl::string_view a, absl::string_view b);

// The lines that both sides inserted, in the order of the list around them; nothing unless the
// region is an insertion on both sides, the lines around and all inserted ones are items of one
// list (they share its marker), the list is in order there, and no two items compare equal.
std::optional<std::string> MergeSortedInsertions(const MergeInput& input, const Region& region);

}  // namespace syncengine::merge

#endif  // SYNCENGINE_SRC_MERGE_SORTED_LIST_H_
