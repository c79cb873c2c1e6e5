#include "syncengine/transfer/put_tree.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "src/transfer/file_source.h"
#include "src/transfer/local_walk.h"
#include "src/transfer/outlines.h"
#include "src/transfer/put_cache.h"
#include "src/transfer/put_merge.h"
#include "src/transfer/put_stamp.h"
#include "src/transfer/remote_tree.h"
#include "src/transfer/same_content.h"
#include "src/transfer/similar_files.h"
#include "src/transfer/verdict.h"
#include "syncengine/base/error.h"
#include "syncengine/format/name.h"

namespace syncengine {
namespace {

std::string Join(const std::string& directory, absl::string_view name) {
  return directory.empty() ? std::string(name) : absl::StrCat(directory, "/", name);
}

bool SameFile(const FileStat& a, const FileStat& b) {
  return a.size == b.size && a.mtime_ns == b.mtime_ns && a.ctime_ns == b.ctime_ns &&
         a.device == b.device && a.inode == b.inode;
}

bool SameAttributes(const RemoteNode& remote, const FileStat& stat) {
  return remote.mode == stat.mode && remote.mtime_ns == stat.mtime_ns;
}

// Whether a file met another one's new content or a new file of its name.
bool IsContest(const UploadItem& item, const ChangeOutcome& outcome) {
  const bool overtaken =
      outcome.verdict == ChangeVerdict::kHeadMoved || outcome.verdict == ChangeVerdict::kNameTaken;
  return overtaken && item.open && outcome.head.has_value() && !outcome.head->state.deleted &&
         outcome.head->state.kind == NodeKind::kFile;
}

// Ids for new nodes: random as a whole, and one behind the other, so that a metadata store finds
// the rows of a tree that was put at once side by side.
class NodeIds {
 public:
  explicit NodeIds(Entropy& entropy) : next_(entropy.NewId<NodeId>()) {
    std::fill(next_.mutable_data() + kRandomBytes, next_.mutable_data() + NodeId::kSize, 0);
  }

  NodeId Next() {
    const NodeId id = next_;
    for (size_t i = NodeId::kSize; i > kRandomBytes && ++next_.mutable_data()[i - 1] == 0;) --i;
    return id;
  }

 private:
  static constexpr size_t kRandomBytes = 10;

  NodeId next_;
};

// Walks the local tree directory by directory and yields what differs from the remote one.
class PutPlan : public UploadPlan {
 public:
  PutPlan(const PutTreePorts& ports, const PutTreeRequest& request, RemoteTree remote,
          PutTreeReport& report, std::stop_token stop)
      : ports_(ports),
        request_(request),
        remote_(std::move(remote)),
        similar_(remote_),
        cache_(ports.cache, ports.opened.record.id),
        outlines_(ports.cache, ports.opened.record.id),
        report_(report),
        nodes_(ports.entropy),
        racy_window_ns_(RacyWindowNs(ports.files)),
        stop_(std::move(stop)) {}

  // The content of the directory `local` goes into the remote directory `node`; `walk` has begun
  // there.
  void StartWithDirectory(const std::string& local, const NodeId& node, LocalWalk* walk) {
    walk_ = walk;
    directories_.push_back({local, "", node});
  }
  // One file, link or directory becomes `name` in the remote directory `parent`.
  void StartWithNode(const std::string& local, const FileStat& stat, const std::string& name,
                     const NodeId& parent) {
    Directory directory{"", "", parent};
    std::vector<Local> found = {{name, local, stat}};
    Compare(directory, found);
  }

  std::optional<UploadItem> Next() override {
    while (ready_.empty() && !directories_.empty() && !stop_.stop_requested()) WalkDirectory();
    if (ready_.empty() && !deletes_done_ && !stop_.stop_requested()) PlanDeletes();
    if (ready_.empty()) return std::nullopt;
    UploadItem item = std::move(ready_.front());
    ready_.pop_front();
    return item;
  }

  void Finished(const UploadItem& item, const UploadResult& result) override;

