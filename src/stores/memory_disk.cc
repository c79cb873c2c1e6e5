#include "src/stores/memory_disk.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "src/stores/power_cut.h"
#include "src/stores/tree_path.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::stores {
namespace {

std::string Quote(absl::string_view path) { return absl::StrCat("\"", path, "\""); }

absl::Status NotFound(absl::string_view path) {
  return absl::NotFoundError(absl::StrCat(Quote(path), " does not exist"));
}

bool IsAtOrBelow(const MemoryNode* node, const MemoryNode* ancestor) {
  while (node != nullptr && node != ancestor) node = node->parent;
  return node == ancestor;
}

// Makes the current state what a power cut left, children first remembered.
void Revert(MemoryNode& node) {
  node.used_bytes->fetch_sub(node.bytes.size());
  if (node.kind == FileKind::kFile) {
    node.bytes = node.durable_bytes;
    node.stat = node.durable_stat;
    node.unsynced.clear();
  }
  node.stat.links = 1;
  node.used_bytes->fetch_add(node.bytes.size());
  node.children = node.durable_children;
  node.locked = false;
  for (const auto& [name, child] : node.children) {
    child->parent = &node;
    Revert(*child);
  }
}

void MakeDurable(MemoryNode& node) {
  node.durable_stat = node.stat;
  if (node.kind == FileKind::kFile) node.durable_bytes = node.bytes;
  node.unsynced.clear();
  node.durable_children = node.children;
  for (const auto& [name, child] : node.children) MakeDurable(*child);
}

// Cuts the links that would keep nodes alive in a circle after a rename into a durable child.
void Release(MemoryNode& node) {
  Children children = std::exchange(node.children, Children(node.children.key_comp()));
  Children durable =
      std::exchange(node.durable_children, Children(node.durable_children.key_comp()));
  for (const auto& [name, child] : children) Release(*child);
  for (const auto& [name, child] : durable) Release(*child);
}

}  // namespace

bool NameLess::operator()(const std::string& a, const std::string& b) const {
  if (case_sensitive) return a < b;
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return absl::ascii_tolower(static_cast<unsigned char>(x)) <
           absl::ascii_tolower(static_cast<unsigned char>(y));
  });
}

MemoryNode::~MemoryNode() {
  if (used_bytes != nullptr) used_bytes->fetch_sub(bytes.size());
}

MemoryDisk::MemoryDisk(Clock& clock, const MemoryFileSystem::Options& disk_options)
    : options(disk_options),
      capacity_bytes(disk_options.capacity_bytes),
      used_bytes(std::make_shared<std::atomic<uint64_t>>(0)),
      clock_(clock),
      less_{disk_options.case_sensitive},
      root_(std::make_shared<MemoryNode>(FileKind::kDirectory, less_)) {
  root_->used_bytes = used_bytes;
  root_->stat = {.kind = FileKind::kDirectory,
                 .mtime_ns = Now(),
                 .ctime_ns = Now(),
                 .device = 1,
                 .inode = ++last_inode_,
                 .mode = 0755};
}

MemoryDisk::~MemoryDisk() {
  const std::vector<NameChange> unsynced = std::exchange(unsynced_names_, {});
  for (const NameChange& change : unsynced) {
    for (const NameEdit& edit : change) Release(*edit.directory);
  }
  Release(*root_);
}

int64_t MemoryDisk::Now() const { return Round(absl::ToUnixNanos(clock_.Now())); }

int64_t MemoryDisk::Round(int64_t time_ns) const {
  const int64_t step = std::max<int64_t>(options.mtime_granularity_ns, 1);
  const int64_t rest = time_ns % step;
  return time_ns - (rest < 0 ? rest + step : rest);
}

absl::StatusOr<NodePtr> MemoryDisk::Find(absl::string_view path) {
  SYNCENGINE_RETURN_IF_ERROR(CheckTreePath(path));
  NodePtr node = root_;
  if (path.empty()) return node;
  for (const absl::string_view name : absl::StrSplit(path, '/')) {
    if (node->kind == FileKind::kSymlink) {
      return absl::PermissionDeniedError(
          absl::StrCat(Quote(path), " leads through a symlink; symlinks are never followed"));
    }
    if (name.size() > limits::kNameBytesMax) {
      return absl::InvalidArgumentError(absl::StrCat(
          Quote(path), " has a name over ", limits::kNameBytesMax, " bytes; expected less"));
    }
    const auto child = node->children.find(std::string(name));
    if (child == node->children.end()) return NotFound(path);
    node = child->second;
  }
  return node;
}

