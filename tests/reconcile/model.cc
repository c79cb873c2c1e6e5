#include "tests/reconcile/model.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace syncengine::model {
namespace {

NodeState StateOf(const Action& action, const std::string& content) {
  NodeState state{.kind = action.node_kind, .parent = action.to.parent, .name = action.to.name};
  state.attributes = action.attributes;
  state.content = {.size = content.size(), .manifest = content};
  return state;
}

}  // namespace

bool Server::IsLiveDirectory(const NodeId& node) const {
  if (node == kRootNode) return true;
  auto found = heads_.find(node);
  return found != heads_.end() && !found->second.state.deleted &&
         found->second.state.kind == NodeKind::kDirectory;
}

bool Server::Commit(const NodeId& node, const RevisionId& base, const NodeState& state) {
  auto head = heads_.find(node);
  const RevisionId present = head == heads_.end() ? RevisionId() : head->second.id;
  if (!(present == base)) return false;
  if (!state.deleted && !IsLiveDirectory(state.parent)) return false;
  for (const auto& [other, revision] : heads_) {
    if (revision.state.deleted || other == node) continue;
    const NodeState& there = revision.state;
    if (state.deleted && there.parent == node) return false;
    if (!state.deleted && there.parent == state.parent && there.name == state.name) return false;
  }
  for (NodeId at = state.parent; !state.deleted && at != kRootNode;
       at = heads_.at(at).state.parent) {
    if (at == node) return false;
  }
  Revision revision{.id = ids_.Next<RevisionId>(), .node = node, .parent = base, .state = state};
  revision.sequence = journal_.size() + 1;
  heads_[node] = revision;
  journal_.push_back(revision);
  if (!state.deleted) contents_.insert(state.content.manifest);
  return true;
}

RevisionId Server::KeepAside(const std::string& content) {
  contents_.insert(content);
  return ids_.Next<RevisionId>();
}

std::map<std::string, std::string> Server::Tree() const {
  std::map<std::string, std::string> tree;
  for (const auto& [node, revision] : heads_) {
    if (revision.state.deleted) continue;
    std::string path = revision.state.name;
    for (NodeId at = revision.state.parent; at != kRootNode; at = heads_.at(at).state.parent) {
      path = heads_.at(at).state.name + "/" + path;
    }
    if (revision.state.kind == NodeKind::kDirectory) path += "/";
    tree[path] = revision.state.content.manifest;
  }
  return tree;
}

uint64_t Disk::Child(uint64_t parent, const std::string& name) const {
  for (const auto& [inode, file] : files_) {
    if (file.parent == parent && file.name == name) return inode;
  }
  return 0;
}

uint64_t Disk::Find(const std::string& path) const {
  uint64_t at = 0;
  for (absl::string_view name : absl::StrSplit(path, '/')) {
    at = Child(at, std::string(name));
    if (at == 0) return 0;
  }
  return at;
}

bool Disk::HasChildren(uint64_t inode) const {
  return std::any_of(files_.begin(), files_.end(),
                     [&](const auto& entry) { return entry.second.parent == inode; });
}

bool Disk::IsInside(uint64_t inode, uint64_t directory) const {
  for (; inode != 0; inode = files_.at(inode).parent) {
    if (inode == directory) return true;
  }
  return false;
}

bool Disk::Split(const std::string& path, uint64_t* parent, std::string* name) const {
  const size_t slash = path.rfind('/');
  *name = slash == std::string::npos ? path : path.substr(slash + 1);
  *parent = slash == std::string::npos ? 0 : Find(path.substr(0, slash));
  return slash == std::string::npos ||
         (*parent != 0 && files_.at(*parent).kind == NodeKind::kDirectory);
}

uint64_t Disk::Create(uint64_t parent, const std::string& name, NodeKind kind,
                      const std::string& content) {
  const uint64_t inode = ++last_inode_;
  files_[inode] = {parent,  name,     kind,
                   content, ++clock_, kind == NodeKind::kDirectory ? 0755u : 0644u};
  return inode;
}

