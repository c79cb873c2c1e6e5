// A compact picture of a directory of a namespace and everything below it.
#ifndef SYNCENGINE_SRC_TRANSFER_REMOTE_TREE_H_
#define SYNCENGINE_SRC_TRANSFER_REMOTE_TREE_H_

#include <string>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "syncengine/ports/service.h"

namespace syncengine {

// What PutTree compares with; content stays on the server.
struct RemoteNode {
  NodeId node;
  RevisionId revision;
  NodeKind kind = NodeKind::kFile;
  uint64_t size = 0;
  uint32_t mode = 0;
  int64_t mtime_ns = 0;
  std::string symlink_target;
};

// By path relative to the directory ("a/b").
using RemoteTree = absl::btree_map<std::string, RemoteNode>;

RemoteNode ToRemoteNode(const Revision& revision);

// Lists everything below `directory`; pages of a few thousand entries.
absl::StatusOr<RemoteTree> ListRemoteTree(Service& service, const NamespaceId& id,
                                          const NodeId& directory);

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_REMOTE_TREE_H_
