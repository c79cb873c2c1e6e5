#include "src/merge/json_merge.h"

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/merge/hunk.h"
#include "src/merge/json_array.h"
#include "src/merge/json_list.h"
#include "src/merge/json_value.h"
#include "src/merge/sorted_list.h"

namespace syncengine::merge {
namespace {

using Kind = JsonValue::Kind;

// One member or keyed element that at least two versions have.
std::optional<JsonPiece> MergeEntry(const JsonEntry& base, const JsonEntry& ours,
                                    const JsonEntry& theirs) {
  const auto value = MergeValue(base.part(), ours.part(), theirs.part());
  if (!value) return std::nullopt;
  const JsonEntry& before = base ? base : ours;
  JsonPiece piece;
  piece.lead = Pick(before.lead(), ours.lead(), theirs.lead());
  piece.first = piece.lead == ours.lead() ? ours.first : theirs.first;
  piece.body = absl::StrCat(Pick(before.label(), ours.label(), theirs.label()), *value);
  piece.trail = Pick(before.trail(), ours.trail(), theirs.trail());
  return piece;
}

// What becomes of one name: kept, gone, or contested.
struct Fate {
  bool contested = false;
  std::optional<JsonPiece> piece;
};

Fate Decide(const JsonLists& lists, const std::string& name) {
  const JsonEntry base = lists.base.Find(name), ours = lists.ours.Find(name),
                  theirs = lists.theirs.Find(name);
  Fate fate;
  if (ours && theirs) {
    fate.piece = MergeEntry(base, ours, theirs);
    fate.contested = !fate.piece;
  } else if (const JsonEntry& only = ours ? ours : theirs; !base) {
    fate.piece = PieceOf(only);
  } else {
    fate.contested = !SameValue(base.part(), only.part());  // Deleted here, changed there.
  }
  if (fate.piece) fate.piece->name = name;
  return fate;
}

// True when the names that both lists have are in the same order in both.
bool SameOrder(const JsonList& a, const JsonList& b) {
  size_t next = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!b.Find(a.name(i))) continue;
    while (next < b.size() && !a.Find(b.name(next))) ++next;
    if (next == b.size() || a.name(i) != b.name(next)) return false;
    ++next;
  }
  return true;
}

// The pieces of `list` that live, in its order; false when one is contested.
bool AddPrimary(const JsonLists& lists, const JsonList& list, std::vector<JsonPiece>& pieces) {
  for (size_t i = 0; i < list.size(); ++i) {
    Fate fate = Decide(lists, list.name(i));
    if (fate.contested) return false;
    if (fate.piece) pieces.push_back(*std::move(fate.piece));
  }
  return true;
}

// What the secondary list adds, by the number of primary pieces that come before it there.
using Additions = std::vector<std::vector<JsonPiece>>;

bool CollectAdditions(const JsonLists& lists, const JsonList& list, const JsonList& primary,
                      const std::vector<JsonPiece>& pieces, Additions& additions) {
  absl::flat_hash_map<absl::string_view, size_t> places;
  for (size_t i = 0; i < pieces.size(); ++i) places.emplace(pieces[i].name, i + 1);
  size_t slot = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    if (const auto place = places.find(list.name(i)); place != places.end()) slot = place->second;
    if (primary.Find(list.name(i))) continue;
    Fate fate = Decide(lists, list.name(i));
    if (fate.contested) return false;
    if (fate.piece) additions[slot].push_back(*std::move(fate.piece));
  }
  return true;
}

// Each addition comes after the piece it follows in its own version, and after what the primary
// list put there unless names in order say otherwise.
std::vector<JsonPiece> Weave(std::vector<JsonPiece> pieces, Additions additions,
                             const JsonList& base) {
  std::vector<JsonPiece> woven;
  std::deque<JsonPiece> waiting;
  for (size_t slot = 0; slot <= pieces.size(); ++slot) {
    for (JsonPiece& piece : additions[slot]) waiting.push_back(std::move(piece));
    const bool last = slot == pieces.size();
    while (!waiting.empty() && (last || base.Find(pieces[slot].name) ||
                                OrderedBefore(waiting.front().name, pieces[slot].name))) {
      woven.push_back(std::move(waiting.front()));
      waiting.pop_front();
    }
    if (!last) woven.push_back(std::move(pieces[slot]));
  }
  return woven;
}

