#include "syncengine/chunking/entry_groups.h"

#include <algorithm>
#include <cstdint>

namespace syncengine {
namespace {

constexpr uint32_t kAcceptBelow = 390'451'572;  // 2^32 / 11

uint32_t EntryValue(const BlockId& id) {
  const uint8_t* bytes = id.data();
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 |
         uint32_t{bytes[3]};
}

}  // namespace

size_t CutEntries(absl::Span<const BlockId> ids, bool is_last) {
  if (ids.size() < kEntryGroupMax && !is_last) return 0;
  if (ids.size() <= kEntryGroupMin) return ids.size();
  const size_t limit = std::min(ids.size(), kEntryGroupMax);
  uint32_t least = UINT32_MAX;
  size_t cut = limit;
  for (size_t count = kEntryGroupMin; count <= limit && least >= kAcceptBelow; ++count) {
    const BlockId& ending = ids[count - 1];
    if (ending == ids[count - 2] || EntryValue(ending) >= least) continue;
    least = EntryValue(ending);
    cut = count;
  }
  return cut;
}

}  // namespace syncengine
