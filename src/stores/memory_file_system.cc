#include "syncengine/stores/memory_file_system.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/stores/memory_disk.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine {
namespace {

using stores::MemoryDisk;
using stores::MemoryNode;
using stores::NodePtr;
using stores::WatchQueue;
using DiskPtr = std::shared_ptr<MemoryDisk>;

class MemoryReadableFile final : public ReadableFile {
 public:
  MemoryReadableFile(DiskPtr disk, NodePtr node) : disk_(std::move(disk)), node_(std::move(node)) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, char* buffer, size_t size) override {
    absl::MutexLock lock(&disk_->mutex);
    if (offset >= node_->bytes.size()) return size_t{0};
    return node_->bytes.copy(buffer, size, offset);
  }
  absl::StatusOr<FileStat> Stat() override {
    absl::MutexLock lock(&disk_->mutex);
    return disk_->Stat(*node_);
  }

 private:
  const DiskPtr disk_;
  const NodePtr node_;
};

class MemoryWritableFile final : public WritableFile {
 public:
  MemoryWritableFile(DiskPtr disk, NodePtr node) : disk_(std::move(disk)), node_(std::move(node)) {}

  absl::Status WriteAt(uint64_t offset, absl::string_view bytes) override {
    absl::MutexLock lock(&disk_->mutex);
    return disk_->Write(*node_, offset, bytes);
  }
  absl::Status Truncate(uint64_t size) override {
    absl::MutexLock lock(&disk_->mutex);
    return disk_->Truncate(*node_, size);
  }
  absl::Status Sync() override {
    absl::MutexLock lock(&disk_->mutex);
    return disk_->SyncFile(*node_);
  }
  absl::Status SetAttributes(std::optional<int64_t> mtime_ns,
                             std::optional<uint32_t> mode) override {
    absl::MutexLock lock(&disk_->mutex);
    disk_->SetAttributes(*node_, mtime_ns, mode);
    return absl::OkStatus();
  }
  absl::StatusOr<FileStat> Stat() override {
    absl::MutexLock lock(&disk_->mutex);
    return disk_->Stat(*node_);
  }

 private:
  const DiskPtr disk_;
  const NodePtr node_;
};

class MemoryLock final : public FileLock {
 public:
  MemoryLock(DiskPtr disk, NodePtr node) : disk_(std::move(disk)), node_(std::move(node)) {}
  ~MemoryLock() override {
    absl::MutexLock lock(&disk_->mutex);
    node_->locked = false;
  }

 private:
  const DiskPtr disk_;
  const NodePtr node_;
};

class MemoryWatch final : public FileWatch {
 public:
  explicit MemoryWatch(DiskPtr disk) : disk_(std::move(disk)) {
    absl::MutexLock lock(&disk_->mutex);
    disk_->watches.insert(&queue_);
  }
  ~MemoryWatch() override {
    absl::MutexLock lock(&disk_->mutex);
    disk_->watches.erase(&queue_);
  }

  absl::Status Add(absl::string_view path) override {
    absl::MutexLock lock(&disk_->mutex);
    SYNCENGINE_ASSIGN_OR_RETURN(const NodePtr node, disk_->FindDirectory(path));
    const bool known = queue_.paths.contains(node->stat.inode);
    if (!known && queue_.paths.size() >= static_cast<size_t>(disk_->options.watches_max)) {
      return absl::ResourceExhaustedError(absl::StrCat("watch \"", path, "\": the limit of ",
                                                       disk_->options.watches_max, " is reached"));
    }
    queue_.paths[node->stat.inode] = std::string(path);
    return absl::OkStatus();
  }

  absl::StatusOr<WatchBatch> Wait(absl::Duration timeout) override {
    absl::MutexLock lock(&disk_->mutex);
    disk_->mutex.AwaitWithTimeout(absl::Condition(
                                      +[](WatchQueue* queue) { return queue->ready(); }, &queue_),
                                  timeout);
    queue_.interrupted = false;
    WatchBatch batch;
    batch.directories.assign(queue_.changed.begin(), queue_.changed.end());
    batch.overflow = std::exchange(queue_.overflow, false);
    queue_.changed.clear();
    return batch;
  }

  void Interrupt() override {
    absl::MutexLock lock(&disk_->mutex);
    queue_.interrupted = true;
  }

