#include "src/merge/json_value.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "syncengine/base/limits.h"

namespace syncengine::merge {
namespace {

using Kind = JsonValue::Kind;

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

uint64_t Mix(uint64_t hash, uint64_t value) {
  return std::rotl((hash ^ value) * 0xD6E8FEB86659FD93u, 29) + 0x9E3779B97F4A7C15u;
}

uint64_t HashBytes(absl::string_view bytes) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3u;
  return hash;
}

bool IsLiteralByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '+' || c == '.';
}

// -? (0 | [1-9][0-9]*) (.[0-9]+)? ([eE][+-]?[0-9]+)?
bool IsNumber(absl::string_view text) {
  size_t at = absl::StartsWith(text, "-") ? 1 : 0;
  const auto digits = [&] {
    const size_t from = at;
    while (at < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[at]))) ++at;
    return at - from;
  };
  const size_t first = at, whole = digits();
  if (whole == 0 || (whole > 1 && text[first] == '0')) return false;
  if (at < text.size() && text[at] == '.' && (++at, digits() == 0)) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

class Scanner {
 public:
  Scanner(absl::string_view text, Repeated repeated) : text_(text), repeated_(repeated) {}

  std::optional<JsonValue> Whole() {
    if (absl::StartsWith(text_, kByteOrderMark)) at_ = kByteOrderMark.size();
    Blanks();
    JsonValue value;
    if (!Value(value, 0)) return std::nullopt;
    Blanks();
    if (at_ != text_.size()) return std::nullopt;
    return value;
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }

  ByteRange Blanks() {
    const size_t from = at_;
    while (Peek() == ' ' || Peek() == '\n' || Peek() == '\r' || Peek() == '\t') ++at_;
    return {from, at_};
  }

  bool Value(JsonValue& value, int depth) {
    if (depth > limits::kMergeJsonDepthMax || ++count_ > limits::kMergeJsonValuesMax) return false;
    value.range.begin = at_;
    const char first = Peek();
    bool valid = false;
    if (first == '{' || first == '[') {
      value.kind = first == '{' ? Kind::kObject : Kind::kArray;
      valid = Container(value, depth);
    } else {
      value.kind = first == '"' ? Kind::kString : Kind::kLiteral;
      valid = first == '"' ? String() : Literal();
    }
    value.range.end = at_;
    if (!value.is_container()) value.hash = HashBytes(Slice(text_, value.range));
    return valid;
  }

  bool String() {
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return false;
      at_ += text_[at_] == '\\' ? 2 : 1;
    }
    return Take('"');
  }

  bool Literal() {
    const size_t from = at_;
    while (at_ < text_.size() && IsLiteralByte(text_[at_])) ++at_;
    const absl::string_view word = text_.substr(from, at_ - from);
    return word == "true" || word == "false" || word == "null" || IsNumber(word);
  }

  bool Container(JsonValue& value, int depth) {
    const char close = value.kind == Kind::kObject ? '}' : ']';
    ++at_;
    ByteRange blanks = Blanks();
    if (!Take(close)) {
      for (bool more = true; more;) {
        if (!Item(value, blanks, depth)) return false;
        const ByteRange after = Blanks();
        more = Take(',');
        if (more) value.items.back().trail = after;
        blanks = more ? Blanks() : after;
      }
      if (!Take(close)) return false;
    }
    value.tail = blanks;
    return Finish(value);
  }

  bool Item(JsonValue& container, const ByteRange& lead, int depth) {
    JsonItem item;
    item.lead = lead;
    if (container.kind == Kind::kObject) {
      item.name.begin = at_;
      if (Peek() != '"' || !String()) return false;
      item.name.end = at_;
      Blanks();
      if (!Take(':')) return false;
      Blanks();
    }
    if (!Value(item.value, depth + 1)) return false;
    item.trail = {at_, at_};
    container.items.push_back(std::move(item));
    return true;
  }

  bool Finish(JsonValue& value) const {
    value.hash = value.kind == Kind::kObject ? 1 : 2;
    std::vector<absl::string_view> names;
    for (const JsonItem& item : value.items) {
      if (value.kind == Kind::kArray) {
        value.hash = Mix(value.hash, item.value.hash);
        continue;
      }
      names.push_back(Slice(text_, item.name));
      value.hash += Mix(HashBytes(names.back()), item.value.hash);  // In any order.
    }
    if (repeated_ == Repeated::kAllowed) return true;
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) == names.end();
  }

  absl::string_view text_;
  Repeated repeated_;
  size_t at_ = 0;
  size_t count_ = 0;
};

std::vector<const JsonItem*> ByName(const JsonPart& object) {
  std::vector<const JsonItem*> items;
  for (const JsonItem& item : object.value->items) items.push_back(&item);
  if (object.value->kind == Kind::kArray) return items;
  std::sort(items.begin(), items.end(), [&](const JsonItem* x, const JsonItem* y) {
    return Slice(object.text, x->name) < Slice(object.text, y->name);
  });
  return items;
}

}  // namespace

std::optional<JsonValue> ParseJson(absl::string_view text, Repeated repeated) {
  return Scanner(text, repeated).Whole();
}

bool SameValue(const JsonPart& a, const JsonPart& b) {
  if (a.value->hash != b.value->hash || a.value->kind != b.value->kind) return false;
  if (a.bytes() == b.bytes()) return true;
  if (!a.value->is_container() || a.value->items.size() != b.value->items.size()) return false;
  const auto items_a = ByName(a), items_b = ByName(b);
  for (size_t i = 0; i < items_a.size(); ++i) {
    if (Slice(a.text, items_a[i]->name) != Slice(b.text, items_b[i]->name)) return false;
    if (!SameValue({a.text, &items_a[i]->value}, {b.text, &items_b[i]->value})) return false;
  }
  return true;
}

}  // namespace syncengine::merge
