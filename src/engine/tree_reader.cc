#include "src/engine/tree_reader.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "src/engine/keys.h"
#include "syncengine/base/error.h"

namespace syncengine::engine {

Revision RootRevision() { return Revision{.state = {.kind = NodeKind::kDirectory}}; }

absl::StatusOr<std::vector<std::optional<Revision>>> ReadHeads(MetadataReader& rows,
                                                               absl::Span<const NodeId> nodes) {
  std::vector<std::optional<Revision>> heads(nodes.size());
  std::vector<std::string> keys;
  keys.reserve(nodes.size());
  for (const NodeId& node : nodes) keys.push_back(NodeKey(node));
  SYNCENGINE_ASSIGN_OR_RETURN(const auto pointers, ReadRows<NodeRow>(rows, keys));
  keys.clear();
  std::vector<size_t> found;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (!pointers[i].has_value()) continue;
    keys.push_back(RevisionKey(nodes[i], pointers[i]->sequence));
    found.push_back(i);
  }
  SYNCENGINE_ASSIGN_OR_RETURN(auto revisions, ReadRows<Revision>(rows, keys));
  for (size_t i = 0; i < found.size(); ++i) {
    if (!revisions[i].has_value()) {
      return MakeError(Reason::kIntegrity,
                       absl::StrCat("node ", nodes[found[i]].ToHex(),
                                    ": its newest revision is missing; run check"));
    }
    heads[found[i]] = std::move(revisions[i]);
  }
  return heads;
}

absl::StatusOr<Revision> ReadHeadRevision(MetadataReader& rows, const NodeId& node) {
  if (node == kRootNode) return RootRevision();
  SYNCENGINE_ASSIGN_OR_RETURN(auto heads, ReadHeads(rows, {&node, 1}));
  if (!heads[0].has_value()) {
    return absl::NotFoundError(absl::StrCat("there is no node ", node.ToHex()));
  }
  return *std::move(heads[0]);
}

absl::StatusOr<std::optional<NodeId>> FindNode(MetadataReader& rows, const NodeId& directory,
                                               absl::Span<const std::string> names) {
  NodeId node = directory;
  for (const std::string& name : names) {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto child, ReadRow<NodeId>(rows, ChildKey(node, name)));
    if (!child.has_value()) return std::nullopt;
    node = *child;
  }
  return node;
}

absl::StatusOr<std::vector<ListEntry>> ReadChildren(MetadataReader& rows, const NodeId& directory,
                                                    absl::string_view after, int limit) {
  const std::string prefix = ChildPrefix(directory);
  ScanRange range{.begin = prefix, .end = PrefixEnd(prefix), .limit = limit};
  if (!after.empty()) range.begin = absl::StrCat(prefix, after, absl::string_view("\0", 1));
  SYNCENGINE_ASSIGN_OR_RETURN(const auto names, rows.Scan(range));
  std::vector<NodeId> children;
  for (const auto& [key, value] : names) {
    SYNCENGINE_ASSIGN_OR_RETURN(children.emplace_back(), DecodeRow<NodeId>(value));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(auto heads, ReadHeads(rows, children));
  std::vector<ListEntry> entries;
  entries.reserve(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    std::string name = names[i].first.substr(prefix.size());
    if (!heads[i].has_value()) {
      return MakeError(Reason::kIntegrity, absl::StrCat("name '", name, "': its node is missing"));
    }
    entries.push_back({.path = std::move(name), .revision = *std::move(heads[i])});
  }
  return entries;
}

absl::Status TreeWalk::Start(const NodeId& directory, absl::string_view after) {
  levels_ = {Level{.directory = directory}};
  for (const absl::string_view name : absl::StrSplit(after, '/', absl::SkipEmpty())) {
    Level& parent = levels_.back();
    parent.after = std::string(name);
    SYNCENGINE_ASSIGN_OR_RETURN(const auto child,
                                ReadRow<NodeId>(rows_, ChildKey(parent.directory, parent.after)));
    // What is gone has no descendants left to visit: go on behind its name.
    if (!child.has_value()) break;
    levels_.push_back({.directory = *child, .prefix = absl::StrCat(parent.prefix, name, "/")});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<ListEntry>> TreeWalk::Next() {
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.next == level.batch.size()) {
      if (level.exhausted) {
        levels_.pop_back();
        continue;
      }
      SYNCENGINE_ASSIGN_OR_RETURN(level.batch,
                                  ReadChildren(rows_, level.directory, level.after, batch_));
      level.next = 0;
      level.exhausted = level.batch.size() < static_cast<size_t>(batch_);
      if (!level.batch.empty()) level.after = level.batch.back().path;
      continue;
    }
    ListEntry entry = std::move(level.batch[level.next++]);
    entry.path = absl::StrCat(level.prefix, entry.path);
    if (entry.revision.state.kind == NodeKind::kDirectory) {
      levels_.push_back(
          {.directory = entry.revision.node, .prefix = absl::StrCat(entry.path, "/")});
    }
    return std::optional<ListEntry>(std::move(entry));
  }
  return std::nullopt;
}

absl::StatusOr<std::string> PathFinder::PathOf(const NodeId& parent, absl::string_view name) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto directory, DirectoryPath(parent));
  return directory.has_value() ? absl::StrCat(*directory, "/", name) : std::string();
}

absl::StatusOr<std::optional<std::string>> PathFinder::DirectoryPath(const NodeId& directory) {
  std::vector<std::pair<NodeId, std::string>> climbed;  // Innermost first.
  absl::flat_hash_set<NodeId> seen;
  NodeId node = directory;
  std::optional<std::string> path;
  for (;;) {
    if (node == kRootNode) {
      path = "";
      break;
    }
    if (const auto found = known_.find(node); found != known_.end()) {
      path = found->second;
      break;
    }
    SYNCENGINE_ASSIGN_OR_RETURN(const auto heads, ReadHeads(rows_, {&node, 1}));
    const std::optional<Revision>& head = heads[0];
    // Live directories have no cycles; deleted ones could, by restoring into one another.
    if (!head.has_value() || !seen.insert(node).second) break;
    climbed.emplace_back(node, head->state.name);
    node = head->state.parent;
  }
  for (auto it = climbed.rbegin(); it != climbed.rend(); ++it) {
    if (path.has_value()) path = absl::StrCat(*path, "/", it->second);
    known_[it->first] = path;
  }
  return path;
}

}  // namespace syncengine::engine
