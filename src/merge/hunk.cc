#include "src/merge/hunk.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/merge/sorted_list.h"
#include "src/merge/tokens.h"

namespace syncengine::merge {
namespace {

bool OnlyInserts(const std::vector<Edit>& edits) {
  return std::all_of(edits.begin(), edits.end(),
                     [](const Edit& edit) { return edit.before.empty(); });
}

std::set<absl::string_view> LinesOf(absl::string_view text) {
  std::set<absl::string_view> lines;
  for (const absl::string_view line : SplitLines(text)) lines.insert(line);
  return lines;
}

bool AnyIsNew(absl::string_view text, const std::set<absl::string_view>& known) {
  const auto lines = SplitLines(text);
  return std::any_of(lines.begin(), lines.end(),
                     [&](absl::string_view line) { return known.count(line) == 0; });
}

// True when both added lines and `larger` is `smaller` with more added, none of which the base had:
// then `larger` did all that `smaller` did, and what `smaller` deleted stays deleted. (A mere
// deletion against an edit is a contradiction.)
bool Contains(absl::string_view base, absl::string_view larger, absl::string_view smaller) {
  const auto edits = Diff(smaller, larger, {.granularity = Granularity::kLines});
  const std::set<absl::string_view> known = LinesOf(base);
  if (!OnlyInserts(edits) || !AnyIsNew(smaller, known)) return false;
  for (const Edit& edit : edits) {
    for (const absl::string_view line : SplitLines(Slice(larger, edit.after))) {
      if (known.count(line) > 0) return false;
    }
  }
  return true;
}

std::optional<std::string> TakeLarger(const MergeInput& hunk) {
  if (Contains(hunk.base, hunk.ours, hunk.theirs)) return std::string(hunk.ours);
  if (Contains(hunk.base, hunk.theirs, hunk.ours)) return std::string(hunk.theirs);
  return std::nullopt;
}

// Both sides' edits at a finer granularity, when no two of them touch unless they are the same.
std::optional<std::string> Combine(const MergeInput& hunk, Granularity granularity) {
  const DiffOptions options{.granularity = granularity};
  const auto regions =
      GroupEdits(Diff(hunk.base, hunk.ours, options), Diff(hunk.base, hunk.theirs, options));
  std::string text;
  size_t at = 0;
  for (const Region& region : regions) {
    const MergeInput part = SliceInput(hunk, region);
    if (region.contested() && part.ours != part.theirs) return std::nullopt;
    absl::StrAppend(&text, Slice(hunk.base, {at, region.base.begin}),
                    region.ours_changed ? part.ours : part.theirs);
    at = region.base.end;
  }
  absl::StrAppend(&text, hunk.base.substr(at));
  return text;
}

std::string EndedLine(absl::string_view text) {
  const bool ended = text.empty() || text.back() == '\n';
  return absl::StrCat(text, ended ? "" : "\n");
}

// Ours, then the lines of theirs that ours does not have.
std::string Union(const MergeInput& hunk) {
  std::string text(hunk.ours);
  for (const Edit& edit : Diff(hunk.ours, hunk.theirs, {.granularity = Granularity::kLines})) {
    if (edit.after.empty()) continue;
    text = absl::StrCat(EndedLine(text), Slice(hunk.theirs, edit.after));
  }
  return text;
}

std::optional<std::string> ApplyPolicy(const MergeInput& hunk, OnConflict on_conflict) {
  if (on_conflict == OnConflict::kUnion) return Union(hunk);
  if (on_conflict == OnConflict::kKeepBoth) return absl::StrCat(EndedLine(hunk.ours), hunk.theirs);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> ResolveHunk(const MergeInput& input, const Region& region,
                                       const MergeOptions& options) {
  const MergeInput hunk = SliceInput(input, region);
  if (hunk.ours == hunk.theirs) return std::string(hunk.ours);
  std::optional<std::string> text;
  if (options.finest != Granularity::kLines) {
    text = TakeLarger(hunk);
    if (!text) text = Combine(hunk, Granularity::kWords);
  }
  if (!text && options.finest == Granularity::kCharacters)
    text = Combine(hunk, Granularity::kCharacters);
  if (!text && options.sorted_lists) text = MergeSortedInsertions(input, region);
  if (!text) text = ApplyPolicy(hunk, options.on_conflict);
  return text;
}

}  // namespace syncengine::merge
