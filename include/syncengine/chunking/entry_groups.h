// Content-defined groups of block ids: how a long list of manifest entries is split into nodes so
// that an edit changes a few nodes, not all behind it.
//
// The rule is the chunker's (chunker.h) over entries instead of bytes: a group ends after an entry,
// its value is the first four bytes of that entry's id read big-endian (ids are keyed hashes, hence
// evenly spread), the early accept has probability 1/11, and an entry equal to the one before it is
// no candidate.
#ifndef SYNCENGINE_CHUNKING_ENTRY_GROUPS_H_
#define SYNCENGINE_CHUNKING_ENTRY_GROUPS_H_

#include <cstddef>

#include "absl/types/span.h"
#include "syncengine/base/ids.h"

namespace syncengine {

// Small, because an edit rewrites one group on each level: 16 entries on each of four levels of a
// gigabyte are less than 128 on each of two.
inline constexpr size_t kEntryGroupMin = 8;
inline constexpr size_t kEntryGroupAverage = 16;  // The mean for random ids.
inline constexpr size_t kEntryGroupMax = 32;

// The number of entries in the first group of the list that goes on at `ids`; `is_last` says that
// the list ends where `ids` ends. 0 means that more entries are needed (fewer than kEntryGroupMax
// and not the last) or that there are none. Every group but the last of a list has at least
// kEntryGroupMin entries. Pure.
size_t CutEntries(absl::Span<const BlockId> ids, bool is_last);

}  // namespace syncengine

#endif  // SYNCENGINE_CHUNKING_ENTRY_GROUPS_H_
