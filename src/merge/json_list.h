// The items of one container in the three versions: how they correspond, and how they are written.
#ifndef SYNCENGINE_SRC_MERGE_JSON_LIST_H_
#define SYNCENGINE_SRC_MERGE_JSON_LIST_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "src/merge/json_value.h"

namespace syncengine::merge {

// An item with the text it stands in.
struct JsonEntry {
  absl::string_view text;
  const JsonItem* item = nullptr;
  bool first = false;  // In its container.

  explicit operator bool() const { return item != nullptr; }
  JsonPart part() const { return {text, item == nullptr ? nullptr : &item->value}; }
  // `"name": ` with its blanks; empty in an array.
  absl::string_view label() const {
    return item->name.empty() ? absl::string_view()
                              : Slice(text, {item->name.begin, item->value.range.begin});
  }
  absl::string_view lead() const { return Slice(text, item->lead); }
  absl::string_view trail() const { return Slice(text, item->trail); }
};

// One version of a container; empty when the version has none.
class JsonList {
 public:
  JsonList() = default;
  explicit JsonList(const JsonPart& part);

  size_t size() const { return entries_.size(); }
  const JsonEntry& at(size_t i) const { return entries_[i]; }
  absl::string_view tail() const { return tail_; }

  // Names every entry: the member's name, or the value of the element's member `identity` (with
  // quotes). False when an entry has no name or two have the same.
  bool NameBy(absl::string_view identity);
  const std::string& name(size_t i) const { return names_[i]; }
  // The entry of that name, or one that is false.
  JsonEntry Find(absl::string_view name) const;

 private:
  std::vector<JsonEntry> entries_;
  std::vector<std::string> names_;
  absl::flat_hash_map<std::string, size_t> places_;
  absl::string_view tail_;
};

struct JsonLists {
  JsonList base, ours, theirs;
};

// Names the entries of all three: members by name; elements by the first of a few usual identifying
// members ("id", "name", ...) that tells all elements of each version apart. False when none does.
bool NameEntries(JsonLists& lists, JsonValue::Kind kind);

// What one version says where it differs from the base, the other where it does not; ours when
// both differ.
absl::string_view Pick(absl::string_view base, absl::string_view ours, absl::string_view theirs);

// An item of the merged container.
struct JsonPiece {
  std::string name;  // For placing it in order.
  absl::string_view lead;
  std::string body;  // Label and value.
  absl::string_view trail;
  bool first = false;  // Where its lead comes from.
};

// The merged container's text. A lead that was written for the first place is not used elsewhere.
std::string WriteContainer(JsonValue::Kind kind, const JsonLists& lists,
                           const std::vector<JsonPiece>& pieces);

}  // namespace syncengine::merge

#endif  // SYNCENGINE_SRC_MERGE_JSON_LIST_H_
