#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/name.h"
#include "syncengine/transfer/get_tree.h"

namespace syncengine {
namespace {

using Heads = absl::flat_hash_map<NodeId, NodeState>;
using Children = absl::flat_hash_map<NodeId, std::map<std::string, NodeId>>;

// Calls `visit` for every journal entry up to `sequence` until it returns false.
template <typename Visitor>
absl::Status VisitJournal(const OpenedNamespace& opened, uint64_t sequence, Visitor visit) {
  ChangesRequest request{.limit = static_cast<int>(limits::kChangesPageMax)};
  while (true) {
    SYNCENGINE_ASSIGN_OR_RETURN(ChangesPage page,
                                opened.service->Changes(opened.record.id, request));
    for (ChangesEntry& entry : page.entries) {
      if (entry.entry.sequence > sequence || !visit(entry)) return absl::OkStatus();
    }
    if (page.entries.empty() || page.next.sequence >= page.head) return absl::OkStatus();
    request.after = page.next;
  }
}

absl::StatusOr<Heads> HeadsAsOf(const OpenedNamespace& opened, uint64_t sequence) {
  Heads heads;
  SYNCENGINE_RETURN_IF_ERROR(VisitJournal(opened, sequence, [&heads](ChangesEntry& entry) {
    if (entry.revision.has_value() && !entry.revision->aside) {
      heads[entry.entry.node] = std::move(entry.revision->state);
    }
    return true;
  }));
  return heads;
}

Children ChildrenOf(const Heads& heads) {
  Children children;
  for (const auto& [node, state] : heads) {
    if (!state.deleted) children[state.parent].emplace(state.name, node);
  }
  return children;
}

absl::StatusOr<NodeId> FindPath(const Children& children, absl::string_view path) {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<std::string> names, SplitPath(path));
  NodeId node = kRootNode;
  for (const std::string& name : names) {
    const auto directory = children.find(node);
    if (directory == children.end() || !directory->second.contains(name)) {
      return absl::NotFoundError(absl::StrCat(path, ": there was no such file at that time"));
    }
    node = directory->second.at(name);
  }
  return node;
}

NodeState RootState() {
  NodeState state;
  state.kind = NodeKind::kDirectory;
  state.attributes.mode = 0755;
  return state;
}

void AppendBelow(const Heads& heads, const Children& children, const NodeId& node,
                 const std::string& path, std::vector<GetEntry>& entries) {
  std::vector<std::pair<std::string, NodeId>> stack = {{path, node}};
  while (!stack.empty()) {
    const auto [directory, id] = std::move(stack.back());
    stack.pop_back();
    const auto found = children.find(id);
    if (found == children.end()) continue;
    for (const auto& [name, child] : found->second) {
      const NodeState& state = heads.at(child);
      std::string child_path = directory.empty() ? name : absl::StrCat(directory, "/", name);
      if (state.kind == NodeKind::kDirectory) stack.emplace_back(child_path, child);
      entries.push_back({std::move(child_path), state});
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<GetEntry>> ListTree(const OpenedNamespace& opened,
                                               const Revision& root) {
  std::vector<GetEntry> entries = {{"", root.state}};
  if (root.state.kind != NodeKind::kDirectory) return entries;
  ListRequest request{
      .directory = root.node, .limit = static_cast<int>(limits::kListPageMax), .recursive = true};
  for (bool more = true; more;) {
    SYNCENGINE_ASSIGN_OR_RETURN(ListPage page, opened.service->List(opened.record.id, request));
    more = page.more && !page.entries.empty();
    if (more) request.after = page.entries.back().path;
    for (ListEntry& entry : page.entries) {
      entries.push_back({std::move(entry.path), std::move(entry.revision.state)});
    }
  }
  return entries;
}

absl::StatusOr<std::vector<GetEntry>> ListTreeAsOf(const OpenedNamespace& opened,
                                                   absl::string_view path, uint64_t sequence) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Heads heads, HeadsAsOf(opened, sequence));
  const Children children = ChildrenOf(heads);
  SYNCENGINE_ASSIGN_OR_RETURN(const NodeId node, FindPath(children, path));
  std::vector<GetEntry> entries = {{"", node == kRootNode ? RootState() : heads.at(node)}};
  AppendBelow(heads, children, node, "", entries);
  return entries;
}

absl::StatusOr<uint64_t> SequenceAt(const OpenedNamespace& opened, absl::Time time) {
  uint64_t sequence = 0;
  SYNCENGINE_RETURN_IF_ERROR(
      VisitJournal(opened, ~uint64_t{0}, [&sequence, time](const ChangesEntry& entry) {
        if (entry.entry.time <= time) sequence = entry.entry.sequence;
        return true;
      }));
  return sequence;
}

}  // namespace syncengine
