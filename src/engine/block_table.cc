#include "src/engine/block_table.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/base/planted_bugs.h"
#include "src/engine/keys.h"
#include "syncengine/base/error.h"

namespace syncengine::engine {

absl::Status BlockTable::Load(absl::Span<const BlockId> ids) {
  std::vector<std::string> keys;
  for (const BlockId& id : ids) {
    if (!blocks_.try_emplace(id).second) continue;
    keys.push_back(BlockKey(id));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(auto found, ReadRows<BlockRow>(rows_, keys));
  for (size_t i = 0; i < keys.size(); ++i) {
    SYNCENGINE_ASSIGN_OR_RETURN(const BlockId id, BlockId::FromBytes(keys[i].substr(1)));
    blocks_[id].row = std::move(found[i]);
  }
  return absl::OkStatus();
}

std::vector<BlockId> BlockTable::Missing(absl::Span<const BlockId> ids) const {
  std::vector<BlockId> missing;
  for (const BlockId& id : ids) {
    if (!usable(id)) missing.push_back(id);
  }
  return missing;
}

void BlockTable::Touch(const BlockId& id) {
  Block& block = blocks_.at(id);
  if (block.row->state == BlockState::kPresent && block.row->touch_epoch >= epoch_) return;
  block.row->state = BlockState::kPresent;
  block.row->touch_epoch = epoch_;
  block.changed = true;
}

void BlockTable::AddReference(const BlockId& id) {
  if (!PlantedBug(Bug::kReferenceWithoutTouch)) Touch(id);
  Block& block = blocks_.at(id);
  if (PlantedBug(Bug::kSharedBlockCountedOnce) && block.row->refs > 0) return;
  ++block.row->refs;
  block.changed = true;
}

absl::Status BlockTable::DropReference(const BlockId& id) {
  Block& block = blocks_.at(id);
  if (!block.row.has_value() || block.row->refs == 0) {
    return MakeError(Reason::kIntegrity, absl::StrCat("block ", id.ToHex(),
                                                      ": referred to and not counted; run check"));
  }
  --block.row->refs;
  block.changed = true;
  return absl::OkStatus();
}

void BlockTable::Condemn(const BlockId& id) {
  Block& block = blocks_.at(id);
  block.row->state = BlockState::kCondemned;
  block.row->touch_epoch = epoch_;
  block.changed = true;
}

void BlockTable::MarkDeleting(const BlockId& id) {
  Block& block = blocks_.at(id);
  block.row->state = BlockState::kDeleting;
  block.row->touch_epoch = epoch_;
  block.changed = true;
}

void BlockTable::Insert(const BlockId& id, const BlockRow& row) {
  Block& block = blocks_.at(id);
  block.row = row;
  block.row->touch_epoch = epoch_;
  block.changed = true;
}

absl::Status BlockTable::Write(MetadataWriter& rows) const {
  for (const auto& [id, block] : blocks_) {
    if (!block.changed) continue;
    SYNCENGINE_RETURN_IF_ERROR(rows.Put(BlockKey(id), EncodeRow(*block.row)));
  }
  return absl::OkStatus();
}

}  // namespace syncengine::engine
