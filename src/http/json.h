// Strict JSON: what the wire accepts, and how fields are read out of it.
#ifndef SYNCENGINE_HTTP_JSON_H_
#define SYNCENGINE_HTTP_JSON_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "syncengine/base/error.h"

namespace syncengine::http {

using Json = nlohmann::json;

inline constexpr int kJsonDepthMax = 32;  // The wire's values nest six deep.

// kInvalidArgument unless `text` is one JSON value, at most kJsonDepthMax deep, without a key twice
// in one object.
absl::StatusOr<Json> ParseJson(absl::string_view text);
// Compact text. Never fails: strings were checked by whoever put them in (PutText).
std::string JsonText(const Json& value);

// True when `bytes` is well-formed UTF-8 (RFC 3629).
bool IsUtf8(absl::string_view bytes);

// Sets `name` to the bytes when they are UTF-8, and `name`_base64 otherwise: names on disk are
// bytes, JSON strings are text. Fields::Text reads both.
void PutText(Json& object, absl::string_view name, absl::string_view bytes);
// Sets `name` to the bytes in base64 (RFC 4648 section 4), unless there are none.
void PutBinary(Json& object, absl::string_view name, absl::string_view bytes);
// Sets `name` to the id in hex, unless it is zero.
template <typename IdType>
void PutId(Json& object, absl::string_view name, const IdType& id) {
  if (!id.IsZero()) object[std::string(name)] = id.ToHex();
}
template <typename IdType>
Json IdsToJson(absl::Span<const IdType> ids) {
  Json array = Json::array();
  for (const IdType& id : ids) array.push_back(id.ToHex());
  return array;
}

// The value of a type on the wire (wire_values.h specializes both).
template <typename T>
absl::StatusOr<T> FromJson(const Json& value);

// Two names of one enumerator.
template <typename Enum>
struct EnumName {
  Enum value;
  absl::string_view name;
};

// Reads the fields of one object. The first wrong field is remembered in status() and later reads
// give defaults, so callers check once. Absent and null are the same; unknown fields are ignored.
// Thread-compatible.
class Fields {
 public:
  // `object` names the value in error messages.
  Fields(const Json& value, absl::string_view object);

  uint64_t Unsigned(absl::string_view name, uint64_t max, uint64_t fallback = 0);
  int64_t Signed(absl::string_view name);
  bool Bool(absl::string_view name);
  std::string Text(absl::string_view name);
  std::string Binary(absl::string_view name);
  std::vector<std::string> Binaries(absl::string_view name, size_t max);
  // Zero when absent.
  template <typename IdType>
  IdType Id(absl::string_view name) {
    const Json* field = Find(name);
    return field == nullptr ? IdType() : OneId<IdType>(name, *field);
  }
  template <typename IdType>
  IdType RequiredId(absl::string_view name) {
    const IdType id = Id<IdType>(name);
    if (id.IsZero()) Fail(name, "is required and must not be zero");
    return id;
  }
  template <typename IdType>
  std::vector<IdType> Ids(absl::string_view name, size_t max) {
    std::vector<IdType> ids;
    for (const Json& item : Array(name, max)) ids.push_back(OneId<IdType>(name, item));
    return ids;
  }
  template <typename Enum>
  Enum Name(absl::string_view name, absl::Span<const EnumName<Enum>> names) {
    const std::string text = Text(name);
    for (const EnumName<Enum>& candidate : names) {
      if (candidate.name == text) return candidate.value;
    }
    Fail(name, absl::StrCat("must be one of the documented names, found '", text, "'"));
    return names.front().value;
  }
  template <typename T>
  T Object(absl::string_view name) {
    std::optional<T> value = OptionalObject<T>(name);
    if (!value.has_value()) Fail(name, "is required");
    return value.has_value() ? *std::move(value) : T();
  }
  template <typename T>
  std::optional<T> OptionalObject(absl::string_view name) {
    const Json* field = Find(name);
    if (field == nullptr) return std::nullopt;
    return One<T>(*field);
  }
  template <typename T>
  std::vector<T> Objects(absl::string_view name, size_t max) {
    std::vector<T> values;
    for (const Json& item : Array(name, max)) {
      if (!status_.ok()) break;
      values.push_back(One<T>(item));
    }
    return values;
  }

  bool Has(absl::string_view name) const { return Find(name) != nullptr; }
  // Remembers that a field is wrong; `problem` continues the sentence "field 'x' ...".
  void Fail(absl::string_view name, absl::string_view problem);
  const absl::Status& status() const { return status_; }

 private:
  const Json* Find(absl::string_view name) const;
  // The items of an array of at most `max`; an empty one when absent or wrong.
  const Json& Array(absl::string_view name, size_t max);
  std::string String(absl::string_view name, const Json& field);
  std::string Decoded(absl::string_view name, const Json& field);
  template <typename IdType>
  IdType OneId(absl::string_view name, const Json& field) {
    auto id = IdType::FromHex(String(name, field));
    if (id.ok()) return *id;
    Fail(name, id.status().message());
    return IdType();
  }
  template <typename T>
  T One(const Json& item) {
    absl::StatusOr<T> value = FromJson<T>(item);
    if (value.ok()) return *std::move(value);
    if (status_.ok()) status_ = Annotate(value.status(), object_);
    return T();
  }

  const Json& value_;
  std::string object_;
  absl::Status status_;
};

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_JSON_H_
