// The steps of a block: condemned, deleted, forgotten. Each looks at the rows again inside the
// transaction that changes them.
#include <algorithm>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "src/engine/block_table.h"
#include "src/engine/collection.h"
#include "src/engine/delta_frames.h"
#include "src/engine/keys.h"
#include "src/engine/transactions.h"
#include "syncengine/base/error.h"

namespace syncengine::engine {
namespace {

bool IsDue(const std::optional<BlockRow>& row, const std::optional<uint64_t>& horizon) {
  return row.has_value() && row->state == BlockState::kCondemned && row->refs == 0 &&
         horizon.has_value() && row->touch_epoch <= *horizon;
}

// Takes the references of a manifest block back, and its list. Says how many rows that took.
absl::StatusOr<size_t> DropChildren(MetadataWriter& rows, BlockTable& blocks, const BlockId& id) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto children, ReadRow<ChildrenRow>(rows, ChildrenKey(id)));
  if (!children.has_value()) {
    return MakeError(Reason::kIntegrity,
                     absl::StrCat("manifest ", id.ToHex(), ": its children are not known"));
  }
  SYNCENGINE_RETURN_IF_ERROR(blocks.Load(children->ids));
  for (const BlockId& child : children->ids) {
    SYNCENGINE_RETURN_IF_ERROR(blocks.DropReference(child));
  }
  SYNCENGINE_RETURN_IF_ERROR(rows.Delete(ChildrenKey(id)));
  return children->ids.size();
}

// Blocks that left each segment.
using Leavers = absl::btree_map<SegmentId, uint64_t>;

absl::Status CountOut(MetadataWriter& rows, const Leavers& leavers) {
  for (const auto& [id, count] : leavers) {
    SYNCENGINE_ASSIGN_OR_RETURN(auto row, ReadRow<SegmentRow>(rows, SegmentKey(id)));
    if (!row.has_value() || row->blocks_live < count) {
      return MakeError(Reason::kIntegrity, absl::StrCat("segment ", id.ToHex(),
                                                        ": has more blocks "
                                                        "than it counts; run check"));
    }
    row->blocks_live -= count;
    SYNCENGINE_RETURN_IF_ERROR(rows.Put(SegmentKey(id), EncodeRow(*row)));
  }
  return absl::OkStatus();
}

// One transaction's part of a long list. Single-threaded.
struct Batch {
  size_t handled = 0;
  size_t changed = 0;
};

}  // namespace

absl::Status Collection::Condemn(const std::vector<BlockId>& ids) {
  const size_t slice = static_cast<size_t>(options_.slice_rows);
  for (size_t begin = 0; begin < ids.size(); begin += slice) {
    SYNCENGINE_RETURN_IF_ERROR(CheckStop());
    const auto some = absl::MakeConstSpan(ids).subspan(begin, slice);
    uint64_t condemned = 0;
    const auto condemn = [&](MetadataWriter& rows, HeadRow&) -> absl::Status {
      condemned = 0;
      BlockTable blocks(rows, epoch_);
      SYNCENGINE_RETURN_IF_ERROR(blocks.Load(some));
      for (const BlockId& id : some) {
        const auto& row = blocks.row(id);
        if (!row.has_value() || row->state != BlockState::kPresent || row->refs > 0 ||
            row->touch_epoch >= touched_before_) {
          continue;
        }
        blocks.Condemn(id);
        ++condemned;
      }
      return blocks.Write(rows);
    };
    SYNCENGINE_RETURN_IF_ERROR(Fenced(condemn));
    condemned_ += condemned;
    report_.blocks_condemned += condemned;
  }
  return absl::OkStatus();
}

absl::Status Collection::DeleteBlocks(const std::vector<BlockId>& ids) {
  const size_t slice = static_cast<size_t>(options_.slice_rows);
  for (size_t begin = 0; begin < ids.size();) {
    SYNCENGINE_RETURN_IF_ERROR(CheckStop());
    Batch batch;
    const auto remove = [&](MetadataWriter& rows, HeadRow&) -> absl::Status {
      batch = Batch();
      Leavers leavers;
      BlockTable blocks(rows, epoch_);
      SYNCENGINE_RETURN_IF_ERROR(blocks.Load(absl::MakeConstSpan(ids).subspan(begin, slice)));
      for (size_t budget = slice; begin + batch.handled < ids.size() && budget > 0; --budget) {
        const BlockId& id = ids[begin + batch.handled++];
        const auto row = blocks.row(id);
        if (!IsDue(row, horizon_)) continue;
        blocks.MarkDeleting(id);
        ++leavers[row->segment];
        ++batch.changed;
        if (row->kind == FrameKind::kDelta) {
          SYNCENGINE_RETURN_IF_ERROR(DropFromDelta(rows, blocks, *row));
        }
        if (row->kind != FrameKind::kManifest) continue;
        SYNCENGINE_ASSIGN_OR_RETURN(const size_t children, DropChildren(rows, blocks, id));
        budget -= std::min(children, budget - 1);
      }
      SYNCENGINE_RETURN_IF_ERROR(blocks.Write(rows));
      SYNCENGINE_RETURN_IF_ERROR(CountOut(rows, leavers));
      return AddUsage(rows, {.blocks = ~uint64_t{batch.changed} + 1});
    };
    SYNCENGINE_RETURN_IF_ERROR(Fenced(remove));
    begin += batch.handled;
    deleted_ += batch.changed;
    report_.blocks_deleted += batch.changed;
  }
  return absl::OkStatus();
}

absl::Status Collection::ForgetDeleted(const std::vector<BlockId>& ids) {
  if (ids.empty()) return absl::OkStatus();
  // Those that may go; read in a transaction that only reads, because mostly there are none.
  const auto find = [&](MetadataReader& rows, std::vector<BlockId>& gone) -> absl::Status {
    gone.clear();
    std::vector<std::string> keys;
    for (const BlockId& id : ids) keys.push_back(BlockKey(id));
    SYNCENGINE_ASSIGN_OR_RETURN(const auto blocks, ReadRows<BlockRow>(rows, keys));
    for (size_t i = 0; i < ids.size(); ++i) {
      if (!blocks[i].has_value() || blocks[i]->usable()) continue;
      SYNCENGINE_ASSIGN_OR_RETURN(const auto segment, rows.Get(SegmentKey(blocks[i]->segment)));
      if (!segment.has_value()) gone.push_back(ids[i]);
    }
    return absl::OkStatus();
  };
  std::vector<BlockId> gone;
  SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(
      ports_, id_, [&](MetadataReader& rows, const HeadRow&) { return find(rows, gone); }));
  if (gone.empty()) return absl::OkStatus();
  return Fenced([&](MetadataWriter& rows, HeadRow&) -> absl::Status {
    SYNCENGINE_RETURN_IF_ERROR(find(rows, gone));
    for (const BlockId& id : gone) SYNCENGINE_RETURN_IF_ERROR(rows.Delete(BlockKey(id)));
    return absl::OkStatus();
  });
}

}  // namespace syncengine::engine
