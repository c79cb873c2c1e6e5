#include "src/merge/json_list.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"

namespace syncengine::merge {
namespace {

using Kind = JsonValue::Kind;

constexpr absl::string_view kIdentities[] = {"\"id\"",   "\"$id\"",  "\"uuid\"", "\"key\"",
                                             "\"name\"", "\"path\"", "\"url\""};

// The literal or string that the element has under `identity`.
std::optional<std::string> IdentityOf(const JsonEntry& entry, absl::string_view identity) {
  if (entry.item->value.kind != Kind::kObject) return std::nullopt;
  for (const JsonItem& member : entry.item->value.items) {
    if (Slice(entry.text, member.name) != identity || member.value.is_container()) continue;
    return std::string(Slice(entry.text, member.value.range));
  }
  return std::nullopt;
}

// How a list writes the blanks before its first item, or before any other.
std::optional<absl::string_view> LeadOf(const JsonList& list, bool first) {
  const size_t at = first ? 0 : 1;
  if (list.size() <= at) return std::nullopt;
  return list.at(at).lead();
}

absl::string_view LeadAt(const JsonLists& lists, const JsonPiece& piece, bool first) {
  if (piece.first == first) return piece.lead;
  for (const JsonList* list : {&lists.ours, &lists.theirs, &lists.base}) {
    if (const auto lead = LeadOf(*list, first)) return *lead;
  }
  return piece.lead;
}

absl::string_view TailOf(const JsonLists& lists) {
  if (lists.ours.size() == 0) return lists.theirs.tail();
  if (lists.theirs.size() == 0) return lists.ours.tail();
  return Pick(lists.base.size() == 0 ? lists.ours.tail() : lists.base.tail(), lists.ours.tail(),
              lists.theirs.tail());
}

}  // namespace

JsonList::JsonList(const JsonPart& part) {
  if (!part) return;
  for (const JsonItem& item : part.value->items)
    entries_.push_back({part.text, &item, entries_.empty()});
  tail_ = Slice(part.text, part.value->tail);
}

bool JsonList::NameBy(absl::string_view identity) {
  names_.clear();
  places_.clear();
  for (const JsonEntry& entry : entries_) {
    std::optional<std::string> name(std::string(Slice(entry.text, entry.item->name)));
    if (entry.item->name.empty()) name = IdentityOf(entry, identity);
    if (!name || !places_.emplace(*name, names_.size()).second) return false;
    names_.push_back(*std::move(name));
  }
  return true;
}

JsonEntry JsonList::Find(absl::string_view name) const {
  const auto place = places_.find(name);
  return place == places_.end() ? JsonEntry() : entries_[place->second];
}

bool NameEntries(JsonLists& lists, Kind kind) {
  const auto all = [&](absl::string_view identity) {
    return lists.base.NameBy(identity) && lists.ours.NameBy(identity) &&
           lists.theirs.NameBy(identity);
  };
  if (kind == Kind::kObject) return all("");
  return std::any_of(std::begin(kIdentities), std::end(kIdentities), all);
}

absl::string_view Pick(absl::string_view base, absl::string_view ours, absl::string_view theirs) {
  return ours == base ? theirs : ours;
}

std::string WriteContainer(Kind kind, const JsonLists& lists,
                           const std::vector<JsonPiece>& pieces) {
  std::string text = kind == Kind::kObject ? "{" : "[";
  for (size_t i = 0; i < pieces.size(); ++i) {
    const bool last = i + 1 == pieces.size();
    absl::StrAppend(&text, LeadAt(lists, pieces[i], i == 0), pieces[i].body,
                    last ? absl::string_view() : pieces[i].trail, last ? "" : ",");
  }
  if (!pieces.empty()) absl::StrAppend(&text, TailOf(lists));
  absl::StrAppend(&text, kind == Kind::kObject ? "}" : "]");
  return text;
}

}  // namespace syncengine::merge
