#include "src/transfer/content_slots.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/format/manifest.h"

namespace syncengine {

absl::StatusOr<ContentSlots> ContentSlots::Open(const NamespaceKeys& keys,
                                                const ContentRef& content, const ByteRange& range) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Manifest root, OpenContentRef(keys, content));
  ContentSlots slots({std::min(range.begin, content.size), std::min(range.end, content.size)});
  slots.Insert(slots.slots_.end(), root, 0);
  return slots;
}

void ContentSlots::Insert(Iterator before, const Manifest& manifest, uint64_t offset) {
  for (const ContentEntry& entry : manifest.entries) {
    if (offset < range_.end && offset + entry.length > range_.begin) {
      slots_.insert(before, ContentSlot{entry, manifest.height, offset, false});
    }
    offset += entry.length;
  }
}

absl::StatusOr<ContentSlots::Iterator> ContentSlots::Expand(Iterator node,
                                                            absl::string_view bytes) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Manifest manifest,
                              DecodeManifestChild(bytes, node->height, node->entry));
  const bool is_first = node == slots_.begin();
  const Iterator before_first = is_first ? slots_.end() : std::prev(node);
  Insert(node, manifest, node->offset);
  slots_.erase(node);
  return is_first ? slots_.begin() : std::next(before_first);
}

absl::string_view ContentSlots::Trim(const ContentSlot& slot, absl::string_view bytes) const {
  const uint64_t skip = slot.offset < range_.begin ? range_.begin - slot.offset : 0;
  const uint64_t end = std::min<uint64_t>(bytes.size(), range_.end - slot.offset);
  return bytes.substr(skip, end - skip);
}

}  // namespace syncengine