bool Disk::Write(const std::string& path, const std::string& content) {
  uint64_t parent;
  std::string name;
  if (!Split(path, &parent, &name)) return false;
  const uint64_t inode = Child(parent, name);
  if (inode == 0) {
    Create(parent, name, NodeKind::kFile, content);
    return true;
  }
  if (files_[inode].kind != NodeKind::kFile) return false;
  files_[inode].content = content;
  Touch(inode);
  return true;
}

bool Disk::ReplaceFile(const std::string& path, const std::string& content) {
  const uint64_t inode = Find(path);
  if (inode == 0 || files_[inode].kind != NodeKind::kFile) return false;
  const File old = files_[inode];
  files_.erase(inode);
  Create(old.parent, old.name, NodeKind::kFile, content);
  return true;
}

bool Disk::MakeDirectory(const std::string& path) {
  uint64_t parent;
  std::string name;
  if (!Split(path, &parent, &name) || Child(parent, name) != 0) return false;
  Create(parent, name, NodeKind::kDirectory, "");
  return true;
}

bool Disk::Remove(const std::string& path) {
  const uint64_t inode = Find(path);
  if (inode == 0) return false;
  std::erase_if(files_, [&, files = files_](const auto& entry) {
    for (uint64_t at = entry.first; at != 0; at = files.at(at).parent) {
      if (at == inode) return true;
    }
    return false;
  });
  return true;
}

bool Disk::Rename(const std::string& from, const std::string& to) {
  uint64_t parent;
  std::string name;
  const uint64_t inode = Find(from);
  if (inode == 0 || !Split(to, &parent, &name) || Child(parent, name) != 0) return false;
  if (IsInside(parent, inode)) return false;
  files_[inode].parent = parent;
  files_[inode].name = name;
  return true;
}

bool Disk::Swap(const std::string& a, const std::string& b) {
  const uint64_t one = Find(a);
  const uint64_t other = Find(b);
  if (one == 0 || other == 0 || IsInside(one, other) || IsInside(other, one)) return false;
  std::swap(files_[one].parent, files_[other].parent);
  std::swap(files_[one].name, files_[other].name);
  return true;
}

std::map<std::string, std::string> Disk::Tree() const {
  std::map<std::string, std::string> tree;
  for (const auto& [inode, file] : files_) {
    std::string path = file.name;
    for (uint64_t at = file.parent; at != 0; at = files_.at(at).parent) {
      path = files_.at(at).name + "/" + path;
    }
    if (file.kind == NodeKind::kDirectory) path += "/";
    tree[path] = file.content;
  }
  return tree;
}

Fingerprint Disk::Print(uint64_t inode) const {
  const File& file = files_.at(inode);
  return {.device = 1,
          .inode = inode,
          .size = file.content.size(),
          .mtime_ns = static_cast<int64_t>(file.version),
          .ctime_ns = static_cast<int64_t>(file.version),
          .mode = file.mode};
}

void Disk::ScanInto(uint64_t parent, int parent_index, LocalTree& tree,
                    std::map<int, uint64_t>* inode_of_entry) const {
  std::map<std::string, uint64_t> children;
  for (const auto& [inode, file] : files_) {
    if (file.parent == parent) children[file.name] = inode;
  }
  for (const auto& [name, inode] : children) {
    const int index = static_cast<int>(tree.entries.size());
    if (inode_of_entry != nullptr) (*inode_of_entry)[index] = inode;
    const NodeKind kind = files_.at(inode).kind;
    tree.entries.push_back(
        {.parent = parent_index, .name = name, .kind = kind, .print = Print(inode)});
    if (kind == NodeKind::kDirectory) ScanInto(inode, index, tree, inode_of_entry);
  }
}

LocalTree Disk::Scan(std::map<int, uint64_t>* inode_of_entry) const {
  LocalTree tree;
  ScanInto(0, -1, tree, inode_of_entry);
  return tree;
}

void Device::ForgetState() {
  synced_.clear();
  remote_.clear();
  seen_ = 0;
}

void Device::ReadJournal() {
  for (; seen_ < server_.journal().size(); ++seen_) {
    const Revision& revision = server_.journal()[seen_];
    auto row = synced_.find(revision.node);
    remote_.erase(revision.node);
    if (row == synced_.end() ? !revision.state.deleted : row->second.revision != revision.id) {
      remote_[revision.node] = revision;
    }
  }
}