absl::StatusOr<NodePtr> MemoryDisk::FindDirectory(absl::string_view path) {
  SYNCENGINE_ASSIGN_OR_RETURN(NodePtr node, Find(path));
  if (node->kind == FileKind::kDirectory) return node;
  if (node->kind == FileKind::kSymlink) {
    return absl::PermissionDeniedError(
        absl::StrCat(Quote(path), " is a symlink; symlinks are never followed"));
  }
  return absl::FailedPreconditionError(absl::StrCat(Quote(path), " is not a directory"));
}

absl::StatusOr<NodePtr> MemoryDisk::Add(absl::string_view path, FileKind kind, uint32_t mode) {
  absl::StatusOr<NodePtr> existing = Find(path);
  if (existing.ok()) return absl::AlreadyExistsError(absl::StrCat(Quote(path), " exists"));
  if (!absl::IsNotFound(existing.status())) return existing.status();
  const SplitTreePath split(path);
  absl::StatusOr<NodePtr> parent = FindDirectory(split.parent);
  if (absl::IsFailedPrecondition(parent.status())) return NotFound(path);
  if (!parent.ok()) return parent.status();
  NodePtr node = NewNode(kind, mode);
  node->parent = parent->get();
  (*parent)->children.emplace(std::string(split.name), node);
  RecordNames({{*parent, std::string(split.name), nullptr, node}});
  Touch(**parent);
  return node;
}

NodePtr MemoryDisk::NewNode(FileKind kind, uint32_t mode) {
  auto node = std::make_shared<MemoryNode>(kind, less_);
  node->used_bytes = used_bytes;
  node->stat = {.kind = kind,
                .mtime_ns = Now(),
                .ctime_ns = Now(),
                .device = 1,
                .inode = ++last_inode_,
                .mode = mode & 07777};
  node->durable_stat = node->stat;
  return node;
}

void MemoryDisk::Remove(const NodePtr& node, absl::string_view path) {
  const std::string name(SplitTreePath(path).name);
  RecordNames({{node->parent->shared_from_this(), name, node, nullptr}});
  Detach(node, name);
}

void MemoryDisk::Detach(const NodePtr& node, absl::string_view name) {
  MemoryNode* const parent = node->parent;
  parent->children.erase(std::string(name));
  Report(node.get());
  Unwatch(*node);
  node->parent = nullptr;
  node->stat.links = 0;
  node->stat.ctime_ns = Now();
  Touch(*parent);
}

absl::Status MemoryDisk::CheckReplace(const NodePtr& from, const NodePtr& to, RenameMode mode,
                                      absl::string_view path) const {
  if (mode == RenameMode::kNoReplace) {
    return absl::AlreadyExistsError(absl::StrCat(Quote(path), " exists"));
  }
  if (IsAtOrBelow(from.get(), to.get())) {
    return absl::FailedPreconditionError(absl::StrCat(Quote(path), " is not empty"));
  }
  if (mode == RenameMode::kExchange) return absl::OkStatus();
  const bool from_directory = from->kind == FileKind::kDirectory;
  if (from_directory != (to->kind == FileKind::kDirectory)) {
    return absl::FailedPreconditionError(
        absl::StrCat(Quote(path), " is ", from_directory ? "not a directory" : "a directory"));
  }
  if (to->children.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(Quote(path), " is not empty"));
}

