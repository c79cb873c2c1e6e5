#include "syncengine/base/coding.h"

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"

namespace syncengine {

void ByteWriter::Little(uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes_.push_back(static_cast<char>(value >> (8 * i)));
}

void ByteWriter::BigU64(uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) bytes_.push_back(static_cast<char>(value >> shift));
}

void ByteWriter::Short(absl::string_view bytes) {
  U16(static_cast<uint16_t>(bytes.size()));
  Raw(bytes);
}

void ByteWriter::Long(absl::string_view bytes) {
  U32(static_cast<uint32_t>(bytes.size()));
  Raw(bytes);
}

absl::string_view ByteReader::Raw(size_t size) {
  if (size > rest_.size()) {
    ok_ = false;
    rest_ = absl::string_view();
    return absl::string_view();
  }
  const absl::string_view bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return bytes;
}

uint64_t ByteReader::Little(size_t count) {
  const absl::string_view bytes = Raw(count);
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  }
  return value;
}

uint64_t ByteReader::BigU64() {
  uint64_t value = 0;
  for (const char byte : Raw(8)) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

absl::Status ByteReader::Finish() const {
  if (!ok_) return MakeError(Reason::kIntegrity, absl::StrCat(object_, ": ends too early"));
  if (!rest_.empty()) {
    return MakeError(Reason::kIntegrity,
                     absl::StrCat(object_, ": ", rest_.size(), " bytes too many at the end"));
  }
  return absl::OkStatus();
}

}  // namespace syncengine