 private:
  const DiskPtr disk_;
  WatchQueue queue_;  // Guarded by the disk's mutex.
};

absl::Status WrongKind(absl::string_view path, absl::string_view found) {
  return absl::FailedPreconditionError(absl::StrCat("\"", path, "\" is ", found));
}

}  // namespace

MemoryFileSystem::MemoryFileSystem(Clock& clock, const Options& options)
    : disk_(std::make_shared<MemoryDisk>(clock, options)) {}
MemoryFileSystem::MemoryFileSystem(DiskPtr disk) : disk_(std::move(disk)) {}
MemoryFileSystem::~MemoryFileSystem() = default;

void MemoryFileSystem::PowerCut() {
  absl::MutexLock lock(&disk_->mutex);
  disk_->PowerCut();
}

std::unique_ptr<MemoryFileSystem> MemoryFileSystem::AfterPowerCut(PowerCutChoice choose) const {
  absl::MutexLock lock(&disk_->mutex);
  return std::unique_ptr<MemoryFileSystem>(new MemoryFileSystem(disk_->AfterPowerCut(choose)));
}

void MemoryFileSystem::SyncAll() {
  absl::MutexLock lock(&disk_->mutex);
  disk_->SyncAll();
}

void MemoryFileSystem::FailNextSync() {
  absl::MutexLock lock(&disk_->mutex);
  ++disk_->syncs_to_fail;
}

void MemoryFileSystem::SetCapacity(uint64_t bytes) {
  absl::MutexLock lock(&disk_->mutex);
  disk_->capacity_bytes = bytes;
}

FileSystem::Properties MemoryFileSystem::properties() const {
  return {.case_sensitive = disk_->options.case_sensitive,
          .exchange = disk_->options.exchange,
          .mtime_granularity_ns = disk_->options.mtime_granularity_ns};
}

absl::StatusOr<std::unique_ptr<ReadableFile>> MemoryFileSystem::OpenToRead(absl::string_view path) {
  absl::MutexLock lock(&disk_->mutex);
  SYNCENGINE_ASSIGN_OR_RETURN(NodePtr node, disk_->Find(path));
  if (node->kind == FileKind::kDirectory) return WrongKind(path, "a directory");
  if (node->kind == FileKind::kSymlink) {
    return absl::PermissionDeniedError(
        absl::StrCat("\"", path, "\" is a symlink; symlinks are never followed"));
  }
  return std::unique_ptr<ReadableFile>(
      std::make_unique<MemoryReadableFile>(disk_, std::move(node)));
}

absl::StatusOr<std::unique_ptr<WritableFile>> MemoryFileSystem::Create(absl::string_view path,
                                                                       uint32_t mode) {
  absl::MutexLock lock(&disk_->mutex);
  SYNCENGINE_ASSIGN_OR_RETURN(NodePtr node, disk_->Add(path, FileKind::kFile, mode));
  return std::unique_ptr<WritableFile>(
      std::make_unique<MemoryWritableFile>(disk_, std::move(node)));
}

absl::StatusOr<FileStat> MemoryFileSystem::Stat(absl::string_view path) {
  absl::MutexLock lock(&disk_->mutex);
  SYNCENGINE_ASSIGN_OR_RETURN(const NodePtr node, disk_->Find(path));
  return disk_->Stat(*node);
}

absl::StatusOr<std::vector<DirectoryEntry>> MemoryFileSystem::List(absl::string_view path) {
  absl::MutexLock lock(&disk_->mutex);
  SYNCENGINE_ASSIGN_OR_RETURN(const NodePtr directory, disk_->FindDirectory(path));
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, node] : directory->children) entries.push_back({name, node->kind});
  return entries;
}

absl::Status MemoryFileSystem::MakeDirectory(absl::string_view path, uint32_t mode) {
  absl::MutexLock lock(&disk_->mutex);
  return disk_->Add(path, FileKind::kDirectory, mode).status();
}

absl::Status MemoryFileSystem::MakeSymlink(absl::string_view path, absl::string_view target) {
  if (target.empty() || target.size() >= limits::kSymlinkTargetMax ||
      target.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        "symlink \"", path, "\": the target is empty, too long or has a NUL character"));
  }
  absl::MutexLock lock(&disk_->mutex);
  SYNCENGINE_ASSIGN_OR_RETURN(const NodePtr node, disk_->Add(path, FileKind::kSymlink, 0777));
  node->bytes = std::string(target);
  disk_->used_bytes->fetch_add(target.size());
  return absl::OkStatus();
}

