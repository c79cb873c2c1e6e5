#include "src/stores/lmdb_row.h"

#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "src/kernels/checksum.h"
#include "src/stores/metadata_check.h"
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

std::string RowPrefix(absl::string_view partition) {
  return absl::StrCat(std::string(1, static_cast<char>(partition.size())), partition);
}

std::string RowPrefixEnd(absl::string_view prefix) {
  std::string end(prefix);
  end.back() = static_cast<char>(static_cast<uint8_t>(end.back()) + 1);
  return end;
}

absl::StatusOr<std::string> RowPartition(absl::string_view row_key) {
  const size_t size = row_key.empty() ? 0 : static_cast<uint8_t>(row_key[0]);
  const absl::string_view name = row_key.empty() ? row_key : row_key.substr(1, size);
  if (name.size() != size || !CheckPartition(name).ok()) {
    return BadRow(row_key, "the key names no partition");
  }
  return std::string(name);
}

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
