// The bases of delta frames: what must not be collected while a frame needs it to be opened.
#ifndef SYNCENGINE_ENGINE_DELTA_FRAMES_H_
#define SYNCENGINE_ENGINE_DELTA_FRAMES_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "src/engine/block_table.h"
#include "src/engine/rows.h"
#include "syncengine/base/ids.h"
#include "syncengine/format/frame.h"
#include "syncengine/format/segment.h"

namespace syncengine::engine {

// Where a frame is.
struct FrameSpot {
  SegmentId segment;
  uint32_t offset = 0;
};

// The distinct bases that the frames of a segment name. kInvalidArgument when one of them is in the
// segment itself: bases are there before what needs them.
absl::StatusOr<std::vector<BlockId>> CollectBases(absl::Span<const SegmentFrame> frames);

// Those of the bases of `frames` that cannot be bases (any more): absent, dying, no content, or
// too deep. All of them are loaded.
std::vector<BlockId> MissingBases(const BlockTable& blocks, absl::Span<const SegmentFrame> frames);

// `count` blocks of a delta frame, at least one, are stored at `spot`; its bases are counted once.
absl::Status AddDelta(MetadataWriter& rows, BlockTable& blocks, const FrameSpot& spot,
                      const FrameHeader& header, uint32_t count);

// A block that was stored in a delta frame at `row`'s place is not any more (it became DELETING).
// With the frame's last block goes what it counts of its bases. Loads these into `blocks`.
absl::Status DropFromDelta(MetadataWriter& rows, BlockTable& blocks, const BlockRow& row);

}  // namespace syncengine::engine

#endif  // SYNCENGINE_ENGINE_DELTA_FRAMES_H_
