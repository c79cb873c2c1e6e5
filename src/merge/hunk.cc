#include "src/merge/hunk.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
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

bool HasDigit(absl::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}

// One side replaced some characters, the other only put something before or behind them: its
// place relative to the replacement is known.
std::optional<std::string> JoinAtEdge(const MergeInput& part) {
  if (part.base.empty()) return std::nullopt;
  const absl::string_view sides[] = {part.ours, part.theirs};
  for (const int inserting : {0, 1}) {
    const absl::string_view inserted = sides[inserting], replaced = sides[1 - inserting];
    const bool behind = absl::StartsWith(inserted, part.base);
    const bool before = absl::EndsWith(inserted, part.base);
    if (behind == before || replaced.empty()) continue;
    return behind ? absl::StrCat(replaced, inserted.substr(part.base.size()))
                  : absl::StrCat(inserted.substr(0, inserted.size() - part.base.size()), replaced);
  }
  return std::nullopt;
}

std::optional<std::string> Combine(const MergeInput& hunk, Granularity granularity,
                                   Granularity finest);

// What both sides did to the same words or characters.
std::optional<std::string> CombineContested(const MergeInput& part, Granularity granularity,
                                            Granularity finest) {
  if (part.ours == part.theirs) return std::string(part.ours);
  // Half a number from either side would be a third number.
  const bool number = HasDigit(part.base) || HasDigit(part.ours) || HasDigit(part.theirs);
  if (finest != Granularity::kCharacters || number) return std::nullopt;
  if (granularity == Granularity::kCharacters) return JoinAtEdge(part);
  return Combine(part, Granularity::kCharacters, finest);
}

// Both sides' edits at a finer granularity, when no two of them touch unless they are the same.
std::optional<std::string> Combine(const MergeInput& hunk, Granularity granularity,
                                   Granularity finest) {
  const DiffOptions options{.granularity = granularity};
  const auto regions =
      GroupEdits(Diff(hunk.base, hunk.ours, options), Diff(hunk.base, hunk.theirs, options));
  std::string text;
  size_t at = 0;
  for (const Region& region : regions) {
    const MergeInput part = SliceInput(hunk, region);
    absl::StrAppend(&text, Slice(hunk.base, {at, region.base.begin}));
    at = region.base.end;
    if (region.contested()) {
      const auto combined = CombineContested(part, granularity, finest);
      if (!combined) return std::nullopt;
      absl::StrAppend(&text, *combined);
    } else {
      absl::StrAppend(&text, region.ours_changed ? part.ours : part.theirs);
    }
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

std::optional<std::string> CombineWords(const MergeInput& input) {
  return Combine(input, Granularity::kWords, Granularity::kWords);
}

std::optional<std::string> ResolveHunk(const MergeInput& input, const Region& region,
                                       const MergeOptions& options) {
  const MergeInput hunk = SliceInput(input, region);
  if (hunk.ours == hunk.theirs) return std::string(hunk.ours);
  std::optional<std::string> text;
  if (options.finest != Granularity::kLines) {
    text = TakeLarger(hunk);
    if (!text) text = Combine(hunk, Granularity::kWords, options.finest);
  }
  if (!text && options.sorted_lists) text = MergeSortedInsertions(input, region);
  if (!text) text = ApplyPolicy(hunk, options.on_conflict);
  return text;
}

}  // namespace syncengine::merge