absl::StatusOr<std::string> MemoryFileSystem::ReadSymlink(absl::string_view path) {
  absl::MutexLock lock(&disk_->mutex);
  SYNCENGINE_ASSIGN_OR_RETURN(const NodePtr node, disk_->Find(path));
  if (node->kind != FileKind::kSymlink) return WrongKind(path, "not a symlink");
  return node->bytes;
}

absl::Status MemoryFileSystem::RemoveFile(absl::string_view path) {
  absl::MutexLock lock(&disk_->mutex);
  SYNCENGINE_ASSIGN_OR_RETURN(const NodePtr node, disk_->Find(path));
  if (node->kind == FileKind::kDirectory) return WrongKind(path, "a directory");
  disk_->Remove(node, path);
  return absl::OkStatus();
}

absl::Status MemoryFileSystem::RemoveDirectory(absl::string_view path) {
  absl::MutexLock lock(&disk_->mutex);
  SYNCENGINE_ASSIGN_OR_RETURN(const NodePtr node, disk_->Find(path));
  if (node->kind != FileKind::kDirectory) return WrongKind(path, "not a directory");
  if (path.empty()) return absl::InvalidArgumentError("the root cannot be removed");
  if (!node->children.empty()) return WrongKind(path, "not empty");
  disk_->Remove(node, path);
  return absl::OkStatus();
}

absl::Status MemoryFileSystem::Rename(absl::string_view from, absl::string_view to,
                                      RenameMode mode) {
  if (mode == RenameMode::kExchange && !disk_->options.exchange) {
    return absl::UnimplementedError("this memory disk cannot exchange names");
  }
  absl::MutexLock lock(&disk_->mutex);
  return disk_->Rename(from, to, mode);
}

absl::Status MemoryFileSystem::SetAttributes(absl::string_view path,
                                             std::optional<int64_t> mtime_ns,
                                             std::optional<uint32_t> mode) {
  absl::MutexLock lock(&disk_->mutex);
  SYNCENGINE_ASSIGN_OR_RETURN(const NodePtr node, disk_->Find(path));
  if (mode.has_value() && node->kind == FileKind::kSymlink) {
    return absl::InvalidArgumentError(absl::StrCat("\"", path, "\": a symlink has no mode"));
  }
  disk_->SetAttributes(*node, mtime_ns, mode);
  node->durable_stat = node->stat;
  return absl::OkStatus();
}

absl::Status MemoryFileSystem::SyncDirectory(absl::string_view path) {
  absl::MutexLock lock(&disk_->mutex);
  SYNCENGINE_ASSIGN_OR_RETURN(const NodePtr node, disk_->FindDirectory(path));
  disk_->SyncNames(*node);
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> MemoryFileSystem::FreeBytes() {
  absl::MutexLock lock(&disk_->mutex);
  return disk_->capacity_bytes - std::min(disk_->capacity_bytes, disk_->used_bytes->load());
}

absl::StatusOr<std::unique_ptr<FileLock>> MemoryFileSystem::Lock(absl::string_view path) {
  absl::MutexLock lock(&disk_->mutex);
  absl::StatusOr<NodePtr> node = disk_->Find(path);
  if (absl::IsNotFound(node.status())) node = disk_->Add(path, FileKind::kFile, 0600);
  if (!node.ok()) return node.status();
  if ((*node)->kind == FileKind::kSymlink) {
    return absl::PermissionDeniedError(
        absl::StrCat("\"", path, "\" is a symlink; symlinks are never followed"));
  }
  if ((*node)->kind != FileKind::kFile) return WrongKind(path, "not a file");
  if (std::exchange((*node)->locked, true)) {
    return MakeError(Reason::kLocked, absl::StrCat("\"", path, "\" is locked by somebody else"));
  }
  return std::unique_ptr<FileLock>(std::make_unique<MemoryLock>(disk_, *std::move(node)));
}

absl::StatusOr<std::unique_ptr<FileWatch>> MemoryFileSystem::Watch() {
  return std::unique_ptr<FileWatch>(std::make_unique<MemoryWatch>(disk_));
}

}  // namespace syncengine
