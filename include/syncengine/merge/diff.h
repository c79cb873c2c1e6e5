// Diff: what turns one text into another, as a list of replaced ranges.
//
// Texts are byte strings, UTF-8 as a rule; an edit never cuts a code point (a byte that belongs to
// no valid code point counts as one of its own). Whole lines are compared first, anchored on lines
// that occur once on both sides (Bram Cohen's patience diff); between the anchors runs Myers'
// O(ND) search in linear space (Algorithmica 1, 1986); inside a replaced run of lines words are
// compared in the same way, and inside replaced words characters.
//
// Cost: work is bounded by operations, not by time, and the bound is linear in the size of the
// texts: two texts that have nothing in common cost a constant factor of reading them, and what
// the bound leaves open is reported as one larger replacement. Memory is linear in the number of
// lines, and of words inside one replaced run. The result depends on the two texts and the options
// only.
#ifndef SYNCENGINE_MERGE_DIFF_H_
#define SYNCENGINE_MERGE_DIFF_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace syncengine {

// Bytes [begin, end) of a text.
struct ByteRange {
  size_t begin = 0;
  size_t end = 0;

  size_t size() const { return end - begin; }
  bool empty() const { return begin == end; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// The bytes of `range`, which must lie within `text`.
inline absl::string_view Slice(absl::string_view text, const ByteRange& range) {
  return text.substr(range.begin, range.size());
}

// Bytes `before` of the old text are replaced by bytes `after` of the new one. One of the two may
// be empty (an insertion or a deletion), never both.
struct Edit {
  ByteRange before;
  ByteRange after;

  friend bool operator==(const Edit&, const Edit&) = default;
};

// The smallest unit an edit may cover.
enum class Granularity { kLines, kWords, kCharacters };

struct DiffOptions {
  Granularity granularity = Granularity::kCharacters;
  // Steps of the search allowed for each compared unit (line, word, character); more steps find
  // shorter edits in texts that differ much. At least 1.
  int effort = 16;
};

// The edits from `before` to `after`, in order, with at least one equal byte between two of them.
// Texts above 2 GiB are compared at their ends only: all between the common ends is one edit.
std::vector<Edit> Diff(absl::string_view before, absl::string_view after,
                       const DiffOptions& options = {});

// `before` with `edits` from Diff(before, after) applied; kInvalidArgument unless the edits are in
// order and inside both texts.
absl::StatusOr<std::string> ApplyEdits(absl::string_view before, absl::string_view after,
                                       absl::Span<const Edit> edits);

}  // namespace syncengine

#endif  // SYNCENGINE_MERGE_DIFF_H_
