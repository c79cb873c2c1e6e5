#include "src/transfer/same_content.h"

#include "syncengine/format/manifest.h"

namespace syncengine {

bool SameContent(const NamespaceKeys& keys, const ContentRef& a, const ContentRef& b) {
  if (a.size != b.size || a.blocks != b.blocks) return false;
  if (a.size == 0) return true;
  const auto left = OpenContentRef(keys, a);
  const auto right = OpenContentRef(keys, b);
  return left.ok() && right.ok() && *left == *right;
}

}  // namespace syncengine