std::optional<std::string> MergeNamed(Kind kind, const JsonLists& lists) {
  const bool ours_first = !SameOrder(lists.base, lists.ours) || SameOrder(lists.base, lists.theirs);
  const JsonList& primary = ours_first ? lists.ours : lists.theirs;
  const JsonList& secondary = ours_first ? lists.theirs : lists.ours;
  std::vector<JsonPiece> pieces;
  if (!AddPrimary(lists, primary, pieces)) return std::nullopt;
  Additions additions(pieces.size() + 1);
  if (!CollectAdditions(lists, secondary, primary, pieces, additions)) return std::nullopt;
  return WriteContainer(kind, lists, Weave(std::move(pieces), std::move(additions), lists.base));
}

std::optional<std::string> MergeContainers(const JsonPart& base, const JsonPart& ours,
                                           const JsonPart& theirs) {
  const Kind kind = ours.value->kind;
  JsonLists lists{JsonList(base), JsonList(ours), JsonList(theirs)};
  if (NameEntries(lists, kind)) return MergeNamed(kind, lists);
  return MergeArray(lists);
}

bool IsString(const JsonPart& part) { return part && part.value->kind == Kind::kString; }

// The text outside the root value, and the merged root in it.
std::string Surround(const JsonPart& base, const JsonPart& ours, const JsonPart& theirs,
                     absl::string_view root) {
  const auto head = [](const JsonPart& part) {
    return part.text.substr(0, part.value->range.begin);
  };
  const auto tail = [](const JsonPart& part) { return part.text.substr(part.value->range.end); };
  // Two different ends: rather the one that ends the last line.
  const absl::string_view end = Pick(tail(base), tail(ours), tail(theirs));
  const bool unended = !absl::EndsWith(end, "\n") && tail(theirs) != tail(base);
  return absl::StrCat(Pick(head(base), head(ours), head(theirs)), root,
                      unended ? tail(theirs) : end);
}

}  // namespace

JsonPiece PieceOf(const JsonEntry& entry) {
  return {.lead = entry.lead(),
          .body = absl::StrCat(entry.label(), entry.part().bytes()),
          .trail = entry.trail(),
          .first = entry.first};
}

std::optional<std::string> MergeValue(const JsonPart& base, const JsonPart& ours,
                                      const JsonPart& theirs) {
  if (base && base.bytes() == ours.bytes()) return std::string(theirs.bytes());
  if (SameValue(ours, theirs) || (base && base.bytes() == theirs.bytes()))
    return std::string(ours.bytes());
  const bool fits = !base || base.value->kind == ours.value->kind;
  if (fits && ours.value->is_container() && ours.value->kind == theirs.value->kind)
    return MergeContainers(base, ours, theirs);
  if (base && SameValue(base, theirs)) return std::string(ours.bytes());
  if (base && SameValue(base, ours)) return std::string(theirs.bytes());
  if (IsString(base) && IsString(ours) && IsString(theirs))
    return CombineWords({base.bytes(), ours.bytes(), theirs.bytes()});
  return std::nullopt;
}

MergeResult MergeJson(const MergeInput& input, const MergeOptions& options) {
  const auto base = ParseJson(input.base), ours = ParseJson(input.ours),
             theirs = ParseJson(input.theirs);
  if (!base || !ours || !theirs) return Merge3(input, options);
  MergeOptions lines = options;
  lines.finest = Granularity::kLines;
  lines.on_conflict = OnConflict::kReport;
  lines.sorted_lists = false;  // A member twice is no list item twice.
  MergeResult by_lines = Merge3(input, lines);
  if (by_lines.clean() && ParseJson(by_lines.text)) return by_lines;
  const JsonPart parts[] = {{input.base, &*base}, {input.ours, &*ours}, {input.theirs, &*theirs}};
  if (const auto root = MergeValue(parts[0], parts[1], parts[2])) {
    MergeResult result{.verdict = Verdict::kClean,
                       .text = Surround(parts[0], parts[1], parts[2], *root)};
    if (ParseJson(result.text)) return result;
  }
  // Both sides added one member with different values, far apart: every line of both is there.
  const bool whole_json = by_lines.clean() && ParseJson(by_lines.text, Repeated::kAllowed);
  if (whole_json || by_lines.verdict == Verdict::kConflict) return by_lines;
  const Conflict whole{{0, input.base.size()}, {0, input.ours.size()}, {0, input.theirs.size()}, 0};
  return {.verdict = Verdict::kConflict, .conflicts = {whole}};
}

}  // namespace syncengine::merge
