// Three-way merge: one text out of two that grew from a common base.
//
// The texts are compared by lines first (diff.h). Where only one side changed lines, its change is
// taken; where both changed the same lines or neighbouring ones, the hunk is taken apart further:
//   - both sides say the same: once;
//   - one side's change contains the other's (both added a line, one of them two): the larger one;
//   - the changes are apart by words, or by characters inside a long line: both;
//   - both inserted items into one sorted list: in the list's order.
// What is left is a conflict, and a conflict is a value, never a guess: a merge that says clean
// must not lose a line, invent one, or bring a deleted one back. Bytes outside the changes stay as
// they are: byte order marks, mixed line ends, a missing line end at the end of the text.
//
// Laws, for every b, o, t: Merge3(b, o, o) = Merge3(b, b, o) = Merge3(b, o, b) = o, and swapping
// the sides gives the same verdict. Pure; Thread-safe. Cost: two diffs and work linear in the
// hunks.
#ifndef SYNCENGINE_MERGE_THREE_WAY_H_
#define SYNCENGINE_MERGE_THREE_WAY_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "syncengine/base/limits.h"
#include "syncengine/merge/diff.h"

namespace syncengine {

enum class Verdict {
  kClean,         // `text` is the merge.
  kConflict,      // `conflicts` says where the sides contradict each other.
  kNotMergeable,  // Not text, or too long; `reason` says which.
};

// The two versions and what they grew from. The views must outlive the call, not the result.
struct MergeInput {
  absl::string_view base;
  absl::string_view ours;
  absl::string_view theirs;
};

// A hunk that was not resolved: bytes of the three texts (whole lines, any of them may be empty),
// and the place in MergeResult::text where its resolution belongs.
struct Conflict {
  ByteRange base;
  ByteRange ours;
  ByteRange theirs;
  size_t at = 0;

  friend bool operator==(const Conflict&, const Conflict&) = default;
};

struct MergeResult {
  Verdict verdict = Verdict::kConflict;
  // The merged text; with conflicts, all that is clean, and nothing at each Conflict::at.
  std::string text;
  std::vector<Conflict> conflicts;
  std::string reason;

  bool clean() const { return verdict == Verdict::kClean; }
};

// What to do with a hunk that both sides changed differently.
enum class OnConflict {
  kReport,    // A Conflict.
  kUnion,     // The lines of both, ours first, lines that both have once. For lists and logs.
  kKeepBoth,  // All lines of ours, then all lines of theirs.
};

struct MergeOptions {
  OnConflict on_conflict = OnConflict::kReport;
  // The finest unit that is combined inside a hunk. kLines is what diff3 and git do.
  Granularity finest = Granularity::kCharacters;
  bool sorted_lists = true;  // Order insertions into a sorted list of lines.
  // Longer texts are not mergeable.
  size_t bytes_max = limits::kMergeBytesMax;
};

// Merges any text. A side that did not change the base gives the other side whatever the content
// is; otherwise a text with a zero byte, or longer than bytes_max, is kNotMergeable.
MergeResult Merge3(const MergeInput& input, const MergeOptions& options = {});

struct MarkerLabels {
  std::string ours = "ours";
  std::string base = "base";
  std::string theirs = "theirs";
  bool show_base = false;  // The diff3 style, with what was there before.
};

// `result.text` with git's conflict markers (<<<<<<<, =======, >>>>>>>) at its conflicts; `input`
// is what gave `result`. Without show_base, lines that both sides share at the ends of a conflict
// are moved out of it. Marker lines end as the lines around them do.
std::string MarkConflicts(const MergeInput& input, const MergeResult& result,
                          const MarkerLabels& labels = {});

}  // namespace syncengine

#endif  // SYNCENGINE_MERGE_THREE_WAY_H_
