#include "syncengine/transfer/resolve.h"

#include <utility>

#include "src/transfer/store_content.h"
#include "syncengine/base/error.h"

namespace syncengine {

absl::StatusOr<ResolveResult> ResolveWithContent(
    const ResolvePorts& ports, const ConflictRecord& conflict,
    const std::function<absl::StatusOr<std::unique_ptr<ContentSource>>()>& open,
    std::stop_token stop) {
  if (conflict.theirs.state.kind != NodeKind::kFile) {
    return absl::InvalidArgumentError("resolve: only files have a content; choose ours or theirs");
  }
  Service& service = *ports.opened.service;
  const NamespaceId& id = ports.opened.record.id;
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision head,
                              service.Stat(id, {.path = "", .node = conflict.node}));
  if (head.id != conflict.head) return ResolveResult{.head = head};
  ResolveRequest request{.conflict = conflict.id,
                         .decision = ConflictDecision::kMerged,
                         .expected_head = conflict.head,
                         .merged = head.state};
  request.merged->deleted = false;
  request.merged->attributes.sealed.clear();
  request.merged->attributes.mtime_ns = absl::ToUnixNanos(ports.clock.Now());
  Uploader uploader(ports.opened, ports.executor, ports.entropy, ports.clock, StoringOptions());
  ResolveResult result;
  for (int attempt = 0; attempt < 2; ++attempt) {
    SYNCENGINE_ASSIGN_OR_RETURN(StoredContent stored,
                                StoreContent(uploader, conflict.path, open, stop));
    request.merged->content = std::move(stored.content);
    SYNCENGINE_ASSIGN_OR_RETURN(result, service.Resolve(id, request));
    if (result.missing.empty()) break;  // Otherwise they were collected in between: once more.
  }
  return result;
}

}  // namespace syncengine
