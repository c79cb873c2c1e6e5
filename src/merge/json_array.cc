#include "src/merge/json_array.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "src/merge/regions.h"
#include "src/merge/sequence_diff.h"
#include "src/merge/sorted_list.h"

namespace syncengine::merge {
namespace {

// Values made to collide are compared this often, then taken for different.
constexpr size_t kCollisionsMax = 16;

// Numbers values so that the same value has the same number.
class ValueNumbers {
 public:
  std::vector<uint32_t> Number(const JsonList& list) {
    std::vector<uint32_t> ids;
    for (size_t i = 0; i < list.size(); ++i) ids.push_back(IdOf(list.at(i).part()));
    return ids;
  }
  uint32_t distinct() const { return next_; }

 private:
  uint32_t IdOf(const JsonPart& part) {
    auto& known = by_hash_[part.value->hash];
    for (const auto& [other, id] : known) {
      if (SameValue(other, part)) return id;
    }
    if (known.size() < kCollisionsMax) known.push_back({part, next_});
    return next_++;
  }

  absl::flat_hash_map<uint64_t, std::vector<std::pair<JsonPart, uint32_t>>> by_hash_;
  uint32_t next_ = 0;
};

// Edits whose ranges count elements.
std::vector<Edit> DiffElements(const std::vector<uint32_t>& base, const std::vector<uint32_t>& side,
                               uint32_t distinct) {
  std::vector<Edit> edits;
  for (const IndexEdit& edit : DiffSequences(base, side, {.distinct = distinct}))
    edits.push_back({{edit.a_begin, edit.a_end}, {edit.b_begin, edit.b_end}});
  return edits;
}

bool IsSetOfStrings(const JsonList& list) {
  absl::flat_hash_set<absl::string_view> seen;
  for (size_t i = 0; i < list.size(); ++i) {
    const JsonPart part = list.at(i).part();
    if (part.value->kind != JsonValue::Kind::kString || !seen.insert(part.bytes()).second)
      return false;
  }
  return true;
}

class ArrayMerge {
 public:
  explicit ArrayMerge(const JsonLists& lists)
      : lists_(lists),
        base_(numbers_.Number(lists.base)),
        ours_(numbers_.Number(lists.ours)),
        theirs_(numbers_.Number(lists.theirs)) {}

  std::optional<std::string> Run() {
    const auto regions = GroupEdits(DiffElements(base_, ours_, numbers_.distinct()),
                                    DiffElements(base_, theirs_, numbers_.distinct()));
    size_t at = 0, ours_at = 0, theirs_at = 0;
    for (const Region& region : regions) {
      Keep(at, ours_at, theirs_at, region.base.begin - at);
      if (!Change(region)) return std::nullopt;
      at = region.base.end;
      ours_at = region.ours.end;
      theirs_at = region.theirs.end;
    }
    Keep(at, ours_at, theirs_at, lists_.base.size() - at);
    return WriteContainer(JsonValue::Kind::kArray, lists_, pieces_);
  }

 private:
  // Elements that are the same value on all sides: the layout may differ.
  void Keep(size_t base, size_t ours, size_t theirs, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const JsonEntry& before = lists_.base.at(base + i);
      const JsonEntry& our = lists_.ours.at(ours + i);
      const JsonEntry& their = lists_.theirs.at(theirs + i);
      JsonPiece piece = PieceOf(our);
      piece.body =
          std::string(Pick(before.part().bytes(), our.part().bytes(), their.part().bytes()));
      if (our.first == before.first && before.first == their.first)
        piece.lead = Pick(before.lead(), our.lead(), their.lead());
      pieces_.push_back(std::move(piece));
    }
  }

  void Take(const JsonList& list, const ByteRange& elements) {
    for (size_t i = elements.begin; i < elements.end; ++i) pieces_.push_back(PieceOf(list.at(i)));
  }

  bool Change(const Region& region) {
    if (!region.contested()) {
      region.ours_changed ? Take(lists_.ours, region.ours) : Take(lists_.theirs, region.theirs);
      return true;
    }
    if (std::equal(ours_.begin() + region.ours.begin, ours_.begin() + region.ours.end,
                   theirs_.begin() + region.theirs.begin, theirs_.begin() + region.theirs.end)) {
      Take(lists_.ours, region.ours);
      return true;
    }
    return MergeOne(region) || MergeInsertions(region);
  }

  // One element that both sides changed in place.
  bool MergeOne(const Region& region) {
    if (region.base.size() != 1 || region.ours.size() != 1 || region.theirs.size() != 1)
      return false;
    const JsonEntry& our = lists_.ours.at(region.ours.begin);
    const JsonPart base = lists_.base.at(region.base.begin).part();
    if (!base.value->is_container()) return false;
    const auto value = MergeValue(base, our.part(), lists_.theirs.at(region.theirs.begin).part());
    if (!value) return false;
    pieces_.push_back(PieceOf(our));
    pieces_.back().body = *value;
    return true;
  }

  // In a set the order of two insertions does not matter; it is the text's if the text has one.
  bool MergeInsertions(const Region& region) {
    const bool sets = region.base.empty() && IsSetOfStrings(lists_.base) &&
                      IsSetOfStrings(lists_.ours) && IsSetOfStrings(lists_.theirs);
    if (!sets) return false;
    const size_t first = pieces_.size();
    Take(lists_.ours, region.ours);
    const size_t middle = pieces_.size();
    const absl::flat_hash_set<uint32_t> in_ours(ours_.begin(), ours_.end());
    for (size_t i = region.theirs.begin; i < region.theirs.end; ++i) {
      if (!in_ours.contains(theirs_[i])) pieces_.push_back(PieceOf(lists_.theirs.at(i)));
    }
    const auto before = [](const JsonPiece& a, const JsonPiece& b) {
      return OrderedBefore(a.body, b.body);
    };
    const auto begin = pieces_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto split = pieces_.begin() + static_cast<std::ptrdiff_t>(middle);
    if (std::is_sorted(begin, split, before) && std::is_sorted(split, pieces_.end(), before))
      std::inplace_merge(begin, split, pieces_.end(), before);
    return true;
  }

  const JsonLists& lists_;
  ValueNumbers numbers_;
  std::vector<uint32_t> base_, ours_, theirs_;
  std::vector<JsonPiece> pieces_;
};

}  // namespace

std::optional<std::string> MergeArray(const JsonLists& lists) { return ArrayMerge(lists).Run(); }

}  // namespace syncengine::merge
