#include "syncengine/merge/diff.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "src/merge/sequence_diff.h"
#include "src/merge/tokens.h"

namespace syncengine {
namespace {

using merge::IndexEdit;
using merge::UnitLists;

constexpr size_t kComparedBytesMax = size_t{2} << 30;
// Characters that two long replaced passages have in common say nothing.
constexpr size_t kCharacterBytesMax = 2048;

// The two texts with what is being compared of them.
struct Pair {
  absl::string_view before;
  absl::string_view after;
};

size_t CommonPrefix(absl::string_view a, absl::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  return static_cast<size_t>(std::mismatch(a.begin(), a.begin() + size, b.begin()).first -
                             a.begin());
}

size_t CommonSuffix(absl::string_view a, absl::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  return static_cast<size_t>(std::mismatch(a.rbegin(), a.rbegin() + size, b.rbegin()).first -
                             a.rbegin());
}

// The part that differs, in whole lines: what surrounds it is equal on both sides.
Edit DifferingLines(const Pair& texts) {
  size_t prefix = CommonPrefix(texts.before, texts.after);
  if (prefix == texts.before.size() && prefix == texts.after.size()) return {};
  while (prefix > 0 && texts.before[prefix - 1] != '\n') --prefix;
  size_t suffix = CommonSuffix(texts.before.substr(prefix), texts.after.substr(prefix));
  const auto starts_line = [&](absl::string_view text) {
    return text.size() == suffix + prefix || text[text.size() - suffix - 1] == '\n';
  };
  while (suffix > 0 && !(starts_line(texts.before) && starts_line(texts.after))) --suffix;
  return {{prefix, texts.before.size() - suffix}, {prefix, texts.after.size() - suffix}};
}

// How many equal bytes lie between two neighbours.
size_t Gap(const Edit& first, const Edit& second) { return second.before.begin - first.before.end; }

size_t Weight(const Edit& edit) { return std::max(edit.before.size(), edit.after.size()); }

void Append(std::vector<Edit>& edits, const Edit& edit) {
  if (edit.before.empty() && edit.after.empty()) return;
  if (edits.empty() || Gap(edits.back(), edit) > 0) return edits.push_back(edit);
  edits.back().before.end = edit.before.end;
  edits.back().after.end = edit.after.end;
}

// The edits inside `edit` at one granularity.
std::vector<Edit> DiffUnits(const Pair& texts, const Edit& edit, Granularity granularity,
                            int effort) {
  const UnitLists lists = merge::SplitUnits(Slice(texts.before, edit.before),
                                            Slice(texts.after, edit.after), granularity);
  const auto found = merge::DiffSequences(lists.before.ids, lists.after.ids,
                                          {.distinct = lists.distinct,
                                           .effort = effort,
                                           .anchors = granularity != Granularity::kCharacters});
  std::vector<Edit> edits;
  for (const IndexEdit& index : found) {
    const ByteRange a = lists.before.Bytes(index.a_begin, index.a_end);
    const ByteRange b = lists.after.Bytes(index.b_begin, index.b_end);
    edits.push_back({{edit.before.begin + a.begin, edit.before.begin + a.end},
                     {edit.after.begin + b.begin, edit.after.begin + b.end}});
  }
  return edits;
}

size_t LineSize(absl::string_view text, size_t at) {
  return merge::UnitSize(text.substr(at), Granularity::kLines);
}

// A run of inserted or deleted lines may lie in several places ("}" before or after); the last one
// is taken always, so that two diffs against one base agree where they say the same.
void SlideDown(absl::string_view text, ByteRange& moving, ByteRange& empty, size_t limit) {
  while (moving.end < limit) {
    const size_t size = LineSize(text, moving.begin);
    if (text.substr(moving.begin, size) != text.substr(moving.end, LineSize(text, moving.end)))
      return;
    moving = {moving.begin + size, moving.end + size};
    empty = {empty.begin + size, empty.end + size};
  }
}

std::vector<Edit> SlideLines(const Pair& texts, std::vector<Edit> edits) {
  std::vector<Edit> slid;
  for (size_t i = edits.size(); i-- > 0;) {
    Edit edit = edits[i];
    const bool last = slid.empty();
    const size_t limit_before = last ? texts.before.size() : slid.back().before.begin;
    const size_t limit_after = last ? texts.after.size() : slid.back().after.begin;
    if (edit.before.empty()) SlideDown(texts.after, edit.after, edit.before, limit_after);
    if (edit.after.empty()) SlideDown(texts.before, edit.before, edit.after, limit_before);
    slid.push_back(edit);
  }
  std::reverse(slid.begin(), slid.end());
  std::vector<Edit> joined;
  for (const Edit& edit : slid) Append(joined, edit);
  return joined;
}

// Equal bytes between two edits that are fewer than what each of the two replaces, and no word,
// are a coincidence ("a (b)" against "c (d)").
bool IsCoincidence(absl::string_view equal, const Edit& first, const Edit& second) {
  if (equal.size() > Weight(first) || equal.size() > Weight(second)) return false;
  return std::none_of(equal.begin(), equal.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || static_cast<signed char>(c) < 0;
  });
}

std::vector<Edit> JoinCoincidences(const Pair& texts, const std::vector<Edit>& edits) {
  std::vector<Edit> joined;
  for (const Edit& edit : edits) {
    if (!joined.empty() && Gap(joined.back(), edit) > 0) {
      const absl::string_view equal =
          Slice(texts.before, {joined.back().before.end, edit.before.begin});
      if (IsCoincidence(equal, joined.back(), edit)) {
        joined.back().before.end = edit.before.end;
        joined.back().after.end = edit.after.end;
        continue;
      }
    }
    Append(joined, edit);
  }
  return joined;
}

bool IsReplacement(const Edit& edit) { return !edit.before.empty() && !edit.after.empty(); }

// Compares inside each replacement with a finer granularity.
std::vector<Edit> Refine(const Pair& texts, const std::vector<Edit>& edits, Granularity granularity,
                         int effort) {
  std::vector<Edit> refined;
  for (const Edit& edit : edits) {
    const bool too_long = granularity == Granularity::kCharacters &&
                          edit.before.size() + edit.after.size() > kCharacterBytesMax;
    if (!IsReplacement(edit) || too_long) {
      Append(refined, edit);
      continue;
    }
    for (const Edit& part : DiffUnits(texts, edit, granularity, effort)) Append(refined, part);
  }
  return JoinCoincidences(texts, refined);
}

// The one edit between the common ends, for texts too long to be numbered.
std::vector<Edit> DiffEnds(const Pair& texts) {
  std::vector<Edit> edits;
  Append(edits, DifferingLines(texts));
  return edits;
}

absl::Status CheckEdit(const Edit& edit, absl::string_view before, absl::string_view after,
                       size_t at) {
  if (edit.before.begin >= at && edit.before.begin <= edit.before.end &&
      edit.before.end <= before.size() && edit.after.begin <= edit.after.end &&
      edit.after.end <= after.size()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "edits: the one at byte ", edit.before.begin,
      " overlaps its predecessor or leaves a text; pass the edits of these two texts"));
}

}  // namespace

