#include "syncengine/transfer/resolve.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "src/transfer/store_content.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine {
namespace {

absl::StatusOr<Revision> FindRevision(const OpenedNamespace& opened, const NodeId& node,
                                      const RevisionId& id) {
  RevisionsRequest request{.node = node, .limit = static_cast<int>(limits::kListPageMax)};
  for (bool more = true; more;) {
    SYNCENGINE_ASSIGN_OR_RETURN(RevisionPage page,
                                opened.service->Revisions(opened.record.id, request));
    for (Revision& revision : page.revisions) {
      if (revision.id == id) return std::move(revision);
    }
    more = page.more && !page.revisions.empty();
    if (more) request.before_sequence = page.revisions.back().sequence;
  }
  return absl::NotFoundError(absl::StrCat("revision ", id.ToHex(), " is not kept any more"));
}

}  // namespace

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

absl::StatusOr<Revision> UndoMerge(const ResolvePorts& ports, const Revision& merge,
                                   MergeParent parent) {
  if (merge.merged_from.IsZero()) {
    return absl::InvalidArgumentError(
        absl::StrCat("undo: revision ", merge.id.ToHex(), " merges nothing; restore a revision"));
  }
  const RevisionId& wanted = parent == MergeParent::kOurs ? merge.merged_from : merge.parent;
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision chosen,
                              FindRevision(ports.opened, merge.node, wanted));
  Change change{.node = merge.node, .base = merge.id, .state = chosen.state};
  change.state.deleted = false;
  change.state.parent = merge.state.parent;
  change.state.name = merge.state.name;
  change.state.attributes.sealed.clear();
  const CommitRequest request{.op = ports.entropy.NewId<OpId>(), .changes = {change}};
  SYNCENGINE_ASSIGN_OR_RETURN(const CommitResult result,
                              ports.opened.service->Commit(ports.opened.record.id, request));
  if (!result.committed)
    return absl::AbortedError("undo: the file changed since it was looked at; look again");
  Revision head = merge;
  head.id = result.outcomes.front().revision;
  head.parent = merge.id;
  head.merged_from = RevisionId();
  head.sequence = result.outcomes.front().sequence;
  head.committed_at = ports.clock.Now();
  head.state = std::move(change.state);
  return head;
}

}  // namespace syncengine
