// The comparison that embedders use: lines, then words, whose common ends
// stay.
#ifndef SYNCENGINE_TESTS_DIFFSYNC_LINE_DIFFER_H_
#define SYNCENGINE_TESTS_DIFFSYNC_LINE_DIFFER_H_

#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "syncengine/diffsync/live_splice.h"
#include "syncengine/merge/diff.h"

namespace syncengine::diffsync_test {

inline std::vector<LiveSplice> DifferByLines(absl::string_view before, absl::string_view after) {
  std::vector<LiveSplice> splices;
  for (const Edit& edit : Diff(before, after, {.granularity = Granularity::kWords})) {
    for (LiveSplice& splice : DifferByEnds(Slice(before, edit.before), Slice(after, edit.after))) {
      splice.position += edit.after.begin;
      splices.push_back(std::move(splice));
    }
  }
  return splices;
}

}  // namespace syncengine::diffsync_test

#endif  // SYNCENGINE_TESTS_DIFFSYNC_LINE_DIFFER_H_