std::vector<Edit> Diff(absl::string_view before, absl::string_view after,
                       const DiffOptions& options) {
  const Pair texts{before, after};
  const Edit differing = DifferingLines(texts);
  if (differing.before.empty() && differing.after.empty()) return {};
  if (std::max(before.size(), after.size()) >= kComparedBytesMax) return DiffEnds(texts);
  const int effort = std::max(options.effort, 1);
  std::vector<Edit> edits =
      SlideLines(texts, DiffUnits(texts, differing, Granularity::kLines, effort));
  if (options.granularity == Granularity::kLines) return edits;
  edits = Refine(texts, edits, Granularity::kWords, effort);
  if (options.granularity == Granularity::kWords) return edits;
  return Refine(texts, edits, Granularity::kCharacters, effort);
}

absl::StatusOr<std::string> ApplyEdits(absl::string_view before, absl::string_view after,
                                       absl::Span<const Edit> edits) {
  std::string result;
  size_t at = 0;
  for (const Edit& edit : edits) {
    if (absl::Status checked = CheckEdit(edit, before, after, at); !checked.ok()) return checked;
    absl::StrAppend(&result, Slice(before, {at, edit.before.begin}), Slice(after, edit.after));
    at = edit.before.end;
  }
  absl::StrAppend(&result, before.substr(at));
  return result;
}

}  // namespace syncengine
