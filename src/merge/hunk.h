// What can be done about a hunk of lines that both sides changed.
#ifndef SYNCENGINE_SRC_MERGE_HUNK_H_
#define SYNCENGINE_SRC_MERGE_HUNK_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "src/merge/regions.h"
#include "syncengine/merge/three_way.h"

namespace syncengine::merge {

// The text for the contested `region` of `input`, or nothing when only a person can tell. Symmetric
// in the two sides but for OnConflict.
std::optional<std::string> ResolveHunk(const MergeInput& input, const Region& region,
                                       const MergeOptions& options);

// Both sides' changes of a short text by words; nothing when two of them touch and differ.
std::optional<std::string> CombineWords(const MergeInput& input);

}  // namespace syncengine::merge

#endif  // SYNCENGINE_SRC_MERGE_HUNK_H_
