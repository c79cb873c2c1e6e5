#include "syncengine/reconcile/matching.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace syncengine {
namespace {

using Inode = std::pair<uint64_t, uint64_t>;

Inode InodeOf(const Fingerprint& print) { return {print.device, print.inode}; }

// Assigns nodes top-down. Hash maps are only looked up, never walked, so order does not depend on
// them.
class Matcher {
 public:
  Matcher(const SyncedTree& synced, const RemoteChanges& remote, const LocalTree& local,
          const MatchOptions& options)
      : synced_(synced), remote_(remote), local_(local), options_(options) {
    IndexSynced();
    IndexRemote();
    IndexLocal();
  }

  LocalNodes Run() {
    assigned_.resize(local_.entries.size());
    for (size_t i = 0; i < local_.entries.size(); ++i) Place(i);
    HoldUnobserved();
    HoldIgnored();
    return std::move(result_);
  }

 private:
  void IndexSynced() {
    for (const auto& [node, row] : synced_) {
      synced_children_[row.position()] = node;
      if (row.print.inode != 0) synced_inodes_[InodeOf(row.print)] = node;
    }
  }

  // Only heads that were never here can be met by a new local name.
  void IndexRemote() {
    for (const auto& [node, head] : remote_) {
      if (head.state.deleted || synced_.contains(node)) continue;
      remote_children_[Position{head.state.parent, head.state.name}] = node;
    }
  }

  void IndexLocal() {
    at_home_.resize(local_.entries.size());
    for (size_t i = 0; i < local_.entries.size(); ++i) {
      const LocalEntry& entry = local_.entries[i];
      if (entry.unknown) continue;
      local_inodes_.insert(InodeOf(entry.print));
      const NodeId* parent = entry.parent < 0 ? &kRootNode : HomeOf(entry.parent);
      if (parent == nullptr) continue;
      auto found = synced_children_.find(Position{*parent, entry.name});
      if (found == synced_children_.end()) continue;
      const SyncedNode& row = synced_.at(found->second);
      if (row.state.kind != entry.kind) continue;
      at_home_[i] = found->second;
      home_prints_[found->second] = InodeOf(entry.print);
    }
  }

  const NodeId* HomeOf(int index) const {
    return at_home_[index].has_value() ? &*at_home_[index] : nullptr;
  }

  bool IsKnownInode(const Inode& inode) const { return synced_inodes_.contains(inode); }

  // Whether the inode of `node` moved away from its old name (rather than being linked twice, or
  // kept as a backup by an editor that wrote a new file under the old name).
  bool HasMoved(const NodeId& node) const {
    const Inode inode = InodeOf(synced_.at(node).print);
    if (inode.second == 0 || !local_inodes_.contains(inode)) return false;
    auto home = home_prints_.find(node);
    if (home == home_prints_.end()) return true;
    return home->second != inode && IsKnownInode(home->second);
  }

  void Place(size_t index) {
    const LocalEntry& entry = local_.entries[index];
    const NodeId parent = entry.parent < 0 ? kRootNode : assigned_[entry.parent];
    if (entry.unknown) {
      unknown_names_.insert(Position{parent, entry.name});
      return;
    }
    const NodeId node = Choose(entry, parent);
    assigned_[index] = node;
    if (entry.children_unknown) closed_directories_.insert(node);
    const bool is_new = !synced_.contains(node) && !remote_.contains(node);
    if (is_new && entry.only_ignored) return;
    result_.present.emplace(node, Describe(entry, parent, node, is_new));
  }

  bool IsFree(const NodeId& node, NodeKind kind) const {
    return synced_.at(node).state.kind == kind && !result_.present.contains(node);
  }

  NodeId Choose(const LocalEntry& entry, const NodeId& parent) const {
    const Position place{parent, entry.name};
    const Inode inode = InodeOf(entry.print);
    auto here = synced_children_.find(place);
    const bool named = here != synced_children_.end() && IsFree(here->second, entry.kind);
    if (named && InodeOf(synced_.at(here->second).print) == inode) return here->second;
    auto known = synced_inodes_.find(inode);
    if (known != synced_inodes_.end() && IsFree(known->second, entry.kind) &&
        HasMoved(known->second)) {
      return known->second;
    }
    if (named && !HasMoved(here->second)) return here->second;
    auto there = remote_children_.find(place);
    if (there != remote_children_.end() && !result_.present.contains(there->second) &&
        remote_.at(there->second).state.kind == entry.kind) {
      return there->second;
    }
    return options_.new_id();
  }

  LocalNode Describe(const LocalEntry& entry, const NodeId& parent, const NodeId& node,
                     bool is_new) const {
    LocalNode result{.position = {parent, entry.name},
                     .kind = entry.kind,
                     .print = entry.print,
                     .is_new = is_new};
    result.attributes.mtime_ns = entry.print.mtime_ns;
    result.attributes.mode = entry.print.mode;
    result.attributes.symlink_target = entry.symlink_target;
    auto found = synced_.find(node);
    if (found == synced_.end()) {
      result.content_changed = true;
      return result;
    }
    const SyncedNode& row = found->second;
    const Attributes& agreed = row.state.attributes;
    if (entry.print.mtime_ns == row.print.mtime_ns) result.attributes.mtime_ns = agreed.mtime_ns;
    if (entry.print.mode == row.print.mode) result.attributes.mode = agreed.mode;
    result.content_changed = ContentMayDiffer(entry, row);
    return result;
  }

