#include "src/stores/lmdb_row.h"

#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "src/kernels/checksum.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"

namespace syncengine::stores {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kPlainValue = 1;
constexpr uint32_t kHead = kVersion | (uint32_t{kPlainValue} << 8);  // Flags 0.
constexpr size_t kHeaderBytes = 8;

uint32_t Check(absl::string_view row_key, absl::string_view value) {
  ByteWriter place;
  place.U32(kHead);
  place.Raw(row_key);
  ByteWriter both;
  both.U64(kernels::Xxh3(place.bytes()));
  both.U64(kernels::Xxh3(value));
  return static_cast<uint32_t>(kernels::Xxh3(both.bytes()));
}

absl::Status BadRow(absl::string_view row_key, absl::string_view what) {
  return MakeError(Reason::kIntegrity,
                   absl::StrCat("metadata row ", absl::BytesToHexString(row_key.substr(0, 80)),
                                ": ", what, "; restore the metadata from a backup or rebuild it"));
}

}  // namespace

std::string RowPrefix(uint32_t number) {
  return {1, static_cast<char>(number >> 16), static_cast<char>(number >> 8),
          static_cast<char>(number)};
}

std::string OwnKey(absl::string_view name) { return absl::StrCat(std::string(1, '\0'), name); }

std::string SealRow(absl::string_view row_key, absl::string_view value) {
  ByteWriter writer;
  writer.U32(kHead);
  writer.U32(Check(row_key, value));
  writer.Raw(value);
  return std::move(writer).Take();
}

absl::StatusOr<absl::string_view> OpenRow(absl::string_view row_key, absl::string_view sealed) {
  if (sealed.size() < kHeaderBytes) return BadRow(row_key, "the value is too short");
  ByteReader reader(sealed, "metadata row");
  const uint32_t head = reader.U32();
  const uint32_t check = reader.U32();
  const absl::string_view value = sealed.substr(kHeaderBytes);
  if (check == Check(row_key, value) && head == kHead) return value;
  if (static_cast<uint8_t>(head) > kVersion) {
    return MakeError(Reason::kVersion,
                     absl::StrCat("metadata row of version ", head & 0xff, ": expected ", kVersion,
                                  "; use a newer release (or the row is damaged)"));
  }
  return BadRow(row_key, "the checksum does not match the bytes");
}

}  // namespace syncengine::stores
