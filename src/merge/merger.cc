#include "syncengine/merge/merger.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "src/merge/json_merge.h"

namespace syncengine {

bool TextMerger::Accepts(absl::string_view, absl::string_view) const { return true; }

MergeResult TextMerger::Merge(const MergeInput& input, const MergeOptions& options) const {
  return Merge3(input, options);
}

bool JsonMerger::Accepts(absl::string_view name, absl::string_view content) const {
  for (const absl::string_view extension :
       {".json", ".jsonc", ".geojson", ".webmanifest", ".ipynb", ".har", ".topojson"}) {
    if (absl::EndsWithIgnoreCase(name, extension)) return true;
  }
  if (absl::StrContains(name, '.')) return false;
  const absl::string_view trimmed = absl::StripLeadingAsciiWhitespace(content.substr(0, 1024));
  return absl::StartsWith(trimmed, "{");
}

MergeResult JsonMerger::Merge(const MergeInput& input, const MergeOptions& options) const {
  return merge::MergeJson(input, options);
}

MergerRegistry::MergerRegistry() {
  Add(std::make_unique<TextMerger>());
  Add(std::make_unique<JsonMerger>());
}

void MergerRegistry::Add(std::unique_ptr<const Merger> merger) {
  mergers_.insert(mergers_.begin(), std::move(merger));
}

MergeResult MergerRegistry::Merge(absl::string_view name, const MergeInput& input,
                                  const MergeOptions& options) const {
  MergeResult result{.verdict = Verdict::kNotMergeable,
                     .reason = "merge: no merger is for this file; keep both versions"};
  const bool decided =
      input.ours == input.theirs || input.base == input.ours || input.base == input.theirs;
  if (decided) return Merge3(input, options);
  for (const auto& merger : mergers_) {
    if (!merger->Accepts(name, input.base)) continue;
    result = merger->Merge(input, options);
    if (result.verdict != Verdict::kNotMergeable) return result;
  }
  return result;
}

}  // namespace syncengine
