#include "src/engine/delta_frames.h"

#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "src/engine/keys.h"
#include "syncengine/base/error.h"

namespace syncengine::engine {
namespace {

absl::StatusOr<DeltaRow> ReadDelta(MetadataReader& rows, const FrameSpot& spot) {
  SYNCENGINE_ASSIGN_OR_RETURN(auto row,
                              ReadRow<DeltaRow>(rows, DeltaKey(spot.segment, spot.offset)));
  if (row.has_value()) return *std::move(row);
  return MakeError(Reason::kIntegrity,
                   absl::StrCat("segment ", spot.segment.ToHex(), " at ", spot.offset,
                                ": a delta frame whose bases are not known; run check"));
}

bool CanBeBase(const std::optional<BlockRow>& row, uint32_t depth) {
  return IsUsable(row) && row->kind != FrameKind::kManifest && row->depth < depth;
}

}  // namespace

absl::StatusOr<std::vector<BlockId>> CollectBases(absl::Span<const SegmentFrame> frames) {
  absl::flat_hash_set<BlockId> named;
  std::vector<BlockId> bases;
  for (const SegmentFrame& frame : frames) {
    for (const BlockId& base : frame.header.bases) {
      if (named.insert(base).second) bases.push_back(base);
    }
  }
  if (bases.empty()) return bases;
  for (const SegmentFrame& frame : frames) {
    for (const FrameBlock& block : frame.header.blocks) {
      if (!named.contains(block.id)) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("segment: block ", block.id.ToHex(),
                       " is the base of a delta in the same segment; store it before"));
    }
  }
  return bases;
}

std::vector<BlockId> MissingBases(const BlockTable& blocks, absl::Span<const SegmentFrame> frames) {
  absl::flat_hash_set<BlockId> found;
  std::vector<BlockId> missing;
  for (const SegmentFrame& frame : frames) {
    for (const BlockId& base : frame.header.bases) {
      if (CanBeBase(blocks.row(base), frame.header.depth)) continue;
      if (found.insert(base).second) missing.push_back(base);
    }
  }
  return missing;
}

absl::Status AddDelta(MetadataWriter& rows, BlockTable& blocks, const FrameSpot& spot,
                      const FrameHeader& header, uint32_t count) {
  for (const BlockId& base : header.bases) blocks.AddReference(base);
  return rows.Put(DeltaKey(spot.segment, spot.offset),
                  EncodeRow(DeltaRow{.blocks = count, .bases = header.bases}));
}

absl::Status DropFromDelta(MetadataWriter& rows, BlockTable& blocks, const BlockRow& row) {
  const FrameSpot spot{row.segment, row.offset};
  SYNCENGINE_ASSIGN_OR_RETURN(DeltaRow delta, ReadDelta(rows, spot));
  const std::string key = DeltaKey(spot.segment, spot.offset);
  if (delta.blocks > 1) {
    --delta.blocks;
    return rows.Put(key, EncodeRow(delta));
  }
  SYNCENGINE_RETURN_IF_ERROR(blocks.Load(delta.bases));
  for (const BlockId& base : delta.bases) {
    SYNCENGINE_RETURN_IF_ERROR(blocks.DropReference(base));
  }
  return rows.Delete(key);
}

}  // namespace syncengine::engine
