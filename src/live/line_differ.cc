#include "syncengine/live/line_differ.h"

#include <algorithm>
#include <utility>

#include "syncengine/merge/diff.h"
#include "syncengine/merge/three_way.h"

namespace syncengine {

namespace {

size_t LineSize(absl::string_view text) {
  const size_t end = text.find('\n');
  return end == absl::string_view::npos ? text.size() : end + 1;
}

// Appends what replaces `before`, which ends up at `position`, by `after`: line by line when there
// are as many on both sides, so that changes of different lines stay different changes.
void AppendSplices(absl::string_view before, absl::string_view after, size_t position,
                   std::vector<LiveSplice>& splices) {
  const bool paired = std::count(before.begin(), before.end(), '\n') ==
                      std::count(after.begin(), after.end(), '\n');
  do {
    const size_t old_size = paired ? LineSize(before) : before.size();
    const size_t new_size = paired ? LineSize(after) : after.size();
    for (LiveSplice& splice : DifferByEnds(before.substr(0, old_size), after.substr(0, new_size))) {
      splice.position += position;
      splices.push_back(std::move(splice));
    }
    before.remove_prefix(old_size);
    after.remove_prefix(new_size);
    position += new_size;
  } while (!before.empty() || !after.empty());
}

}  // namespace

std::vector<LiveSplice> DifferByLines(absl::string_view before, absl::string_view after) {
  std::vector<LiveSplice> splices;
  // Characters of unrelated words would match here and there and tear both words apart.
  for (const Edit& edit : Diff(before, after, {.granularity = Granularity::kWords})) {
    AppendSplices(Slice(before, edit.before), Slice(after, edit.after), edit.after.begin, splices);
  }
  return splices;
}

std::optional<std::string> MergeByLines(absl::string_view base, absl::string_view ours,
                                        absl::string_view theirs) {
  MergeResult result = Merge3({.base = base, .ours = ours, .theirs = theirs});
  if (!result.clean()) return std::nullopt;
  return std::move(result.text);
}

}  // namespace syncengine
