#include "src/stores/object_name.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace syncengine::stores {
namespace {

constexpr size_t kNameBytesMax = 200;

bool IsNameByte(char c) {
  return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '/' || c == '.' || c == '_' ||
         c == '-';
}

bool IsGoodName(absl::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax) return false;
  for (const char c : name) {
    if (!IsNameByte(c)) return false;
  }
  for (const absl::string_view component : absl::StrSplit(name, '/')) {
    if (component.empty() || component == "." || component == "..") return false;
  }
  return true;
}

}  // namespace

absl::Status CheckObjectName(absl::string_view name) {
  if (IsGoodName(name)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "object name \"", absl::CHexEscape(name.substr(0, kNameBytesMax)), "\": expected 1 to ",
      kNameBytesMax, " bytes of [a-z0-9/._-] without empty, \".\" or \"..\" components"));
}

absl::Status CheckObjectPageLimit(int limit) {
  if (limit >= 1 && limit <= kObjectPageMax) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("object list limit ", limit, ": expected 1 to ", kObjectPageMax));
}

absl::Status NoSuchObject(absl::string_view name) {
  return absl::NotFoundError(absl::StrCat("object ", name, " does not exist"));
}

absl::Status ObjectExists(absl::string_view name) {
  return absl::AlreadyExistsError(
      absl::StrCat("object ", name, " exists; objects never change, choose a new name"));
}

absl::Status OffsetPastEnd(absl::string_view name, uint64_t offset, uint64_t size) {
  return absl::OutOfRangeError(
      absl::StrCat("object ", name, ": offset ", offset, " is past its ", size, " bytes"));
}

}  // namespace syncengine::stores