  absl::Status FlushCache() {
    SYNCENGINE_RETURN_IF_ERROR(outlines_.Flush());
    return cache_.Flush();
  }
  uint64_t committed() const { return committed_; }
  bool contested() const { return !contests_.empty(); }
  // Merges what others committed to meanwhile. An error status means that the service failed.
  absl::Status SettleContests();

 private:
  struct Directory {
    std::string local;   // Relative to the file system's root.
    std::string remote;  // Relative to the root of the put.
    NodeId node;
  };
  struct Local {
    std::string name;
    std::string path;
    FileStat stat;
  };
  // A file on its way, for the cache.
  struct InFlight {
    FileStat stat;
    RevisionId head;
    int64_t opened_ns = 0;
  };

  void WalkDirectory();
  absl::StatusOr<std::vector<StatEntry>> ListLocal(const std::string& path);
  // Saves the remote node at `path` and all below from a mirror's deletions.
  void KeepAll(const std::string& path);
  void Compare(const Directory& directory, const std::vector<Local>& found);
  void CompareDirectory(const Directory& directory, const Local& local, const std::string& path,
                        const RemoteNode* remote);
  void CompareSymlink(const Directory& directory, const Local& local, const std::string& path,
                      const RemoteNode* remote);
  void CompareFile(const Directory& directory, const Local& local, const std::string& path,
                   const RemoteNode* remote, const std::optional<PutCacheRow>& cached);
  // The remote node that `local` replaces, after planning to delete one of another kind.
  const RemoteNode* Replaced(const std::string& path, NodeKind kind);
  // What the head of `node` holds, asked for when it is needed.
  std::function<absl::StatusOr<ContentRef>()> ContentOf(const NodeId& node) const;
  void DeleteBelow(const std::string& path);
  void Delete(const std::string& path, const RemoteNode& node);
  void PlanDeletes();
  UploadItem NewItem(const Directory& directory, const Local& local, const std::string& path,
                     const RemoteNode* remote, NodeKind kind);
  void AddIssue(const std::string& path, const absl::Status& cause) {
    report_.issues.push_back({path, cause});
  }

