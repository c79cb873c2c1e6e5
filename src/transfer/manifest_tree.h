// Builds the manifest of one content while its blocks arrive.
#ifndef SYNCENGINE_SRC_TRANSFER_MANIFEST_TREE_H_
#define SYNCENGINE_SRC_TRANSFER_MANIFEST_TREE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "syncengine/base/ids.h"
#include "syncengine/format/content.h"
#include "syncengine/format/keys.h"

namespace syncengine {

// The plaintext of a manifest block.
struct ManifestNode {
  BlockId id;
  std::string bytes;
};

// Cuts every list of entries that is too long for a root into nodes (chunking/entry_groups.h) as
// soon as they are complete, so that it holds at most some hundred entries for each level. The
// result depends on the entries only. Thread-compatible.
class ManifestTree {
 public:
  // `keys` outlives the tree.
  explicit ManifestTree(const NamespaceKeys& keys) : keys_(keys) {}

  // Appends a data block. Nodes that are complete now are appended to `nodes`, children first.
  absl::Status Add(const ContentEntry& entry, std::vector<ManifestNode>& nodes);
  // Ends the content: the last nodes are appended to `nodes`, the root is returned.
  absl::StatusOr<Manifest> Finish(std::vector<ManifestNode>& nodes);

 private:
  struct Level {
    std::vector<ContentEntry> entries;  // Not yet in a node.
    std::vector<BlockId> ids;           // Of `entries`.
    bool has_nodes = false;             // Some entries are in nodes already.
  };

  absl::Status AddAt(size_t height, const ContentEntry& entry, std::vector<ManifestNode>& nodes);
  absl::Status CutAt(size_t height, bool is_last, std::vector<ManifestNode>& nodes);

  const NamespaceKeys& keys_;
  std::vector<Level> levels_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_MANIFEST_TREE_H_
