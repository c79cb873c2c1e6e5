// How a row of the metadata port lies in LMDB.
//
// Key: length of the partition's name u8 | name | key. A length of 0 is kept for the store's own
// rows. Value: version u8 (1) | type u8 (1, a plain value) | flags u16 (0) | check u32 | bytes,
// where check is the low half of XXH3-64(XXH3-64(first four bytes | whole key) | XXH3-64(bytes)).
// Little-endian.
#ifndef SYNCENGINE_SRC_STORES_LMDB_ROW_H_
#define SYNCENGINE_SRC_STORES_LMDB_ROW_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace syncengine::stores {

std::string RowPrefix(absl::string_view partition);
// The first key after all that begin with `prefix`, which does not end in 0xff.
std::string RowPrefixEnd(absl::string_view prefix);
// The name inside a key's prefix; kDataLoss when the key is malformed.
absl::StatusOr<std::string> RowPartition(absl::string_view row_key);

std::string SealRow(absl::string_view row_key, absl::string_view value);
// The value, as a view into `sealed`. Reason::kIntegrity when the check fails, Reason::kVersion
// when the row was written by a newer format.
absl::StatusOr<absl::string_view> OpenRow(absl::string_view row_key, absl::string_view sealed);

}  // namespace syncengine::stores

#endif  // SYNCENGINE_SRC_STORES_LMDB_ROW_H_