  const PutTreePorts& ports_;
  const PutTreeRequest request_;
  RemoteTree remote_;
  SimilarFiles similar_;
  PutCache cache_;
  Outlines outlines_;
  PutTreeReport& report_;
  NodeIds nodes_;
  const int64_t racy_window_ns_;
  const std::stop_token stop_;
  LocalWalk* walk_ = nullptr;           // Null for a single file.
  std::vector<Directory> directories_;  // A stack: depth first.
  std::deque<UploadItem> ready_;
  absl::flat_hash_set<std::string> deleted_;
  absl::flat_hash_set<std::string> kept_;                 // Remote paths that a mirror keeps.
  absl::flat_hash_map<std::string, InFlight> in_flight_;  // By label.
  uint64_t committed_ = 0;
  std::vector<PutContest> contests_;
  bool deletes_done_ = false;
};

// The walk takes directories in the same order.
absl::StatusOr<std::vector<StatEntry>> PutPlan::ListLocal(const std::string& path) {
  if (walk_ == nullptr) return ports_.files.ListWithStats(path);
  std::optional<LocalListing> listing = walk_->Next();
  if (listing.has_value() && listing->path == path) return std::move(listing->entries);
  return absl::InternalError(absl::StrCat(path, ": the walk is elsewhere"));
}

void PutPlan::WalkDirectory() {
  const Directory directory = std::move(directories_.back());
  directories_.pop_back();
  auto entries = ListLocal(directory.local);
  if (!entries.ok()) {
    // What was not seen is unknown, not gone: nothing below is deleted.
    AddIssue(directory.remote, entries.status());
    if (directory.remote.empty()) deletes_done_ = true;
    return KeepAll(directory.remote);
  }
  std::vector<Local> found;
  found.reserve(entries->size());
  for (StatEntry& entry : *entries) {
    if (!entry.stat.ok()) {
      AddIssue(Join(directory.remote, entry.name), entry.stat.status());
      KeepAll(Join(directory.remote, entry.name));
      continue;
    }
    std::string path = Join(directory.local, entry.name);
    found.push_back({std::move(entry.name), std::move(path), *entry.stat});
  }
  Compare(directory, found);
}

void PutPlan::KeepAll(const std::string& path) {
  kept_.insert(path);
  const std::string prefix = path + "/";
  for (auto it = remote_.lower_bound(prefix); it != remote_.end() && it->first.starts_with(prefix);
       ++it) {
    kept_.insert(it->first);
  }
}

void PutPlan::Compare(const Directory& directory, const std::vector<Local>& found) {
  std::vector<std::string> paths;
  paths.reserve(found.size());
  const std::string prefix = absl::StrCat(request_.remote, "/");
  for (const Local& local : found) {
    paths.push_back(prefix + Join(directory.remote, local.name));
  }
  auto cached = cache_.Find(paths);
  if (!cached.ok()) cached.emplace(found.size());  // A cache that cannot be read knows nothing.
  for (size_t i = 0; i < found.size(); ++i) {
    const Local& local = found[i];
    const std::string path = Join(directory.remote, local.name);
    if (request_.mirror) kept_.insert(path);
    switch (local.stat.kind) {
      case FileKind::kDirectory:
        CompareDirectory(directory, local, path, Replaced(path, NodeKind::kDirectory));
        break;
      case FileKind::kSymlink:
        CompareSymlink(directory, local, path, Replaced(path, NodeKind::kSymlink));
        break;
      case FileKind::kFile:
        CompareFile(directory, local, path, Replaced(path, NodeKind::kFile), (*cached)[i]);
        break;
      case FileKind::kOther:
        AddIssue(path, absl::InvalidArgumentError(
                           "expected a file, directory or symlink, found a special file: skipped"));
        break;
    }
  }
}

const RemoteNode* PutPlan::Replaced(const std::string& path, NodeKind kind) {
  const auto it = remote_.find(path);
  if (it == remote_.end()) return nullptr;
  if (it->second.kind == kind) return &it->second;
  if (it->second.kind == NodeKind::kDirectory) DeleteBelow(path);
  Delete(path, it->second);
  return nullptr;
}

std::function<absl::StatusOr<ContentRef>()> PutPlan::ContentOf(const NodeId& node) const {
  return [&opened = ports_.opened, node]() -> absl::StatusOr<ContentRef> {
    SYNCENGINE_ASSIGN_OR_RETURN(Revision head,
                                opened.service->Stat(opened.record.id, {.path = "", .node = node}));
    return std::move(head.state.content);
  };
}

UploadItem PutPlan::NewItem(const Directory& directory, const Local& local, const std::string& path,
                            const RemoteNode* remote, NodeKind kind) {
  UploadItem item;
  item.label = path;
  item.change.node = remote != nullptr ? remote->node : nodes_.Next();
  if (remote != nullptr) item.change.base = remote->revision;
  NodeState& state = item.change.state;
  state.kind = kind;
  state.parent = directory.node;
  state.name = local.name;
  state.attributes.mode = local.stat.mode;
  state.attributes.mtime_ns = local.stat.mtime_ns;
  return item;
}

void PutPlan::CompareDirectory(const Directory& directory, const Local& local,
                               const std::string& path, const RemoteNode* remote) {
  // A directory's mtime changes with every entry, so only its mode counts.
  if (remote == nullptr || remote->mode != local.stat.mode) {
    ready_.push_back(NewItem(directory, local, path, remote, NodeKind::kDirectory));
    directories_.push_back({local.path, path, ready_.back().change.node});
  } else {
    directories_.push_back({local.path, path, remote->node});
  }
}

void PutPlan::CompareSymlink(const Directory& directory, const Local& local,
                             const std::string& path, const RemoteNode* remote) {
  const auto target = ports_.files.ReadSymlink(local.path);
  if (!target.ok()) return AddIssue(path, target.status());
  if (remote != nullptr && remote->symlink_target == *target) return;
  ready_.push_back(NewItem(directory, local, path, remote, NodeKind::kSymlink));
  ready_.back().change.state.attributes.symlink_target = *target;
}

void PutPlan::CompareFile(const Directory& directory, const Local& local, const std::string& path,
                          const RemoteNode* remote, const std::optional<PutCacheRow>& cached) {
  ++report_.files;
  if (remote != nullptr && cached.has_value() && cached->revision == remote->revision &&
      SameFile(cached->stat, local.stat) && cached->stat.mode == local.stat.mode) {
    ++report_.files_unchanged;
    return;
  }
  UploadItem item = NewItem(directory, local, path, remote, NodeKind::kFile);
  item.size_hint = local.stat.size;
  item.open = [this, local, path]() {
    in_flight_[path].opened_ns = absl::ToUnixNanos(ports_.clock.Now());
    return OpenFileSource(ports_.files, local.path, local.stat);
  };
  item.outline = [this, node = item.change.node] { return outlines_.Find(node); };
  const RemoteNode* base = remote != nullptr ? remote : similar_.Find(path, local.stat.size);
  if (base != nullptr && base->size > 0) item.replaced = ContentOf(base->node);
  if (remote != nullptr && remote->size == local.stat.size && SameAttributes(*remote, local.stat)) {
    item.already_there = [this, node = remote->node,
                          head = remote->revision](const ContentRef& read) -> absl::StatusOr<bool> {
      SYNCENGINE_ASSIGN_OR_RETURN(
          const Revision revision,
          ports_.opened.service->Stat(ports_.opened.record.id, {.path = "", .node = node}));
      return revision.id == head && SameContent(*ports_.opened.keys, read, revision.state.content);
    };
  }
  in_flight_[path] = {local.stat, item.change.base, 0};
  ready_.push_back(std::move(item));
}

void PutPlan::DeleteBelow(const std::string& path) {
  const std::string prefix = path + "/";
  std::vector<RemoteTree::const_iterator> below;
  for (auto it = remote_.lower_bound(prefix); it != remote_.end() && it->first.starts_with(prefix);
       ++it) {
    below.push_back(it);
  }
  // Children sort behind their directory, so backwards empties directories first.
  for (auto it = below.rbegin(); it != below.rend(); ++it) Delete((*it)->first, (*it)->second);
}

void PutPlan::Delete(const std::string& path, const RemoteNode& node) {
  if (!deleted_.insert(path).second) return;
  const auto head = ports_.opened.service->Stat(ports_.opened.record.id, {"", node.node});
  if (!head.ok()) return AddIssue(path, head.status());
  UploadItem item;
  item.label = path;
  item.change.node = node.node;
  item.change.base = node.revision;
  item.change.state = head->state;
  item.change.state.deleted = true;
  item.change.state.content = {};
  ready_.push_back(std::move(item));
}

void PutPlan::PlanDeletes() {
  deletes_done_ = true;
  if (!request_.mirror) return;
  for (auto it = remote_.rbegin(); it != remote_.rend(); ++it) {
    if (!kept_.contains(it->first)) Delete(it->first, it->second);
  }
}

void PutPlan::Finished(const UploadItem& item, const UploadResult& result) {
  const auto flight = in_flight_.extract(item.label);
  if (!result.status.ok()) return AddIssue(item.label, result.status);
  if (result.skipped) {
    ++report_.files_unchanged;
  } else if (IsContest(item, result.outcome)) {
    contests_.push_back({item.label, item.change, item.open, item.size_hint, *result.outcome.head});
    return;
  } else if (result.outcome.verdict != ChangeVerdict::kCommitted) {
    return AddIssue(item.label, VerdictError(result.outcome.verdict));
  } else {
    ++committed_;
  }
  if (item.change.state.deleted) {
    ++report_.deleted;
    outlines_.Remember(item.change.node, "");
  }
  if (flight.empty()) return;
  if (!result.outline.empty()) outlines_.Remember(item.change.node, result.outline);
  const FileStat& stat = flight.mapped().stat;
  // Changed so shortly before it was read that a later change may carry the same time: read it
  // again.
  if (stat.ctime_ns + racy_window_ns_ >= flight.mapped().opened_ns) return;
  cache_.Remember(absl::StrCat(request_.remote, "/", item.label),
                  {stat, result.skipped ? flight.mapped().head : result.outcome.revision});
}

absl::Status PutPlan::SettleContests() {
  PutMerger merger(ports_, request_.device);
  for (const PutContest& contest : contests_) {
    const absl::Status settled = merger.Settle(contest, report_, stop_);
    if (absl::IsUnavailable(settled) || absl::IsCancelled(settled)) return settled;
    if (!settled.ok()) AddIssue(contest.label, settled);
  }
  return absl::OkStatus();
}

// Splits "/a/b/c" into its directory and last name.
absl::StatusOr<std::pair<std::string, std::string>> SplitLast(const std::string& path) {
  SYNCENGINE_ASSIGN_OR_RETURN(std::vector<std::string> names, SplitPath(path));
  if (names.empty()) {
    return absl::InvalidArgumentError("put: a file needs a name, found the root directory");
  }
  std::string last = std::move(names.back());
  names.pop_back();
  return std::make_pair(JoinPath(names), std::move(last));
}

}  // namespace

absl::StatusOr<PutTreeReport> PutTree(const PutTreePorts& ports, const PutTreeRequest& request,
                                      const UploaderOptions& options,
                                      const ProgressCallback& progress, std::stop_token stop) {
  SYNCENGINE_ASSIGN_OR_RETURN(const FileStat stat, ports.files.Stat(request.local));
  Service& service = *ports.opened.service;
  const NamespaceId& id = ports.opened.record.id;
  PutTreeReport report;
  std::unique_ptr<PutPlan> plan;
  std::optional<LocalWalk> walk;
  std::optional<PutStamp> stamp;
  if (stat.kind == FileKind::kDirectory) {
    walk.emplace(ports.files, ports.executor, request.local);
    SYNCENGINE_ASSIGN_OR_RETURN(const NodeId directory,
                                MakeDirectories(ports.opened, ports.entropy, request.remote));
    stamp.emplace(ports, request);
    if (const auto print = stamp->FindUnchanged(*walk); print.has_value()) {
      report.files = report.files_unchanged = print->files;
      return report;
    }
    SYNCENGINE_ASSIGN_OR_RETURN(RemoteTree remote, ListRemoteTree(service, id, directory));
    plan = std::make_unique<PutPlan>(ports, request, std::move(remote), report, stop);
    plan->StartWithDirectory(request.local, directory, &*walk);
  } else {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto place, SplitLast(request.remote));
    SYNCENGINE_ASSIGN_OR_RETURN(const NodeId parent,
                                MakeDirectories(ports.opened, ports.entropy, place.first));
    RemoteTree remote;
    const auto head = service.Stat(id, {request.remote, std::nullopt});
    if (head.ok()) remote.emplace(place.second, ToRemoteNode(*head));
    if (!head.ok() && !absl::IsNotFound(head.status())) return head.status();
    const PutTreeRequest in_parent{request.local, place.first, false, request.device};
    plan = std::make_unique<PutPlan>(ports, in_parent, std::move(remote), report, stop);
    plan->StartWithNode(request.local, stat, place.second, parent);
  }
  Uploader uploader(ports.opened, ports.executor, ports.entropy, ports.clock, options);
  auto uploaded = uploader.Upload(*plan, progress, stop);
  // What was committed stays committed, so it is remembered whatever came after.
  const absl::Status flushed = plan->FlushCache();
  SYNCENGINE_RETURN_IF_ERROR(uploaded.status());
  SYNCENGINE_RETURN_IF_ERROR(Annotate(flushed, "put cache"));
  report.upload = *uploaded;
  const bool contested = plan->contested();
  SYNCENGINE_RETURN_IF_ERROR(plan->SettleContests());
  if (stamp.has_value() && !contested && report.issues.empty()) {
    stamp->Remember(walk->print(), plan->committed() + uploaded->announced);
  }
  return report;
}

}  // namespace syncengine
