#include "src/merge/sorted_list.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/merge/tokens.h"

namespace syncengine::merge {
namespace {

// So many neighbours must be in order before order is believed to be the list's rule.
constexpr size_t kNeighboursMin = 3;
constexpr size_t kNeighboursMax = 4;  // On each side.

bool IsMarker(char c) {
  return !absl::ascii_isalnum(static_cast<unsigned char>(c)) && static_cast<signed char>(c) >= 0 &&
         c != '\n' && c != '\r';
}

// What an item begins with: "  * [" of "  * [Name](link)". Empty for what is no item.
absl::string_view MarkerOf(absl::string_view line) {
  const auto end = std::find_if_not(line.begin(), line.end(), IsMarker);
  const absl::string_view marker = line.substr(0, static_cast<size_t>(end - line.begin()));
  return marker.find_first_not_of(" \t") == absl::string_view::npos ? absl::string_view() : marker;
}

bool CaselessBefore(absl::string_view a, absl::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return static_cast<unsigned char>(absl::ascii_tolower(static_cast<unsigned char>(x))) <
           static_cast<unsigned char>(absl::ascii_tolower(static_cast<unsigned char>(y)));
  });
}

// What comes before the end of a link's text, a string or a table cell: "A" is before "A b", though
// "]" is behind " ".
absl::string_view TitleOf(absl::string_view item) {
  const absl::string_view marker = MarkerOf(item);
  const size_t end = item.find_first_of("]|\"\r\n", marker.size());
  return absl::StripTrailingAsciiWhitespace(item.substr(0, end));
}

bool InOrder(const std::vector<absl::string_view>& lines) {
  for (size_t i = 1; i < lines.size(); ++i) {
    if (!OrderedBefore(lines[i - 1], lines[i])) return false;
  }
  return true;
}

// Up to kNeighboursMax items that end at `at`, in the text's order.
std::vector<absl::string_view> ItemsBefore(absl::string_view text, size_t at,
                                           absl::string_view marker) {
  std::vector<absl::string_view> items;
  while (at > 0 && items.size() < kNeighboursMax) {
    const size_t end = text.rfind('\n', at - 1);
    const size_t previous = end == 0 || end == absl::string_view::npos ? absl::string_view::npos
                                                                       : text.rfind('\n', end - 1);
    const size_t begin = previous == absl::string_view::npos ? 0 : previous + 1;
    const absl::string_view line = text.substr(begin, at - begin);
    if (MarkerOf(line) != marker) break;
    items.push_back(line);
    at = begin;
  }
  std::reverse(items.begin(), items.end());
  return items;
}

std::vector<absl::string_view> ItemsAfter(absl::string_view text, absl::string_view marker) {
  std::vector<absl::string_view> items;
  while (!text.empty() && items.size() < kNeighboursMax) {
    const size_t size = UnitSize(text, Granularity::kLines);
    if (MarkerOf(text.substr(0, size)) != marker) break;
    items.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return items;
}

// The items of both sides in one order; empty when one of them is no item of this list.
std::vector<absl::string_view> JoinItems(const MergeInput& hunk, absl::string_view marker) {
  std::vector<absl::string_view> items = SplitLines(hunk.ours);
  const std::vector<absl::string_view> theirs = SplitLines(hunk.theirs);
  if (!InOrder(items) || !InOrder(theirs)) return {};
  items.insert(items.end(), theirs.begin(), theirs.end());
  const bool fits = std::all_of(items.begin(), items.end(), [&](absl::string_view item) {
    return MarkerOf(item) == marker && item.back() == '\n';
  });
  if (!fits) return {};
  std::sort(items.begin(), items.end(), OrderedBefore);
  items.erase(std::unique(items.begin(), items.end()), items.end());
  return items;
}

}  // namespace

bool OrderedBefore(absl::string_view a, absl::string_view b) {
  const absl::string_view title_a = TitleOf(a), title_b = TitleOf(b);
  if (CaselessBefore(title_a, title_b)) return true;
  return !CaselessBefore(title_b, title_a) && CaselessBefore(a, b);
}

std::optional<std::string> MergeSortedInsertions(const MergeInput& input, const Region& region) {
  const MergeInput hunk = SliceInput(input, region);
  if (!hunk.base.empty() || hunk.ours.empty() || hunk.theirs.empty()) return std::nullopt;
  const absl::string_view marker = MarkerOf(hunk.ours);
  if (marker.empty()) return std::nullopt;
  const std::vector<absl::string_view> items = JoinItems(hunk, marker);
  std::vector<absl::string_view> list = ItemsBefore(input.base, region.base.begin, marker);
  const std::vector<absl::string_view> after =
      ItemsAfter(input.base.substr(region.base.end), marker);
  if (items.empty() || list.size() + after.size() < kNeighboursMin) return std::nullopt;
  list.insert(list.end(), items.begin(), items.end());
  list.insert(list.end(), after.begin(), after.end());
  if (!InOrder(list)) return std::nullopt;
  return absl::StrJoin(items, "");
}

}  // namespace syncengine::merge
