// The content that an upload replaces, looked at only where it is needed.
#ifndef SYNCENGINE_SRC_TRANSFER_OLD_CONTENT_H_
#define SYNCENGINE_SRC_TRANSFER_OLD_CONTENT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "src/transfer/block_fetcher.h"
#include "src/transfer/content_slots.h"
#include "syncengine/format/content.h"
#include "syncengine/format/keys.h"

namespace syncengine {

// A block that old and new content have in common.
struct Anchor {
  BlockId id;
  uint64_t offset = 0;  // In the new content.
  uint64_t length = 0;
};

// A stretch of new blocks, between what is known around them.
struct NewStretch {
  uint64_t begin = 0;  // In the new content.
  uint64_t end = 0;
  std::optional<Anchor> before;
  std::optional<Anchor> after;
};

// Which old blocks were where the new ones are. Manifest nodes are fetched as they are needed, so
// that an edit of a huge file costs a few of them. Single-threaded; lives beside its fetcher.
class OldContent {
 public:
  static absl::StatusOr<std::unique_ptr<OldContent>> Open(const NamespaceKeys& keys,
                                                          const ContentRef& content,
                                                          BlockFetcher& fetcher);
  ~OldContent();
  OldContent(const OldContent&) = delete;
  OldContent& operator=(const OldContent&) = delete;

  // The blocks that `stretch` probably replaces, in their order, at most about twice as many bytes;
  // nothing while nodes are on their way. Fails when a node cannot be had.
  absl::StatusOr<std::optional<std::vector<ContentEntry>>> FindReplaced(const NewStretch& stretch);

 private:
  struct Slot {
    ContentEntry entry;
    uint8_t height = 0;
    bool wanted = false;
  };
  using Slots = std::map<uint64_t, Slot>;  // By offset.

  OldContent(uint64_t size, BlockFetcher& fetcher) : size_(size), fetcher_(fetcher) {}

  void Insert(const Manifest& manifest, uint64_t offset);
  // True when all of `range` is known block by block.
  absl::StatusOr<bool> Expand(const ByteRange& range);
  ByteRange Guess(const NewStretch& stretch) const;
  // Where a block is in the old content; of several places the one nearest to `near`.
  std::optional<uint64_t> Find(const BlockId& id, uint64_t near) const;
  std::vector<ContentEntry> Collect(const ByteRange& range) const;

  const uint64_t size_;
  BlockFetcher& fetcher_;
  Slots slots_;
  absl::flat_hash_map<BlockId, std::vector<uint64_t>> places_;
  int64_t drift_ = 0;  // Old offset less new offset, after the last stretch that was found.
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_OLD_CONTENT_H_
