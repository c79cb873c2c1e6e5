// How a row of the metadata port lies in LMDB.
//
// Key: number of the partition, 1 to 2^24 - 1, as a byte of 1 and three bytes, big-endian | key. A
// first byte of 0 is kept for the store's own rows: "\0format"; "\0number" the last number given
// out, u32; "\0partition/" and a partition's name its number, u32. Value: version u8 (1) | type u8
// (1, a plain value) | flags u16 (0) | check u32 | bytes, where check is the low half of
// XXH3-64(XXH3-64(first four bytes | whole key) | XXH3-64(bytes)). Little-endian.
#ifndef SYNCENGINE_SRC_STORES_LMDB_ROW_H_
#define SYNCENGINE_SRC_STORES_LMDB_ROW_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace syncengine::stores {

inline constexpr uint32_t kPartitionsMax = (1u << 24) - 2;

// What the keys of all rows of the partition with this number begin with.
std::string RowPrefix(uint32_t number);

// The store's own rows.
std::string OwnKey(absl::string_view name);

std::string SealRow(absl::string_view row_key, absl::string_view value);
// The value, as a view into `sealed`. Reason::kIntegrity when the check fails, Reason::kVersion
// when the row was written by a newer format.
absl::StatusOr<absl::string_view> OpenRow(absl::string_view row_key, absl::string_view sealed);

}  // namespace syncengine::stores

#endif  // SYNCENGINE_SRC_STORES_LMDB_ROW_H_
