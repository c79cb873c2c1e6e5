// The block rows that one transaction reads and changes.
#ifndef SYNCENGINE_ENGINE_BLOCK_TABLE_H_
#define SYNCENGINE_ENGINE_BLOCK_TABLE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "src/base/planted_bugs.h"
#include "src/engine/rows.h"
#include "syncengine/base/ids.h"

namespace syncengine::engine {

// Whether a block with this row may be named. Absent and dying blocks are missing.
inline bool IsUsable(const std::optional<BlockRow>& row) {
  return row.has_value() && (row->usable() || PlantedBug(Bug::kDyingBlockIsPresent));
}

// Reads each row once, in batches, and writes those that changed once, at the end. Single-threaded.
class BlockTable {
 public:
  // `epoch` is HeadRow::epoch. `rows` outlives the table.
  BlockTable(MetadataReader& rows, uint64_t epoch) : rows_(rows), epoch_(epoch) {}

  // Reads those of `ids` that were not read yet; every other method is for ids that were.
  absl::Status Load(absl::Span<const BlockId> ids);

  const std::optional<BlockRow>& row(const BlockId& id) const { return blocks_.at(id).row; }
  bool usable(const BlockId& id) const { return IsUsable(row(id)); }
  // Those of `ids` that may not be named, in order.
  std::vector<BlockId> Missing(absl::Span<const BlockId> ids) const;

  // Marks a usable block as wanted now: revives it when it is condemned.
  void Touch(const BlockId& id);
  // Counts one more reference to a usable block.
  void AddReference(const BlockId& id);
  // Takes one back; Reason::kIntegrity when none is counted.
  absl::Status DropReference(const BlockId& id);
  // Takes a usable block out of use, with the next steps of collection (keys.h).
  void Condemn(const BlockId& id);
  void MarkDeleting(const BlockId& id);
  // A block that was not usable is stored at a new place.
  void Insert(const BlockId& id, const BlockRow& row);

  absl::Status Write(MetadataWriter& rows) const;

 private:
  struct Block {
    std::optional<BlockRow> row;
    bool changed = false;
  };

  MetadataReader& rows_;
  const uint64_t epoch_;
  absl::btree_map<BlockId, Block> blocks_;
};

}  // namespace syncengine::engine

#endif  // SYNCENGINE_ENGINE_BLOCK_TABLE_H_
