// The words that both ends of a live document share: splices, how cursors move with them, and the
// comparison of two whole texts that an embedder hands in.
#ifndef SYNCENGINE_DIFFSYNC_LIVE_SPLICE_H_
#define SYNCENGINE_DIFFSYNC_LIVE_SPLICE_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace syncengine {

// At byte `position`, `deleted` bytes give way to `inserted`. In a list each splice finds the text
// as the ones before it left it. No splice cuts a code point.
struct LiveSplice {
  size_t position = 0;
  size_t deleted = 0;
  std::string inserted;

  friend bool operator==(const LiveSplice&, const LiveSplice&) = default;
};

// Where a cursor at byte `position` is once `splices` have been applied. A cursor inside deleted
// text goes to where the text was, and text inserted right at the cursor comes after it: so what a
// writer types next continues what the writer typed last.
size_t MapPosition(size_t position, absl::Span<const LiveSplice> splices);

// What turns `before` into `after`, as splices. It may be any list that does; the closer it is to
// what the writer did, the better edits of others merge with it (syncengine/live/line_differ.h
// compares lines first, then words and characters). What does not lead to `after` is replaced by
// one splice between the common ends.
using LiveDiffer =
    std::function<std::vector<LiveSplice>(absl::string_view before, absl::string_view after)>;

// A text with the changes of both sides, or nothing where they contradict each other.
using LiveMerger = std::function<std::optional<std::string>(
    absl::string_view base, absl::string_view ours, absl::string_view theirs)>;

// One splice between the common beginning and the common end of two valid UTF-8 texts.
std::vector<LiveSplice> DifferByEnds(absl::string_view before, absl::string_view after);

}  // namespace syncengine

#endif  // SYNCENGINE_DIFFSYNC_LIVE_SPLICE_H_
