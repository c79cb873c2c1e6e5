#include "syncengine/merge/three_way.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "src/base/planted_bugs.h"
#include "src/merge/hunk.h"
#include "src/merge/regions.h"

namespace syncengine {
namespace {

using merge::Region;

MergeResult Clean(absl::string_view text) {
  return {.verdict = Verdict::kClean, .text = std::string(text)};
}

std::optional<MergeResult> MergeUnchanged(const MergeInput& input) {
  if (input.ours == input.theirs || input.base == input.theirs) return Clean(input.ours);
  if (input.base == input.ours) return Clean(input.theirs);
  return std::nullopt;
}

// Why the three texts cannot be merged; empty when they can.
std::string WhyNot(const MergeInput& input, size_t bytes_max) {
  for (const absl::string_view text : {input.base, input.ours, input.theirs}) {
    if (text.size() > bytes_max) {
      return absl::StrCat("merge: a text of ", text.size(), " bytes, at most ", bytes_max,
                          " are merged; keep both versions");
    }
    if (text.find('\0') != absl::string_view::npos)
      return "merge: a zero byte, text was expected; keep both versions";
  }
  return "";
}

MergeResult MergeLines(const MergeInput& input, const MergeOptions& options) {
  const DiffOptions lines{.granularity = Granularity::kLines};
  const auto regions =
      merge::GroupEdits(Diff(input.base, input.ours, lines), Diff(input.base, input.theirs, lines));
  MergeResult result;
  size_t at = 0;
  for (const Region& region : regions) {
    absl::StrAppend(&result.text, Slice(input.base, {at, region.base.begin}));
    at = region.base.end;
    if (!region.contested() || PlantedBug(Bug::kMergePrefersOurs)) {
      const MergeInput hunk = merge::SliceInput(input, region);
      absl::StrAppend(&result.text, region.ours_changed ? hunk.ours : hunk.theirs);
    } else if (auto text = merge::ResolveHunk(input, region, options)) {
      absl::StrAppend(&result.text, *text);
    } else {
      result.conflicts.push_back({region.base, region.ours, region.theirs, result.text.size()});
    }
  }
  absl::StrAppend(&result.text, input.base.substr(at));
  result.verdict = result.conflicts.empty() ? Verdict::kClean : Verdict::kConflict;
  return result;
}

}  // namespace

MergeResult Merge3(const MergeInput& input, const MergeOptions& options) {
  if (auto unchanged = MergeUnchanged(input)) return *std::move(unchanged);
  if (std::string reason = WhyNot(input, options.bytes_max); !reason.empty())
    return {.verdict = Verdict::kNotMergeable, .reason = std::move(reason)};
  return MergeLines(input, options);
}

}  // namespace syncengine
