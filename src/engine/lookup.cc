// Look-up: heads by path or id, directories, histories. Each answer is of one snapshot.
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/engine/keys.h"
#include "src/engine/transactions.h"
#include "src/engine/tree_reader.h"
#include "src/engine/verbs.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/name.h"

namespace syncengine::engine {
namespace {

absl::Status CheckLimit(int limit) {
  if (limit >= 1 && static_cast<size_t>(limit) <= limits::kListPageMax) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("limit: ", limit, ", expected 1 to ", limits::kListPageMax));
}

absl::Status CheckDirectory(MetadataReader& rows, const NodeId& directory) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision head, ReadHeadRevision(rows, directory));
  if (head.state.deleted) {
    return absl::NotFoundError(absl::StrCat("the directory ", directory.ToHex(), " is deleted"));
  }
  if (head.state.kind != NodeKind::kDirectory) {
    return absl::FailedPreconditionError(absl::StrCat(directory.ToHex(), " is a ",
                                                      NodeKindName(head.state.kind),
                                                      "; only directories have children"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ListEntry>> ReadDescendants(MetadataReader& rows,
                                                       const ListRequest& request, int count) {
  TreeWalk walk(rows, count);
  SYNCENGINE_RETURN_IF_ERROR(walk.Start(request.directory, request.after));
  std::vector<ListEntry> entries;
  while (entries.size() < static_cast<size_t>(count)) {
    SYNCENGINE_ASSIGN_OR_RETURN(auto entry, walk.Next());
    if (!entry.has_value()) break;
    entries.push_back(*std::move(entry));
  }
  return entries;
}

absl::StatusOr<NodeId> Resolve(MetadataReader& rows, const NodeTarget& target) {
  if (target.node.has_value()) return *target.node;
  SYNCENGINE_ASSIGN_OR_RETURN(const auto names, SplitPath(target.path));
  SYNCENGINE_ASSIGN_OR_RETURN(const auto node, FindNode(rows, kRootNode, names));
  if (!node.has_value()) {
    return absl::NotFoundError(absl::StrCat("there is nothing at ", JoinPath(names)));
  }
  return *node;
}

}  // namespace

absl::StatusOr<Revision> Stat(const EnginePorts& ports, const NamespaceId& id,
                              const NodeTarget& target) {
  Revision head;
  const auto read = [&](MetadataReader& rows, const HeadRow&) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(const NodeId node, Resolve(rows, target));
    SYNCENGINE_ASSIGN_OR_RETURN(head, ReadHeadRevision(rows, node));
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(ports, id, read));
  return head;
}

absl::StatusOr<ListPage> List(const EnginePorts& ports, const NamespaceId& id,
                              const ListRequest& request) {
  SYNCENGINE_RETURN_IF_ERROR(CheckLimit(request.limit));
  if (request.after.size() > limits::kPathBytesMax) {
    return absl::InvalidArgumentError("after: longer than any path");
  }
  const int count = request.limit + 1;  // One more tells whether there is more.
  ListPage page;
  const auto read = [&](MetadataReader& rows, const HeadRow&) -> absl::Status {
    SYNCENGINE_RETURN_IF_ERROR(CheckDirectory(rows, request.directory));
    if (request.recursive) {
      SYNCENGINE_ASSIGN_OR_RETURN(page.entries, ReadDescendants(rows, request, count));
      return absl::OkStatus();
    }
    if (!request.after.empty()) SYNCENGINE_RETURN_IF_ERROR(ValidateName(request.after));
    SYNCENGINE_ASSIGN_OR_RETURN(page.entries,
                                ReadChildren(rows, request.directory, request.after, count));
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(ports, id, read));
  page.more = page.entries.size() == static_cast<size_t>(count);
  if (page.more) page.entries.pop_back();
  return page;
}

absl::StatusOr<RevisionPage> Revisions(const EnginePorts& ports, const NamespaceId& id,
                                       const RevisionsRequest& request) {
  SYNCENGINE_RETURN_IF_ERROR(CheckLimit(request.limit));
  RevisionPage page;
  const ScanRange range{.begin = RevisionKey(request.node, 0),
                        .end = request.before_sequence == 0
                                   ? PrefixEnd(NodeKey(request.node))
                                   : RevisionKey(request.node, request.before_sequence),
                        .limit = request.limit + 1,
                        .reverse = true};
  const auto read = [&](MetadataReader& rows, const HeadRow&) -> absl::Status {
    page = RevisionPage();
    SYNCENGINE_RETURN_IF_ERROR(ReadHeadRevision(rows, request.node).status());
    SYNCENGINE_ASSIGN_OR_RETURN(const auto found, rows.Scan(range));
    for (const auto& [key, value] : found) {
      SYNCENGINE_ASSIGN_OR_RETURN(Revision revision, DecodeRevision(value));
      page.revisions.push_back(std::move(revision));
    }
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(ports, id, read));
  page.more = page.revisions.size() > static_cast<size_t>(request.limit);
  if (page.more) page.revisions.pop_back();
  return page;
}

}  // namespace syncengine::engine
