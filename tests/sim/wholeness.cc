#include "tests/sim/wholeness.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace syncengine::sim {
namespace {

// What users write that is no text begins like this.
bool IsText(absl::string_view bytes) {
  return !absl::StartsWith(bytes, absl::string_view("\0", 1));
}

}  // namespace

void Wholeness::Add(absl::string_view bytes) {
  if (!IsText(bytes)) {
    contents_.emplace(bytes);
    return;
  }
  for (const absl::string_view line : absl::StrSplit(bytes, '\n')) lines_.emplace(line);
}

bool Wholeness::IsWhole(absl::string_view bytes) const {
  if (bytes.empty()) return true;
  if (!IsText(bytes)) return contents_.contains(bytes);
  const std::vector<absl::string_view> lines = absl::StrSplit(bytes, '\n');
  return std::all_of(lines.begin(), lines.end(),
                     [this](absl::string_view line) { return lines_.contains(line); });
}

}  // namespace syncengine::sim
