// How whole texts are compared and merged for live documents: lines first, then words.
#ifndef SYNCENGINE_LIVE_LINE_DIFFER_H_
#define SYNCENGINE_LIVE_LINE_DIFFER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "syncengine/diffsync/live_splice.h"

namespace syncengine {

// A LiveDiffer: whole lines are compared first, anchored on those that occur once (merge/diff.h),
// then words inside replaced lines; of a replaced word the common beginning and end stay. Cost is
// linear in the texts.
std::vector<LiveSplice> DifferByLines(absl::string_view before, absl::string_view after);

// A LiveMerger: the three-way merge of merge/three_way.h, by lines, then words, then characters.
std::optional<std::string> MergeByLines(absl::string_view base, absl::string_view ours,
                                        absl::string_view theirs);

}  // namespace syncengine

#endif  // SYNCENGINE_LIVE_LINE_DIFFER_H_
