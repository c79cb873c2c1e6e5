// A small, bounded JSON scanner (RFC 8259) that keeps where everything stands in the text.
#ifndef SYNCENGINE_SRC_MERGE_JSON_VALUE_H_
#define SYNCENGINE_SRC_MERGE_JSON_VALUE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "syncengine/merge/diff.h"

namespace syncengine::merge {

struct JsonItem;

struct JsonValue {
  enum class Kind { kLiteral, kString, kObject, kArray };

  Kind kind = Kind::kLiteral;
  ByteRange range;    // Without the blanks around it.
  uint64_t hash = 0;  // Equal for equal values, whatever their layout and the order of members.
  std::vector<JsonItem> items;
  ByteRange tail;  // The blanks before the closing bracket.

  bool is_container() const { return kind == Kind::kObject || kind == Kind::kArray; }
};

// A member of an object or an element of an array. In the text: lead, name, colon, value, trail.
struct JsonItem {
  ByteRange lead;  // The blanks after the bracket or comma before it.
  ByteRange name;  // With its quotes; empty in an array.
  JsonValue value;
  ByteRange trail;  // The blanks before the comma after it; empty for the last item.
};

// A value with the text it stands in; null when there is none.
struct JsonPart {
  absl::string_view text;
  const JsonValue* value = nullptr;

  explicit operator bool() const { return value != nullptr; }
  absl::string_view bytes() const { return Slice(text, value->range); }
};

enum class Repeated { kRefused, kAllowed };  // Two members of one name in an object.

// The whole text as one value with nothing but blanks (and a byte order mark) around it; nothing
// when it is no JSON, repeats a member, or is over limits.h.
std::optional<JsonValue> ParseJson(absl::string_view text, Repeated repeated = Repeated::kRefused);

// True when both are the same value: members in any order, any layout. Strings and numbers are
// compared as they are written.
bool SameValue(const JsonPart& a, const JsonPart& b);

}  // namespace syncengine::merge

#endif  // SYNCENGINE_SRC_MERGE_JSON_VALUE_H_
