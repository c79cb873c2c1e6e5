// The laws of diff and of the three-way merges of text and JSON (merge/three_way.h).
#include <string>

#include "src/merge/json_value.h"
#include "syncengine/merge/diff.h"
#include "syncengine/merge/merger.h"
#include "syncengine/merge/three_way.h"
#include "tests/fuzz/fuzz.h"

namespace syncengine::fuzz {
namespace {

void CheckDiff(absl::string_view before, absl::string_view after, Granularity granularity) {
  const std::vector<Edit> edits = Diff(before, after, {.granularity = granularity});
  const auto applied = ApplyEdits(before, after, edits);
  Require(applied.ok() && *applied == after, "applying the diff gives the target");
  Require(edits.empty() == (before == after), "equal texts differ nowhere");
  for (size_t i = 0; i < edits.size(); ++i) {
    Require(!edits[i].before.empty() || !edits[i].after.empty(), "an edit changes something");
    if (i == 0) continue;
    Require(edits[i - 1].before.end < edits[i].before.begin, "equal bytes lie between edits");
  }
}

void CheckRanges(const MergeInput& input, const MergeResult& result) {
  Require(result.clean() == (result.verdict == Verdict::kClean), "clean is clean");
  if (result.verdict != Verdict::kConflict) return;
  Require(!result.conflicts.empty(), "a conflict is somewhere");
  size_t at = 0;
  for (const Conflict& conflict : result.conflicts) {
    Require(conflict.at >= at && conflict.at <= result.text.size(), "conflicts are in order");
    Require(conflict.base.end <= input.base.size() && conflict.ours.end <= input.ours.size() &&
                conflict.theirs.end <= input.theirs.size(),
            "conflicts lie in their texts");
    at = conflict.at;
  }
  MarkConflicts(input, result, {.show_base = true});
  MarkConflicts(input, result);
}

template <typename Merge>
void CheckMerge(const MergeInput& input, Merge merge) {
  const auto [base, ours, theirs] = input;
  const auto is = [](const MergeResult& result, absl::string_view text) {
    return result.clean() && result.text == text;
  };
  Require(is(merge({base, ours, ours}), ours), "both sides alike are taken");
  Require(is(merge({base, base, ours}), ours), "the side that changed is taken");
  Require(is(merge({base, ours, base}), ours), "the side that changed is taken, from the left");
  const MergeResult result = merge(input);
  CheckRanges(input, result);
  const MergeResult swapped = merge({base, theirs, ours});
  Require(result.verdict == swapped.verdict, "swapped sides have the same verdict");
}

bool IsJson(absl::string_view text) { return merge::ParseJson(text).has_value(); }

void CheckJson(const MergeInput& input, const MergeOptions& options) {
  const MergeResult result = JsonMerger().Merge(input, options);
  if (!result.clean() || !IsJson(input.base) || !IsJson(input.ours) || !IsJson(input.theirs)) {
    return;
  }
  Require(IsJson(result.text), "JSON merges to JSON");
}

}  // namespace
}  // namespace syncengine::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace syncengine;
  fuzz::Input input(data, size);
  const size_t mode = input.Below(3);
  const auto granularity = static_cast<Granularity>(input.Below(3));
  MergeOptions options;
  options.on_conflict = static_cast<OnConflict>(input.Below(3));
  options.finest = granularity;
  options.sorted_lists = input.Below(2) == 0;
  const absl::string_view base = input.Piece();
  const absl::string_view ours = input.Piece();
  const MergeInput texts = {base, ours, input.Rest()};
  if (mode == 0) fuzz::CheckDiff(base, ours, granularity);
  if (mode == 1) {
    fuzz::CheckMerge(texts, [&](const MergeInput& one) { return Merge3(one, options); });
  }
  if (mode == 2) {
    options.on_conflict = OnConflict::kReport;
    const JsonMerger merger;
    fuzz::CheckMerge(texts, [&](const MergeInput& one) { return merger.Merge(one, options); });
    fuzz::CheckJson(texts, options);
  }
  return 0;
}
