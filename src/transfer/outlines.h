// Remembers the outline of the content that was last uploaded for a node.
#ifndef SYNCENGINE_SRC_TRANSFER_OUTLINES_H_
#define SYNCENGINE_SRC_TRANSFER_OUTLINES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "syncengine/base/ids.h"
#include "syncengine/ports/metadata_store.h"

namespace syncengine {

// A partition of a store on the client's side. A cache: losing it only costs asking for blocks.
// With a null store it remembers nothing. Thread-compatible.
class Outlines {
 public:
  Outlines(MetadataStore* store, const NamespaceId& id);

  // Empty when there is none.
  std::string Find(const NodeId& node) const;
  // Queues a row, an empty one to forget the node; written by Flush, or when there is much.
  void Remember(const NodeId& node, std::string outline);
  absl::Status Flush();

 private:
  MetadataStore* const store_;
  const std::string partition_;
  std::vector<std::pair<NodeId, std::string>> rows_;
  size_t bytes_ = 0;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_OUTLINES_H_
