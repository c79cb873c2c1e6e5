// What a MemoryFileSystem, its open files, locks and watches share.
#ifndef SYNCENGINE_SRC_STORES_MEMORY_DISK_H_
#define SYNCENGINE_SRC_STORES_MEMORY_DISK_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/stores/memory_file_system.h"

namespace syncengine::stores {

struct MemoryNode;
// Shared by its directory and by open files, which keep a removed file alive.
using NodePtr = std::shared_ptr<MemoryNode>;

struct NameLess {
  bool case_sensitive = true;
  bool operator()(const std::string& a, const std::string& b) const;
};
using Children = std::map<std::string, NodePtr, NameLess>;

// A change of a file's content that no Sync has made durable.
struct UnsyncedWrite {
  uint64_t offset = 0;
  std::string bytes;
  uint64_t size_after = 0;  // Of the file.
};

// One name of one directory that changed from one node (or none) to another (or none).
struct NameEdit {
  NodePtr directory;
  std::string name;
  NodePtr before;
  NodePtr after;
};
// What one call changed in directories: takes effect as a whole.
using NameChange = std::vector<NameEdit>;

// A file, directory or symlink. Shared from this: a change of names holds its directories.
struct MemoryNode : std::enable_shared_from_this<MemoryNode> {
  MemoryNode(FileKind node_kind, NameLess less)
      : kind(node_kind), children(less), durable_children(less) {}
  ~MemoryNode();

  FileKind kind;
  FileStat stat;                 // All but the size.
  std::string bytes;             // A file's content or a symlink's target.
  Children children;             // Of a directory.
  MemoryNode* parent = nullptr;  // None for the root and for what was removed.
  bool locked = false;

  // What a power cut leaves for certain, and what it may leave besides.
  FileStat durable_stat;  // All but the size.
  std::string durable_bytes;
  Children durable_children;
  std::vector<UnsyncedWrite> unsynced;

  // Of the disk: how many bytes of content it holds. Shared because a node may be the last to go.
  std::shared_ptr<std::atomic<uint64_t>> used_bytes;
};

// What one watch collects; guarded by the disk's mutex.
struct WatchQueue {
  std::map<uint64_t, std::string> paths;  // Watched directories by inode.
  std::set<std::string> changed;
  bool overflow = false;
  bool interrupted = false;

  bool ready() const { return overflow || interrupted || !changed.empty(); }
};

// The tree of nodes. All methods need `mutex` held.
class MemoryDisk {
 public:
  MemoryDisk(Clock& clock, const MemoryFileSystem::Options& options);
  ~MemoryDisk();

  // The node at `path`, its last component not followed.
  absl::StatusOr<NodePtr> Find(absl::string_view path) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // The directory at `path`; kFailedPrecondition when it is a file, kPermissionDenied for a
  // symlink.
  absl::StatusOr<NodePtr> FindDirectory(absl::string_view path)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  absl::StatusOr<NodePtr> Add(absl::string_view path, FileKind kind, uint32_t mode)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // A new file system object, in no directory yet.
  NodePtr NewNode(FileKind kind, uint32_t mode) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // `node` is the child of that name, and neither the root nor a directory with children.
  void Remove(const NodePtr& node, absl::string_view path) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  absl::Status Rename(absl::string_view from, absl::string_view to, RenameMode mode)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  absl::Status Write(MemoryNode& file, uint64_t offset, absl::string_view bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  absl::Status Truncate(MemoryNode& file, uint64_t size) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  absl::Status SyncFile(MemoryNode& file) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void SyncNames(const MemoryNode& directory) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void SyncAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void SetAttributes(MemoryNode& node, std::optional<int64_t> mtime_ns,
                     std::optional<uint32_t> mode) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  FileStat Stat(const MemoryNode& node) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Records that content changed now and tells the watches.
  void Touch(MemoryNode& node) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void PowerCut() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  std::shared_ptr<MemoryDisk> AfterPowerCut(MemoryFileSystem::PowerCutChoice choose)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  const MemoryFileSystem::Options options;
  absl::Mutex mutex;
  uint64_t capacity_bytes ABSL_GUARDED_BY(mutex);
  const std::shared_ptr<std::atomic<uint64_t>> used_bytes;
  std::set<WatchQueue*> watches ABSL_GUARDED_BY(mutex);
  int syncs_to_fail ABSL_GUARDED_BY(mutex) = 0;

 private:
  absl::Status CheckReplace(const NodePtr& from, const NodePtr& to, RenameMode mode,
                            absl::string_view path) const;
  void Exchange(Children::iterator a, Children::iterator b) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Takes `node` out of its directory.
  void Detach(const NodePtr& node, absl::string_view name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  absl::Status Resize(MemoryNode& file, uint64_t size) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void RecordWrite(MemoryNode& file, uint64_t offset, absl::string_view bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  std::string FoldedName(const std::string& name) const;
  void RecordNames(NameChange change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Report(const MemoryNode* directory) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Unwatch(const MemoryNode& node) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  int64_t Now() const;
  int64_t Round(int64_t time_ns) const;

  Clock& clock_;
  const NameLess less_;
  uint64_t last_inode_ ABSL_GUARDED_BY(mutex) = 0;
  // Changes of names that no SyncDirectory has made durable, oldest first.
  std::vector<NameChange> unsynced_names_ ABSL_GUARDED_BY(mutex);
  NodePtr root_;  // Set once.
};

}  // namespace syncengine::stores

#endif  // SYNCENGINE_SRC_STORES_MEMORY_DISK_H_
