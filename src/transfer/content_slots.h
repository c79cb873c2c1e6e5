// The blocks of one content in order, with huge manifests expanded as one goes.
#ifndef SYNCENGINE_SRC_TRANSFER_CONTENT_SLOTS_H_
#define SYNCENGINE_SRC_TRANSFER_CONTENT_SLOTS_H_

#include <cstdint>
#include <list>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/format/content.h"
#include "syncengine/format/keys.h"

namespace syncengine {

struct ByteRange {
  uint64_t begin = 0;
  uint64_t end = ~uint64_t{0};
};

// A data block, or a manifest node that stands for the slots it will expand to.
struct ContentSlot {
  ContentEntry entry;
  uint8_t height = 0;   // Of the list that names the entry: 0 is a data block.
  uint64_t offset = 0;  // Of its first byte in the content.
  bool wanted = false;  // For its user: a fetch was begun.
};

// A list, because a node is replaced by its children in the middle. Thread-compatible.
class ContentSlots {
 public:
  using Iterator = std::list<ContentSlot>::iterator;

  // The slots of the root that touch `range`. Errors as OpenContentRef.
  static absl::StatusOr<ContentSlots> Open(const NamespaceKeys& keys, const ContentRef& content,
                                           const ByteRange& range);

  std::list<ContentSlot>& slots() { return slots_; }
  // Puts the children of `node`, whose plaintext is `bytes`, in its place; the first of them.
  absl::StatusOr<Iterator> Expand(Iterator node, absl::string_view bytes);
  // The part of a block at `slot` that is within the range.
  absl::string_view Trim(const ContentSlot& slot, absl::string_view bytes) const;
  uint64_t bytes() const { return range_.end - range_.begin; }

 private:
  explicit ContentSlots(const ByteRange& range) : range_(range) {}
  void Insert(Iterator before, const Manifest& manifest, uint64_t offset);

  ByteRange range_;
  std::list<ContentSlot> slots_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_CONTENT_SLOTS_H_