absl::Status MemoryDisk::Rename(absl::string_view from, absl::string_view to, RenameMode mode) {
  SYNCENGINE_ASSIGN_OR_RETURN(const NodePtr node, Find(from));
  const absl::StatusOr<NodePtr> target = Find(to);
  if (!target.ok() && !absl::IsNotFound(target.status())) return target.status();
  if (from.empty() || to.empty()) return absl::UnavailableError("the root cannot be renamed");
  const SplitTreePath split(to);
  const absl::StatusOr<NodePtr> found = FindDirectory(split.parent);
  if (!found.ok() || (!target.ok() && mode == RenameMode::kExchange)) return NotFound(to);
  MemoryNode* const parent = found->get();
  MemoryNode* const old_parent = node->parent;
  if (IsAtOrBelow(parent, node.get())) {
    return absl::InvalidArgumentError(absl::StrCat(Quote(to), " is inside ", Quote(from)));
  }
  const auto old_entry = old_parent->children.find(std::string(SplitTreePath(from).name));
  if (target.ok() && *target != node) {
    SYNCENGINE_RETURN_IF_ERROR(CheckReplace(node, *target, mode, to));
    if (mode == RenameMode::kExchange) {
      RecordNames({{old_parent->shared_from_this(), old_entry->first, node, *target},
                   {*found, std::string(split.name), *target, node}});
      Exchange(old_entry, parent->children.find(std::string(split.name)));
      return absl::OkStatus();
    }
    RecordNames({{old_parent->shared_from_this(), old_entry->first, node, nullptr},
                 {*found, std::string(split.name), *target, node}});
    Detach(*target, split.name);
  } else if (target.ok() && mode == RenameMode::kNoReplace && old_entry->first == split.name) {
    return absl::AlreadyExistsError(absl::StrCat(Quote(to), " exists"));
  } else {
    RecordNames({{old_parent->shared_from_this(), old_entry->first, node, nullptr},
                 {*found, std::string(split.name), nullptr, node}});
  }
  old_parent->children.erase(old_entry);
  parent->children.insert_or_assign(std::string(split.name), node);
  Unwatch(*node);
  node->parent = parent;
  node->stat.ctime_ns = Now();
  Touch(*old_parent);
  Touch(*parent);
  return absl::OkStatus();
}

void MemoryDisk::Exchange(Children::iterator a, Children::iterator b) {
  for (const NodePtr& node : {a->second, b->second}) {
    Unwatch(*node);
    node->stat.ctime_ns = Now();
    Touch(*node->parent);
  }
  std::swap(a->second->parent, b->second->parent);
  std::swap(a->second, b->second);
}

absl::Status MemoryDisk::Resize(MemoryNode& file, uint64_t size) {
  const uint64_t others = used_bytes->load() - file.bytes.size();
  if (size > file.bytes.size() && (others > capacity_bytes || size > capacity_bytes - others)) {
    return MakeError(Reason::kDiskFull,
                     absl::StrCat("the memory disk of ", capacity_bytes, " bytes is full"));
  }
  used_bytes->store(others + size);
  file.bytes.resize(size);
  return absl::OkStatus();
}

void MemoryDisk::SetAttributes(MemoryNode& node, std::optional<int64_t> mtime_ns,
                               std::optional<uint32_t> mode) {
  if (mode.has_value()) node.stat.mode = *mode & 07777;
  if (mtime_ns.has_value()) node.stat.mtime_ns = Round(*mtime_ns);
  node.stat.ctime_ns = Now();
  Report(node.parent);
  Report(&node);
}

FileStat MemoryDisk::Stat(const MemoryNode& node) const {
  FileStat stat = node.stat;
  stat.size = node.bytes.size();
  return stat;
}

void MemoryDisk::Touch(MemoryNode& node) {
  node.stat.mtime_ns = Now();
  node.stat.ctime_ns = node.stat.mtime_ns;
  Report(node.kind == FileKind::kDirectory ? &node : node.parent);
}

void MemoryDisk::Report(const MemoryNode* directory) {
  if (directory == nullptr) return;
  for (WatchQueue* const queue : watches) {
    const auto watched = queue->paths.find(directory->stat.inode);
    if (watched == queue->paths.end()) continue;
    if (queue->changed.size() < static_cast<size_t>(options.watch_queue_max)) {
      queue->changed.insert(watched->second);
    } else if (!queue->changed.contains(watched->second)) {
      queue->overflow = true;
    }
  }
}

// What moved or went is no longer where its watch says it is.
void MemoryDisk::Unwatch(const MemoryNode& node) {
  if (node.kind != FileKind::kDirectory) return;
  for (WatchQueue* const queue : watches) queue->paths.erase(node.stat.inode);
  for (const auto& [name, child] : node.children) Unwatch(*child);
}

