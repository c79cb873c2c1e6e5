#include "tests/transfer/memory_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/name.h"
#include "syncengine/format/segment.h"

namespace syncengine::testing {

absl::StatusOr<NamespaceRecord> MemoryService::CreateNamespace(const NamespaceRecord& record,
                                                               const Secret& bundle) {
  absl::MutexLock lock(&mutex_);
  if (!record_.id.IsZero()) return absl::AlreadyExistsError("the model holds one namespace");
  record_ = record;
  record_.history = entropy_.NewId<HistoryId>();
  bundle_ = bundle.Clone();
  return record_;
}

absl::StatusOr<std::vector<NamespaceRecord>> MemoryService::ListNamespaces() {
  absl::MutexLock lock(&mutex_);
  if (record_.id.IsZero()) return std::vector<NamespaceRecord>();
  return std::vector<NamespaceRecord>{record_};
}

absl::StatusOr<Secret> MemoryService::FetchKeys(const NamespaceId&) {
  absl::MutexLock lock(&mutex_);
  return bundle_.Clone();
}

const MemoryService::Node* MemoryService::FindChild(const NodeId& parent,
                                                    const std::string& name) const {
  const auto found = names_.find({parent, name});
  return found == names_.end() ? nullptr : &nodes_.at(found->second);
}

absl::StatusOr<Revision> MemoryService::Stat(const NamespaceId&, const NodeTarget& target) {
  absl::MutexLock lock(&mutex_);
  Revision root;
  root.state.kind = NodeKind::kDirectory;
  NodeId node;
  if (target.node) {
    if (target.node->IsZero()) return root;
    const auto found = nodes_.find(*target.node);
    if (found == nodes_.end()) return absl::NotFoundError("no such node");
    return found->second.head();
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<std::string> names, SplitPath(target.path));
  const Revision* revision = &root;
  for (const std::string& name : names) {
    const Node* child = FindChild(revision->node, name);
    if (child == nullptr) return absl::NotFoundError(absl::StrCat("nothing at ", target.path));
    revision = &child->head();
  }
  return *revision;
}

void MemoryService::ListBelow(const NodeId& directory, const std::string& prefix, bool recursive,
                              std::vector<ListEntry>& entries) const {
  std::map<std::string, const Node*> children;
  for (const auto& [id, node] : nodes_) {
    const NodeState& state = node.head().state;
    if (!state.deleted && state.parent == directory) children[state.name] = &node;
  }
  for (const auto& [name, node] : children) {
    entries.push_back({prefix + name, node->head()});
    if (recursive && node->head().state.kind == NodeKind::kDirectory) {
      ListBelow(node->head().node, prefix + name + "/", true, entries);
    }
  }
}

absl::StatusOr<ListPage> MemoryService::List(const NamespaceId&, const ListRequest& request) {
  absl::MutexLock lock(&mutex_);
  std::vector<ListEntry> all;
  ListBelow(request.directory, "", request.recursive, all);
  auto begin = all.begin();
  if (!request.after.empty()) {
    begin = std::find_if(all.begin(), all.end(),
                         [&](const ListEntry& entry) { return entry.path == request.after; });
    if (begin != all.end()) ++begin;
  }
  ListPage page;
  while (begin != all.end() && static_cast<int>(page.entries.size()) < request.limit) {
    page.entries.push_back(*begin++);
  }
  page.more = begin != all.end();
  return page;
}

absl::StatusOr<RevisionPage> MemoryService::Revisions(const NamespaceId&,
                                                      const RevisionsRequest& request) {
  absl::MutexLock lock(&mutex_);
  RevisionPage page;
  const auto found = nodes_.find(request.node);
  if (found == nodes_.end()) return absl::NotFoundError("no such node");
  page.revisions.assign(found->second.revisions.rbegin(), found->second.revisions.rend());
  return page;
}

absl::StatusOr<UploadId> MemoryService::BeginUpload(const NamespaceId&,
                                                    const UploadRequest& request) {
  absl::MutexLock lock(&mutex_);
  for (const Announcement& announcement : request.announcements) {
    SYNCENGINE_RETURN_IF_ERROR(ValidateName(announcement.name));
  }
  const auto [found, is_new] = uploads_.emplace(request.op, UploadId());
  if (!is_new) return found->second;
  found->second = entropy_.NewId<UploadId>();
  announced_[found->second] = request.announcements;
  for (const Announcement& announcement : request.announcements) {
    JournalEntry entry;
    entry.kind = JournalKind::kUploading;
    entry.sequence = journal_.size() + 1;
    entry.node = announcement.node;
    entry.upload = found->second;
    entry.name = announcement.name;
    entry.size = announcement.size;
    journal_.push_back(entry);
    absl::StrAppend(&dump_, announcement.name);
  }
  return found->second;
}

absl::StatusOr<std::vector<BlockId>> MemoryService::MissingBlocks(const NamespaceId&,
                                                                  const UploadId& upload,
                                                                  absl::Span<const BlockId> ids) {
  absl::MutexLock lock(&mutex_);
  if (!upload.IsZero() && !announced_.contains(upload)) {
    return absl::NotFoundError("no such upload session");
  }
  if (ids.size() > limits::kMissingBlocksMax) return absl::InvalidArgumentError("too many ids");
  std::vector<BlockId> missing;
  for (const BlockId& id : ids) {
    if (!frames_.contains(id)) missing.push_back(id);
  }
  return missing;
}

absl::StatusOr<PutSegmentResult> MemoryService::PutSegment(const NamespaceId& id,
                                                           const UploadId& upload,
                                                           absl::string_view segment) {
  absl::MutexLock lock(&mutex_);
  if (!announced_.contains(upload)) return absl::NotFoundError("no such upload session");
  SYNCENGINE_ASSIGN_OR_RETURN(const Segment parsed, ParseSegment(segment));
  if (parsed.namespace_id != id) return absl::InvalidArgumentError("segment of another namespace");
  std::set<BlockId> inside;
  for (const SegmentFrame& frame : parsed.frames) {
    for (const FrameBlock& block : frame.header.blocks) inside.insert(block.id);
  }
  PutSegmentResult result;
  for (const SegmentFrame& frame : parsed.frames) {
    for (const FrameBlock& block : frame.header.blocks) {
      for (const BlockId& child : block.children) {
        if (!frames_.contains(child) && !inside.contains(child)) result.missing.push_back(child);
      }
    }
    for (const BlockId& base : frame.header.bases) {
      if (!frames_.contains(base)) result.missing.push_back(base);
    }
  }
  if (!result.missing.empty()) return result;
  result.stored = true;
  ++segments_;
  dump_.append(segment.data(), segment.size());
  for (const SegmentFrame& frame : parsed.frames) {
    const auto bytes = std::make_shared<std::string>(segment.substr(frame.offset, frame.length));
    for (const FrameBlock& block : frame.header.blocks) {
      result.blocks_new += frames_.insert_or_assign(block.id, bytes).second ? 1 : 0;
      children_[block.id] = block.children;
    }
  }
  return result;
}

ChangeOutcome MemoryService::Try(const Change& change, const std::map<NodeId, Node>& nodes,
                                 const Names& names) const {
  ChangeOutcome outcome;
  const auto found = nodes.find(change.node);
  const RevisionId head = found == nodes.end() ? RevisionId() : found->second.head().id;
  if (head != change.base) {
    outcome.verdict = ChangeVerdict::kHeadMoved;
    if (found != nodes.end()) outcome.head = found->second.head();
    return outcome;
  }
  for (const BlockId& id : change.state.content.blocks) {
    if (!frames_.contains(id)) outcome.missing.push_back(id);
  }
  if (!outcome.missing.empty()) {
    outcome.verdict = ChangeVerdict::kMissingBlocks;
    return outcome;
  }
  const auto parent = nodes.find(change.state.parent);
  if (!change.state.deleted && !change.state.parent.IsZero() &&
      (parent == nodes.end() || parent->second.head().state.deleted)) {
    outcome.verdict = ChangeVerdict::kParentGone;
    return outcome;
  }
  const auto namesake = names.find({change.state.parent, change.state.name});
  if (!change.state.deleted && namesake != names.end() && namesake->second != change.node) {
    outcome.verdict = ChangeVerdict::kNameTaken;
    outcome.head = nodes.at(namesake->second).head();
    return outcome;
  }
  outcome.verdict = ChangeVerdict::kCommitted;
  return outcome;
}

absl::StatusOr<CommitResult> MemoryService::Commit(const NamespaceId&,
                                                   const CommitRequest& request) {
  absl::MutexLock lock(&mutex_);
  if (const auto found = results_.find(request.op); found != results_.end()) return found->second;
  if (request.changes.size() > limits::kCommitChangesMax) {
    return absl::InvalidArgumentError("too many changes");
  }
  for (const Change& change : request.changes) {
    SYNCENGINE_RETURN_IF_ERROR(ValidateName(change.state.name));
  }
  CommitResult result;
  result.outcomes.resize(request.changes.size());
  std::map<NodeId, Node> nodes = nodes_;
  Names names = names_;
  std::vector<JournalEntry> journal = journal_;
  for (size_t i = 0; i < request.changes.size(); ++i) {
    const Change& change = request.changes[i];
    result.outcomes[i] = Try(change, nodes, names);
    if (result.outcomes[i].verdict != ChangeVerdict::kCommitted) {
      for (size_t j = 0; j < i; ++j) result.outcomes[j] = ChangeOutcome{};
      return results_[request.op] = result;
    }
    Revision revision;
    revision.id = entropy_.NewId<RevisionId>();
    revision.node = change.node;
    revision.parent = change.base;
    revision.sequence = journal.size() + 1;
    revision.state = change.state;
    JournalEntry entry;
    entry.sequence = revision.sequence;
    entry.node = change.node;
    entry.revision = revision.id;
    journal.push_back(entry);
    result.outcomes[i].revision = revision.id;
    result.outcomes[i].sequence = revision.sequence;
    Node& node = nodes[change.node];
    if (!node.revisions.empty()) {
      names.erase({node.head().state.parent, node.head().state.name});
    }
    if (!change.state.deleted) names[{change.state.parent, change.state.name}] = change.node;
    node.revisions.push_back(std::move(revision));
  }
  result.committed = true;
  nodes_ = std::move(nodes);
  names_ = std::move(names);
  journal_ = std::move(journal);
  for (const Change& change : request.changes) {
    absl::StrAppend(&dump_, change.state.name, change.state.attributes.symlink_target,
                    change.state.attributes.sealed, change.state.content.manifest);
    std::erase_if(announced_[request.upload], [&](const Announcement& announcement) {
      return announcement.node == change.node;
    });
  }
  return results_[request.op] = result;
}

absl::Status MemoryService::AbortUpload(const NamespaceId&, const UploadId& upload) {
  absl::MutexLock lock(&mutex_);
  for (const Announcement& announcement : announced_[upload]) {
    JournalEntry entry;
    entry.kind = JournalKind::kAborted;
    entry.sequence = journal_.size() + 1;
    entry.node = announcement.node;
    entry.upload = upload;
    journal_.push_back(entry);
  }
  announced_.erase(upload);
  return absl::OkStatus();
}

absl::StatusOr<FramesReply> MemoryService::GetFrames(const NamespaceId&,
                                                     absl::Span<const BlockId> ids) {
  absl::MutexLock lock(&mutex_);
  if (ids.size() > limits::kFrameIdsMax) return absl::InvalidArgumentError("too many ids");
  FramesReply reply;
  size_t bytes = 0;
  std::set<std::string> given;
  for (const BlockId& id : ids) {
    const auto found = frames_.find(id);
    if (found == frames_.end()) return absl::NotFoundError(absl::StrCat("no block ", id.ToHex()));
    if (bytes > limits::kFramesReplyBytesTarget) break;
    ++reply.answered;
    if (!given.insert(*found->second).second) continue;
    bytes += found->second->size();
    reply.frames.push_back(*found->second);
  }
  return reply;
}

std::string MemoryService::PathOf(const NodeId& node) const {
  if (node.IsZero()) return "";
  const NodeState& state = nodes_.at(node).head().state;
  return absl::StrCat(PathOf(state.parent), "/", state.name);
}

absl::StatusOr<ChangesPage> MemoryService::Changes(const NamespaceId&,
                                                   const ChangesRequest& request) {
  absl::MutexLock lock(&mutex_);
  ChangesPage page;
  uint64_t sequence = request.after ? request.after->sequence : 0;
  while (sequence < journal_.size() && static_cast<int>(page.entries.size()) < request.limit) {
    ChangesEntry entry;
    entry.entry = journal_[sequence++];
    if (entry.entry.kind == JournalKind::kCommitted) {
      for (const Revision& revision : nodes_.at(entry.entry.node).revisions) {
        if (revision.id == entry.entry.revision) entry.revision = revision;
      }
      entry.path = PathOf(entry.entry.node);
    }
    page.entries.push_back(std::move(entry));
  }
  page.next = {record_.history, sequence};
  page.head = journal_.size();
  return page;
}

absl::StatusOr<ChangesPage> MemoryService::WaitChanges(const NamespaceId& id,
                                                       const ChangesRequest& request,
                                                       absl::Duration, std::stop_token) {
  return Changes(id, request);
}

absl::Status MemoryService::AcknowledgeChanges(const NamespaceId&, const Cursor&) {
  return absl::OkStatus();
}
absl::StatusOr<ConflictPage> MemoryService::ListConflicts(const NamespaceId&,
                                                          const ConflictsRequest&) {
  return absl::UnimplementedError("the model has no conflicts");
}
absl::StatusOr<ResolveResult> MemoryService::Resolve(const NamespaceId&, const ResolveRequest&) {
  return absl::UnimplementedError("the model has no conflicts");
}
absl::StatusOr<Usage> MemoryService::GetUsage(const NamespaceId&) { return Usage(); }
absl::StatusOr<NewDevice> MemoryService::AddDevice(absl::string_view, const OpId&) {
  return absl::UnimplementedError("the model has no devices");
}
absl::StatusOr<std::vector<DeviceRecord>> MemoryService::ListDevices() {
  return absl::UnimplementedError("the model has no devices");
}
absl::Status MemoryService::RevokeDevice(absl::string_view) {
  return absl::UnimplementedError("the model has no devices");
}

std::string MemoryService::DumpStores() {
  absl::MutexLock lock(&mutex_);
  return dump_;
}

void MemoryService::Damage(const BlockId& id) {
  absl::MutexLock lock(&mutex_);
  std::string& frame = *frames_.at(id);
  frame[frame.size() - 20] ^= 1;
}

void MemoryService::Lose(const BlockId& id) {
  absl::MutexLock lock(&mutex_);
  frames_.erase(id);
}

std::vector<BlockId> MemoryService::AllBlocks() {
  absl::MutexLock lock(&mutex_);
  std::vector<BlockId> ids;
  for (const auto& [id, frame] : frames_) ids.push_back(id);
  return ids;
}

bool MemoryService::HasChildren(const BlockId& id) {
  absl::MutexLock lock(&mutex_);
  return !children_[id].empty();
}

std::vector<JournalEntry> MemoryService::journal() {
  absl::MutexLock lock(&mutex_);
  return journal_;
}

size_t MemoryService::segments() {
  absl::MutexLock lock(&mutex_);
  return segments_;
}

}  // namespace syncengine::testing
