// The comparison that embedders use: lines, then words, then characters.
#ifndef SYNCENGINE_TESTS_DIFFSYNC_LINE_DIFFER_H_
#define SYNCENGINE_TESTS_DIFFSYNC_LINE_DIFFER_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "syncengine/diffsync/live_splice.h"
#include "syncengine/merge/diff.h"

namespace syncengine::diffsync_test {

inline std::vector<LiveSplice> DifferByLines(absl::string_view before, absl::string_view after) {
  std::vector<LiveSplice> splices;
  for (const Edit& edit : Diff(before, after)) {
    splices.push_back(
        {edit.after.begin, edit.before.size(), std::string(Slice(after, edit.after))});
  }
  return splices;
}

}  // namespace syncengine::diffsync_test

#endif  // SYNCENGINE_TESTS_DIFFSYNC_LINE_DIFFER_H_
