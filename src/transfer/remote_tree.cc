#include "src/transfer/remote_tree.h"

#include <utility>

#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine {

RemoteNode ToRemoteNode(const Revision& revision) {
  return {.node = revision.node,
          .revision = revision.id,
          .kind = revision.state.kind,
          .size = revision.state.content.size,
          .mode = revision.state.attributes.mode,
          .mtime_ns = revision.state.attributes.mtime_ns,
          .symlink_target = revision.state.attributes.symlink_target};
}

absl::StatusOr<RemoteTree> ListRemoteTree(Service& service, const NamespaceId& id,
                                          const NodeId& directory) {
  RemoteTree tree;
  ListRequest request{
      .directory = directory, .limit = static_cast<int>(limits::kListPageMax), .recursive = true};
  for (bool more = true; more;) {
    SYNCENGINE_ASSIGN_OR_RETURN(ListPage page, service.List(id, request));
    more = page.more && !page.entries.empty();
    if (more) request.after = page.entries.back().path;
    for (ListEntry& entry : page.entries) {
      tree.emplace(std::move(entry.path), ToRemoteNode(entry.revision));
    }
  }
  return tree;
}

}  // namespace syncengine