  static bool ContentMayDiffer(const LocalEntry& entry, const SyncedNode& row) {
    switch (entry.kind) {
      case NodeKind::kDirectory:
        return false;
      case NodeKind::kSymlink:
        return entry.symlink_target != row.state.attributes.symlink_target;
      case NodeKind::kFile:
        return row.racy || !(entry.print == row.print);
    }
    return true;
  }

  // Absent nodes whose absence was not seen cleanly. A directory may come after its children in the
  // order of ids, so the walk goes up.
  void HoldUnobserved() {
    if (unknown_names_.empty() && closed_directories_.empty()) return;
    for (const auto& [node, row] : synced_) {
      if (!result_.present.contains(node) && IsUnobserved(row)) result_.held.insert(node);
    }
  }

  bool IsUnobserved(const SyncedNode& row) const {
    Position at = row.position();
    for (size_t depth = 0; depth <= synced_.size(); ++depth) {
      if (unknown_names_.contains(at) || closed_directories_.contains(at.parent)) return true;
      if (at.parent == kRootNode || result_.present.contains(at.parent)) return false;
      auto parent = synced_.find(at.parent);
      if (parent == synced_.end()) return false;
      at = parent->second.position();
    }
    return false;
  }

  void HoldIgnored() {
    if (!options_.ignored) return;
    for (const auto& [node, row] : synced_) {
      if (!result_.present.contains(node) && IsIgnored(node, row.state)) result_.held.insert(node);
    }
    for (const auto& [node, head] : remote_) {
      if (synced_.contains(node) || result_.present.contains(node)) continue;
      if (IsIgnored(node, head.state)) result_.held.insert(node);
    }
  }

  const NodeState* AgreedOrRemote(const NodeId& node) const {
    auto row = synced_.find(node);
    if (row != synced_.end()) return &row->second.state;
    auto head = remote_.find(node);
    return head == remote_.end() ? nullptr : &head->second.state;
  }

  bool IsIgnored(const NodeId& node, const NodeState& state) {
    auto memo = ignored_.find(node);
    if (memo != ignored_.end()) return memo->second;
    ignored_[node] = false;  // Ends a cycle, which only a broken server could make.
    std::string path;
    bool above = false;
    const NodeState* parent = state.parent == kRootNode ? nullptr : AgreedOrRemote(state.parent);
    if (parent != nullptr) {
      above = IsIgnored(state.parent, *parent);
      path = paths_[state.parent] + "/";
    }
    path += state.name;
    const bool ignored = above || options_.ignored(path, state.kind);
    if (state.kind == NodeKind::kDirectory) paths_[node] = path;
    ignored_[node] = ignored;
    return ignored;
  }

  const SyncedTree& synced_;
  const RemoteChanges& remote_;
  const LocalTree& local_;
  const MatchOptions& options_;
  absl::flat_hash_map<Position, NodeId> synced_children_;
  absl::flat_hash_map<Inode, NodeId> synced_inodes_;
  absl::flat_hash_map<Position, NodeId> remote_children_;
  absl::flat_hash_set<Inode> local_inodes_;
  std::vector<std::optional<NodeId>> at_home_;      // By entry: the synced node of that path.
  absl::flat_hash_map<NodeId, Inode> home_prints_;  // What is at a node's old path now.
  std::vector<NodeId> assigned_;                    // By entry.
  absl::flat_hash_set<Position> unknown_names_;
  absl::flat_hash_set<NodeId> closed_directories_;
  absl::flat_hash_map<NodeId, bool> ignored_;
  absl::flat_hash_map<NodeId, std::string> paths_;
  LocalNodes result_;
};

}  // namespace

LocalNodes MatchLocal(const SyncedTree& synced, const RemoteChanges& remote, const LocalTree& local,
                      const MatchOptions& options) {
  return Matcher(synced, remote, local, options).Run();
}

std::vector<ContentQuestion> QuestionsAboutSynced(const SyncedTree& synced,
                                                  const LocalNodes& local) {
  std::vector<ContentQuestion> questions;
  for (const auto& [node, here] : local.present) {
    if (here.kind != NodeKind::kFile || !here.content_changed) continue;
    auto row = synced.find(node);
    if (row == synced.end() || row->second.state.content.size != here.print.size) continue;
    questions.push_back({.node = node, .with_remote = false});
  }
  return questions;
}

std::vector<ContentQuestion> QuestionsAboutRemote(const SyncedTree& synced,
                                                  const RemoteChanges& remote,
                                                  const LocalNodes& local) {
  std::vector<ContentQuestion> questions;
  for (const auto& [node, head] : remote) {
    if (head.state.deleted || head.state.kind != NodeKind::kFile) continue;
    auto here = local.present.find(node);
    if (here == local.present.end() || !here->second.content_changed) continue;
    auto row = synced.find(node);
    if (row != synced.end() && row->second.state.content == head.state.content) continue;
    if (here->second.print.size != head.state.content.size) continue;
    questions.push_back({.node = node, .with_remote = true});
  }
  return questions;
}

}  // namespace syncengine