const NodeState* Device::Head(const NodeId& node) const {
  auto change = remote_.find(node);
  if (change != remote_.end()) return &change->second.state;
  auto row = synced_.find(node);
  return row == synced_.end() ? nullptr : &row->second.state;
}

RevisionId Device::HeadId(const NodeId& node) const {
  auto change = remote_.find(node);
  if (change != remote_.end()) return change->second.id;
  auto row = synced_.find(node);
  return row == synced_.end() ? RevisionId() : row->second.revision;
}

LocalNodes Device::Observe() {
  LocalNodes local = MatchLocal(synced_, remote_, disk_.Scan(),
                                {.new_id = [this] { return ids_.Next<NodeId>(); }});
  auto content = [this](const LocalNode& here) {
    return disk_.files().at(here.print.inode).content;
  };
  for (const ContentQuestion& question : QuestionsAboutSynced(synced_, local)) {
    LocalNode& here = local.present.at(question.node);
    here.content_changed = content(here) != synced_.at(question.node).state.content.manifest;
  }
  for (const ContentQuestion& question : QuestionsAboutRemote(synced_, remote_, local)) {
    LocalNode& here = local.present.at(question.node);
    here.equals_remote = content(here) == remote_.at(question.node).state.content.manifest;
  }
  NoteLost(local);
  inodes_.clear();
  for (const auto& [node, here] : local.present) inodes_[node] = here.print.inode;
  return local;
}

void Device::NoteLost(LocalNodes& local) const {
  for (const auto& [node, lost] : lost_) {
    auto here = local.present.find(node);
    if (here != local.present.end() && here->second.print.inode == lost.first) {
      here->second.lost = lost.second;
    }
  }
}

// As the folder client does: ours is kept aside and counts as agreed on; the merge is a commit on
// top of theirs, and comes here as a download. Contents of one length can be merged.
void Device::Merge(const Action& action) {
  const Revision theirs = remote_.at(action.node);
  const uint64_t inode = inodes_.at(action.node);
  const std::string ours = disk_.files().at(inode).content;
  const std::string& other = theirs.state.content.manifest;
  const RevisionId kept = server_.KeepAside(ours);
  auto row = synced_.find(action.node);
  if (row == synced_.end() || ours.size() != other.size() || action.node_kind != NodeKind::kFile) {
    lost_[action.node] = {inode,
                          {.copy = ids_.Next<NodeId>(),
                           .stamp = absl::StrCat("lost", kept.ToHex().substr(10, 6)),
                           .device = name_}};
    return;
  }
  NodeState merged = theirs.state;
  merged.content.manifest =
      absl::StrCat("{", std::min(ours, other), "+", std::max(ours, other), "}");
  merged.content.size = merged.content.manifest.size();
  if (!server_.Commit(action.node, theirs.id, merged)) return;
  ++merged_;
  row->second.revision = kept;
  row->second.state.content = {.size = ours.size(), .manifest = ours};
  row->second.print = disk_.Print(inode);
}

int Device::Sync() {
  ReadJournal();
  const LocalNodes local = Observe();
  const Plan plan = MakePlan(synced_, remote_, local,
                             {.conflict_stamp = absl::StrCat("stamp", ++round_),
                              .device = name_,
                              .merge = merging_,
                              .new_id = [this] { return ids_.Next<NodeId>(); }});
  if (!plan.blocked.empty()) {
    failure_ = "blocked: " + plan.blocked[0].action.path;
    return -1;
  }
  if (plan.merges > 0) {
    for (const Action& action : plan.actions) {
      if (action.kind == ActionKind::kMerge) Merge(action);
    }
    return static_cast<int>(plan.merges);
  }
  for (const Action& action : plan.actions) {
    if (IsHere(action.kind) && !ApplyHere(action)) return -1;
  }
  for (const Action& action : plan.actions) {
    if (IsHere(action.kind)) Record(action);
  }
  for (const Action& action : plan.actions) {
    if (IsThere(action.kind)) Commit(action);
  }
  for (const Action& action : plan.records) Record(action);
  lost_.clear();
  return static_cast<int>(plan.actions.size());
}

