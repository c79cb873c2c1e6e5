// A summary of a content that a service is believed to have.
#ifndef SYNCENGINE_SRC_TRANSFER_OUTLINE_H_
#define SYNCENGINE_SRC_TRANSFER_OUTLINE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/ids.h"
#include "syncengine/format/content.h"

namespace syncengine {

// The blocks and manifest nodes of a content in few bytes: 12 for a block, 8 for a node. It only
// ever saves questions: whoever stores a manifest node or a revision checks that what it names is
// there. So it may be old, and a shortened id may be another one's. Thread-compatible.
class Outline {
 public:
  struct Block {
    uint64_t id = 0;  // Its first eight bytes.
    uint32_t length = 0;
  };

  // Of more blocks than this there is no outline: 16 GiB in blocks of the usual size.
  static constexpr size_t kBlocksMax = size_t{1} << 20;

  // Blocks in the order of the content. After more than kBlocksMax it is empty for good.
  void Add(const ContentEntry& block);
  void AddNode(const BlockId& id) {
    if (!too_large_) nodes_.push_back(Short(id));
  }
  const std::vector<Block>& blocks() const { return blocks_; }
  bool empty() const { return blocks_.empty(); }
  bool Has(const BlockId& id) const { return known_.contains(Short(id)); }

  std::string Encode() const;
  // Empty when `bytes` are not what Encode writes.
  static Outline Decode(absl::string_view bytes);

 private:
  static uint64_t Short(const BlockId& id);

  std::vector<Block> blocks_;
  std::vector<uint64_t> nodes_;
  absl::flat_hash_set<uint64_t> known_;  // Of a decoded one.
  bool too_large_ = false;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_OUTLINE_H_
