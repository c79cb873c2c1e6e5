// Opened frames that may be needed again.
#ifndef SYNCENGINE_SRC_TRANSFER_FRAME_CACHE_H_
#define SYNCENGINE_SRC_TRANSFER_FRAME_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/ids.h"
#include "syncengine/format/frame.h"

namespace syncengine {

// A verified block and what keeps its bytes alive (shared with other blocks of one frame).
struct FetchedBlock {
  std::shared_ptr<const void> owner;
  absl::string_view bytes;
  uint32_t depth = 0;  // Of the frame it came in (FrameHeader::depth).
};

// The least recently used frames go first. Thread-compatible.
class FrameCache {
 public:
  explicit FrameCache(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  void Add(std::shared_ptr<const OpenedFrame> frame);
  // A copy of the block, so that it does not keep a whole frame in memory.
  std::optional<FetchedBlock> Find(const BlockId& id);

 private:
  struct Entry {
    std::shared_ptr<const OpenedFrame> frame;  // Shared with readers of its blocks.
    size_t bytes = 0;
  };
  struct Place {
    std::list<Entry>::iterator entry;
    size_t index = 0;
  };

  void DropOldest();

  const uint64_t bytes_max_;
  uint64_t bytes_ = 0;
  std::list<Entry> entries_;  // Most recently used first.
  absl::flat_hash_map<BlockId, Place> places_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_FRAME_CACHE_H_
