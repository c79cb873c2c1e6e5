#include "syncengine/base/ids.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace syncengine::internal {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string HexEncode(absl::string_view bytes) { return absl::BytesToHexString(bytes); }

absl::Status HexDecode(absl::string_view hex, uint8_t* bytes, size_t size) {
  if (hex.size() != 2 * size) {
    return absl::InvalidArgumentError(
        absl::StrCat("id: expected ", 2 * size, " hex digits, found ", hex.size(), " characters"));
  }
  for (size_t i = 0; i < size; ++i) {
    const int high = HexDigit(hex[2 * i]);
    const int low = HexDigit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return absl::InvalidArgumentError("id: expected hex digits only");
    bytes[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return absl::OkStatus();
}

absl::Status WrongIdSize(size_t found, size_t expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("id: expected ", expected, " bytes, found ", found));
}

}  // namespace syncengine::internal