absl::Status MemoryDisk::Write(MemoryNode& file, uint64_t offset, absl::string_view bytes) {
  if (bytes.empty()) return absl::OkStatus();
  if (offset > ~uint64_t{0} - bytes.size()) return absl::InvalidArgumentError("offset too large");
  const uint64_t end = std::max<uint64_t>(file.bytes.size(), offset + bytes.size());
  SYNCENGINE_RETURN_IF_ERROR(Resize(file, end));
  std::copy(bytes.begin(), bytes.end(), file.bytes.begin() + static_cast<int64_t>(offset));
  RecordWrite(file, offset, bytes);
  Touch(file);
  return absl::OkStatus();
}

absl::Status MemoryDisk::Truncate(MemoryNode& file, uint64_t size) {
  SYNCENGINE_RETURN_IF_ERROR(Resize(file, size));
  RecordWrite(file, size, "");
  Touch(file);
  return absl::OkStatus();
}

void MemoryDisk::RecordWrite(MemoryNode& file, uint64_t offset, absl::string_view bytes) {
  if (!options.power_cuts) return;
  file.unsynced.push_back({offset, std::string(bytes), file.bytes.size()});
}

void MemoryDisk::RecordNames(NameChange change) {
  if (options.power_cuts) unsynced_names_.push_back(std::move(change));
}

absl::Status MemoryDisk::SyncFile(MemoryNode& file) {
  if (!options.power_cuts) return absl::OkStatus();
  if (syncs_to_fail > 0 && !file.unsynced.empty()) {
    --syncs_to_fail;
    file.unsynced.clear();
    return absl::DataLossError("the memory disk was told to fail a sync");
  }
  for (const UnsyncedWrite& write : file.unsynced) Replay(write, file.durable_bytes);
  file.unsynced.clear();
  file.durable_stat = file.stat;
  return absl::OkStatus();
}

// A change becomes durable together with the earlier ones that gave it the names it changes.
void MemoryDisk::SyncNames(const MemoryNode& directory) {
  std::set<std::pair<const MemoryNode*, std::string>> names;
  std::vector<NameChange> durable;
  std::vector<NameChange> rest;
  for (auto change = unsynced_names_.rbegin(); change != unsynced_names_.rend(); ++change) {
    const bool wanted = std::any_of(change->begin(), change->end(), [&](const NameEdit& edit) {
      return edit.directory.get() == &directory ||
             names.contains({edit.directory.get(), FoldedName(edit.name)});
    });
    if (wanted) {
      for (const NameEdit& edit : *change) {
        names.emplace(edit.directory.get(), FoldedName(edit.name));
      }
    }
    (wanted ? durable : rest).push_back(std::move(*change));
  }
  unsynced_names_.assign(std::make_move_iterator(rest.rbegin()),
                         std::make_move_iterator(rest.rend()));
  for (auto change = durable.rbegin(); change != durable.rend(); ++change) {
    for (const NameEdit& edit : *change) {
      edit.directory->durable_children.erase(edit.name);
      if (edit.after != nullptr) edit.directory->durable_children.emplace(edit.name, edit.after);
    }
  }
}

std::string MemoryDisk::FoldedName(const std::string& name) const {
  return options.case_sensitive ? name : absl::AsciiStrToLower(name);
}

void MemoryDisk::SyncAll() {
  unsynced_names_.clear();
  MakeDurable(*root_);
}

void MemoryDisk::PowerCut() {
  unsynced_names_.clear();
  Revert(*root_);
}

std::shared_ptr<MemoryDisk> MemoryDisk::AfterPowerCut(MemoryFileSystem::PowerCutChoice choose) {
  auto disk = std::make_shared<MemoryDisk>(clock_, options);
  absl::MutexLock lock(&disk->mutex);
  disk->root_ = PowerCutTree(choose, std::max<uint64_t>(options.page_bytes, 1), disk->used_bytes)
                    .Build(*root_, unsynced_names_);
  disk->last_inode_ = last_inode_;
  disk->capacity_bytes = capacity_bytes;
  return disk;
}

}  // namespace syncengine::stores
