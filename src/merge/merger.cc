#include "syncengine/merge/merger.h"

#include <utility>


namespace syncengine {

bool TextMerger::Accepts(absl::string_view, absl::string_view) const { return true; }

MergeResult TextMerger::Merge(const MergeInput& input, const MergeOptions& options) const {
  return Merge3(input, options);
}

MergerRegistry::MergerRegistry() {
  Add(std::make_unique<TextMerger>());
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
