#include "src/engine/keys.h"

namespace syncengine::engine {

std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty() && static_cast<uint8_t>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<uint8_t>(prefix.back()) + 1);
  return prefix;
}

std::string SegmentObjectPrefix(const NamespaceId& id) {
  return absl::StrCat("segments/", id.ToHex(), "/");
}

std::string SegmentObject(const NamespaceId& id, const SegmentId& segment) {
  return absl::StrCat(SegmentObjectPrefix(id), segment.ToHex());
}

}  // namespace syncengine::engine
