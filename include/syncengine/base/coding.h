// Little-endian encoding into a string, and bounded decoding out of one. Every byte format of the
// library is written and read with these two classes.
#ifndef SYNCENGINE_BASE_CODING_H_
#define SYNCENGINE_BASE_CODING_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace syncengine {

// Appends to a string it owns. Thread-compatible.
class ByteWriter {
 public:
  void U8(uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void U16(uint16_t value) { Little(value, 2); }
  void U32(uint32_t value) { Little(value, 4); }
  void U64(uint64_t value) { Little(value, 8); }
  void I64(int64_t value) { Little(static_cast<uint64_t>(value), 8); }
  // Big-endian, for ordered keys.
  void BigU64(uint64_t value);
  void Raw(absl::string_view bytes) { bytes_.append(bytes.data(), bytes.size()); }
  // A length (U16 / U32) and the bytes. The caller has checked that the length fits.
  void Short(absl::string_view bytes);
  void Long(absl::string_view bytes);

  const std::string& bytes() const& { return bytes_; }
  std::string Take() && { return std::move(bytes_); }

 private:
  void Little(uint64_t value, int count);

  std::string bytes_;
};

// Reads from a view it does not own. After the first read past the end every further read gives
// zero or an empty view and Finish() fails, so callers check once; counts that size an allocation
// must be checked against a limit before use all the same. Thread-compatible.
class ByteReader {
 public:
  // `object` names what is decoded in error messages ("manifest").
  ByteReader(absl::string_view bytes, absl::string_view object) : rest_(bytes), object_(object) {}

  uint8_t U8() { return static_cast<uint8_t>(Little(1)); }
  uint16_t U16() { return static_cast<uint16_t>(Little(2)); }
  uint32_t U32() { return static_cast<uint32_t>(Little(4)); }
  uint64_t U64() { return Little(8); }
  int64_t I64() { return static_cast<int64_t>(Little(8)); }
  uint64_t BigU64();
  absl::string_view Raw(size_t size);
  absl::string_view Short() { return Raw(U16()); }
  absl::string_view Long() { return Raw(U32()); }
  template <typename IdType>
  IdType ReadId() {
    auto id = IdType::FromBytes(Raw(IdType::kSize));
    return id.ok() ? *id : IdType();
  }

  size_t remaining() const { return rest_.size(); }
  bool ok() const { return ok_; }
  // kDataLoss (Reason::kIntegrity) unless everything was read, and nothing past the end.
  absl::Status Finish() const;

 private:
  uint64_t Little(size_t count);

  absl::string_view rest_;
  absl::string_view object_;
  bool ok_ = true;
};

}  // namespace syncengine

#endif  // SYNCENGINE_BASE_CODING_H_
