// What the files of wire_values.h share.
#ifndef SYNCENGINE_HTTP_WIRE_FIELDS_H_
#define SYNCENGINE_HTTP_WIRE_FIELDS_H_

#include <limits>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "src/http/json.h"
#include "syncengine/format/journal.h"

namespace syncengine::http {

inline constexpr uint64_t kAnyU64 = std::numeric_limits<uint64_t>::max();

template <typename Enum, size_t N>
std::string NameOf(const EnumName<Enum> (&names)[N], Enum value) {
  for (const EnumName<Enum>& candidate : names) {
    if (candidate.value == value) return std::string(candidate.name);
  }
  return "unknown";  // The receiver refuses it.
}

// A value when its fields were all right, otherwise what was wrong.
template <typename T>
absl::StatusOr<T> Checked(const Fields& fields, T value) {
  if (!fields.status().ok()) return fields.status();
  return value;
}

inline absl::Time Time(Fields& fields, absl::string_view name) {
  return absl::FromUnixMicros(fields.Signed(name));
}

inline Cursor ReadCursor(Fields& fields, absl::string_view name) {
  absl::StatusOr<Cursor> cursor = ParseCursor(fields.Text(name));
  if (!cursor.ok()) fields.Fail(name, cursor.status().message());
  return cursor.ok() ? *cursor : Cursor();
}

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_WIRE_FIELDS_H_
