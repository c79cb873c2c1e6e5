#include "src/http/json.h"

#include <limits>
#include <set>

#include "absl/strings/escaping.h"

namespace syncengine::http {
namespace {

// A parser's own recursion and memory depend on depth, so depth is bounded before it starts.
bool TooDeep(absl::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kJsonDepthMax) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

// Watches the keys of the objects being parsed.
class DuplicateKeys {
 public:
  bool Event(Json::parse_event_t event, const Json& parsed) {
    if (event == Json::parse_event_t::object_start) open_.emplace_back();
    if (event == Json::parse_event_t::object_end) open_.pop_back();
    if (event == Json::parse_event_t::key && !open_.back().insert(parsed).second) found_ = true;
    return true;
  }
  bool found() const { return found_; }

 private:
  std::vector<std::set<std::string>> open_;
  bool found_ = false;
};

// The bytes that follow the lead byte `lead`, and the smallest code point such a sequence may hold.
struct Utf8Lead {
  int follow = -1;  // -1: not a lead byte.
  uint32_t value = 0;
  uint32_t smallest = 0;
};

Utf8Lead DecodeLead(uint8_t lead) {
  if (lead < 0x80) return {.follow = 0, .value = lead, .smallest = 0};
  if (lead >= 0xC2 && lead < 0xE0) return {.follow = 1, .value = lead & 0x1Fu, .smallest = 0x80};
  if (lead >= 0xE0 && lead < 0xF0) return {.follow = 2, .value = lead & 0x0Fu, .smallest = 0x800};
  if (lead >= 0xF0 && lead < 0xF5) return {.follow = 3, .value = lead & 0x07u, .smallest = 0x10000};
  return {};
}

}  // namespace

absl::StatusOr<Json> ParseJson(absl::string_view text) {
  if (TooDeep(text)) {
    return absl::InvalidArgumentError(
        absl::StrCat("JSON: nested deeper than ", kJsonDepthMax, " levels"));
  }
  DuplicateKeys keys;
  Json value = Json::parse(
      text.begin(), text.end(),
      [&keys](int, Json::parse_event_t event, Json& parsed) { return keys.Event(event, parsed); },
      /*allow_exceptions=*/false);
  if (value.is_discarded()) {
    return absl::InvalidArgumentError(
        "JSON: the body is not well-formed; expected one object in UTF-8");
  }
  if (keys.found()) return absl::InvalidArgumentError("JSON: a key occurs twice in one object");
  return value;
}

std::string JsonText(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool IsUtf8(absl::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    Utf8Lead lead = DecodeLead(static_cast<uint8_t>(bytes[i]));
    if (lead.follow < 0 || bytes.size() - i <= static_cast<size_t>(lead.follow)) return false;
    for (int k = 0; k < lead.follow; ++k) {
      const uint8_t next = static_cast<uint8_t>(bytes[++i]);
      if ((next & 0xC0) != 0x80) return false;
      lead.value = lead.value << 6 | (next & 0x3Fu);
    }
    const bool surrogate = lead.value >= 0xD800 && lead.value < 0xE000;
    if (lead.value < lead.smallest || lead.value > 0x10FFFF || surrogate) return false;
  }
  return true;
}

void PutText(Json& object, absl::string_view name, absl::string_view bytes) {
  if (IsUtf8(bytes)) {
    object[std::string(name)] = std::string(bytes);
  } else {
    object[absl::StrCat(name, "_base64")] = absl::Base64Escape(bytes);
  }
}

void PutBinary(Json& object, absl::string_view name, absl::string_view bytes) {
  if (!bytes.empty()) object[std::string(name)] = absl::Base64Escape(bytes);
}

Fields::Fields(const Json& value, absl::string_view object) : value_(value), object_(object) {
  if (!value.is_object()) {
    status_ = absl::InvalidArgumentError(absl::StrCat(object, ": expected a JSON object"));
  }
}

const Json* Fields::Find(absl::string_view name) const {
  if (!status_.ok()) return nullptr;
  const auto field = value_.find(std::string(name));
  return field == value_.end() || field->is_null() ? nullptr : &*field;
}

void Fields::Fail(absl::string_view name, absl::string_view problem) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(absl::StrCat(object_, ": field '", name, "' ", problem));
}

uint64_t Fields::Unsigned(absl::string_view name, uint64_t max, uint64_t fallback) {
  const Json* field = Find(name);
  if (field == nullptr) return fallback;
  if (!field->is_number_unsigned() || field->get<uint64_t>() > max) {
    Fail(name, absl::StrCat("must be a whole number from 0 to ", max));
    return fallback;
  }
  return field->get<uint64_t>();
}

int64_t Fields::Signed(absl::string_view name) {
  const Json* field = Find(name);
  if (field == nullptr) return 0;
  const bool fits =
      field->is_number_integer() && (!field->is_number_unsigned() ||
                                     field->get<uint64_t>() <= std::numeric_limits<int64_t>::max());
  if (!fits) {
    Fail(name, "must be a whole number of at most 63 bits");
    return 0;
  }
  return field->get<int64_t>();
}

bool Fields::Bool(absl::string_view name) {
  const Json* field = Find(name);
  if (field == nullptr) return false;
  if (!field->is_boolean()) {
    Fail(name, "must be true or false");
    return false;
  }
  return field->get<bool>();
}

std::string Fields::String(absl::string_view name, const Json& field) {
  if (field.is_string()) return field.get<std::string>();
  Fail(name, "must be a string");
  return "";
}

std::string Fields::Decoded(absl::string_view name, const Json& field) {
  std::string bytes;
  if (!absl::Base64Unescape(String(name, field), &bytes)) Fail(name, "must be base64");
  return bytes;
}

std::string Fields::Text(absl::string_view name) {
  if (const Json* field = Find(name); field != nullptr) return String(name, *field);
  return Binary(absl::StrCat(name, "_base64"));
}

std::string Fields::Binary(absl::string_view name) {
  const Json* field = Find(name);
  return field == nullptr ? std::string() : Decoded(name, *field);
}

std::vector<std::string> Fields::Binaries(absl::string_view name, size_t max) {
  std::vector<std::string> values;
  for (const Json& item : Array(name, max)) values.push_back(Decoded(name, item));
  return values;
}

const Json& Fields::Array(absl::string_view name, size_t max) {
  static const Json* const kNone = new Json(Json::array());
  const Json* field = Find(name);
  if (field == nullptr) return *kNone;
  if (field->is_array() && field->size() <= max) return *field;
  Fail(name, absl::StrCat("must be an array of at most ", max, " items"));
  return *kNone;
}

}  // namespace syncengine::http