bool Device::Fail(const Action& action, const std::string& why) {
  failure_ = absl::StrCat(name_, ": ", ActionKindName(action.kind), " ", action.path, ": ", why);
  return false;
}

bool Device::Place(const Action& action, uint64_t inode, const Position& to) {
  const uint64_t parent = to.parent == kRootNode ? 0 : inodes_[to.parent];
  if (to.parent != kRootNode && parent == 0) return Fail(action, "no parent");
  if (disk_.Child(parent, to.name) != 0) return Fail(action, "name taken");
  if (inode != 0 && disk_.IsInside(parent, inode)) return Fail(action, "cycle");
  if (inode == 0) {
    const NodeState* head = Head(action.node);
    inodes_[action.node] =
        disk_.Create(parent, to.name, action.node_kind, head ? head->content.manifest : "");
  } else {
    disk_.files()[inode].parent = parent;
    disk_.files()[inode].name = to.name;
  }
  return true;
}

bool Device::Download(const Action& action) {
  auto found = inodes_.find(action.node);
  if (found == inodes_.end()) return Place(action, 0, action.to);
  disk_.files()[found->second].content = Head(action.node)->content.manifest;
  disk_.Touch(found->second);
  return true;
}

void Device::SplitLoser(const Action& action) {
  auto row = synced_.find(action.conflict_with);
  if (row != synced_.end()) row->second.print = {};
  auto inode = inodes_.extract(action.conflict_with);
  if (!inode.empty()) inodes_[action.node] = inode.mapped();
}

bool Device::ApplyHere(const Action& action) {
  switch (action.kind) {
    case ActionKind::kMakeDirectoryHere:
      return Place(action, 0, action.to);
    case ActionKind::kMoveHere:
    case ActionKind::kParkHere:
      if (action.is_conflict_copy) SplitLoser(action);
      return Place(action, inodes_.at(action.node), action.to);
    case ActionKind::kDownload:
      return Download(action);
    case ActionKind::kDeleteHere:
      if (disk_.HasChildren(inodes_.at(action.node))) return Fail(action, "not empty");
      disk_.files().erase(inodes_.at(action.node));
      inodes_.erase(action.node);
      return true;
    default:
      return true;
  }
}

// The synced row becomes the remote head; the fingerprint follows unless an edit is still to go.
void Device::Record(const Action& action) {
  if (action.kind == ActionKind::kForget || action.kind == ActionKind::kDeleteHere) {
    synced_.erase(action.node);
    remote_.erase(action.node);
    return;
  }
  auto change = remote_.find(action.node);
  const bool known = change != remote_.end() || synced_.contains(action.node);
  if (!known || (change != remote_.end() && change->second.state.deleted)) return;
  SyncedNode& row = synced_[action.node];
  const Fingerprint now = disk_.Print(inodes_.at(action.node));
  const bool edit_waits = action.kind != ActionKind::kDownload &&
                          action.kind != ActionKind::kAdopt &&
                          action.node_kind == NodeKind::kFile &&
                          disk_.files().at(now.inode).content != row.state.content.manifest;
  if (change != remote_.end()) {
    row.revision = change->second.id;
    row.state = change->second.state;
    remote_.erase(change);
  }
  if (!edit_waits) row.print = now;
}

void Device::Commit(const Action& action) {
  const RevisionId base = HeadId(action.node);
  if (action.kind == ActionKind::kDeleteThere) {
    NodeState state = *Head(action.node);
    state.deleted = true;
    if (!server_.Commit(action.node, base, state)) return;
    synced_.erase(action.node);
    remote_.erase(action.node);
    return;
  }
  const bool upload = action.kind == ActionKind::kUpload;
  const uint64_t inode = inodes_.contains(action.node) ? inodes_[action.node] : 0;
  NodeState state = StateOf(
      action, upload ? disk_.files().at(inode).content : Head(action.node)->content.manifest);
  if (!server_.Commit(action.node, base, state)) return;
  SyncedNode& row = synced_[action.node];
  row.revision = server_.heads().at(action.node).id;
  row.state = state;
  if (inode != 0) row.print = disk_.Print(inode);
  remote_.erase(action.node);
}

}  // namespace syncengine::model
