// Port: a directory tree on a disk.
#ifndef SYNCENGINE_PORTS_FILE_SYSTEM_H_
#define SYNCENGINE_PORTS_FILE_SYSTEM_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace syncengine {

enum class FileKind { kFile, kDirectory, kSymlink, kOther };

// What lstat says. Equal (device, inode, size, mtime, ctime) mean unchanged content unless the last
// change is so recent that the disk's clock could not tell.
struct FileStat {
  FileKind kind = FileKind::kFile;
  uint64_t size = 0;
  int64_t mtime_ns = 0;
  int64_t ctime_ns = 0;
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t links = 1;
  uint32_t mode = 0;  // Permission bits (07777).

  friend bool operator==(const FileStat&, const FileStat&) = default;
};

struct DirectoryEntry {
  std::string name;
  FileKind kind = FileKind::kFile;
};

// An entry and what Stat says of it.
struct StatEntry {
  std::string name;
  absl::StatusOr<FileStat> stat;
};

// An open file to read. Thread-compatible.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  // Up to `size` bytes from `offset` into `buffer`; fewer only at the end of the file.
  virtual absl::StatusOr<size_t> ReadAt(uint64_t offset, char* buffer, size_t size) = 0;
  virtual absl::StatusOr<FileStat> Stat() = 0;
};

// An open file to write. Thread-compatible. Destroying it closes it; nothing is durable before
// Sync.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  // Writes all of `bytes` or fails.
  virtual absl::Status WriteAt(uint64_t offset, absl::string_view bytes) = 0;
  virtual absl::Status Truncate(uint64_t size) = 0;
  // Makes the content durable (not the name: SyncDirectory). After an error the file's state on
  // disk is unknown: never Sync it again, write a new one.
  virtual absl::Status Sync() = 0;
  virtual absl::Status SetAttributes(std::optional<int64_t> mtime_ns,
                                     std::optional<uint32_t> mode) = 0;
  virtual absl::StatusOr<FileStat> Stat() = 0;
};

enum class RenameMode {
  kReplace,    // As rename(2).
  kNoReplace,  // kAlreadyExists when the target exists.
  kExchange,   // Swaps the two, which must both exist.
};

// An exclusive lock; released when destroyed or when the process ends.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

// Which directories changed since the last call.
struct WatchBatch {
  std::vector<std::string> directories;  // Relative paths, each once.
  bool overflow = false;                 // Events were lost: look at everything.
};

// Tells which directories may have changed. Thread-compatible, except Interrupt.
class FileWatch {
 public:
  virtual ~FileWatch() = default;
  // Watches one more directory. kResourceExhausted when the system's limit is reached.
  virtual absl::Status Add(absl::string_view path) = 0;
  // Waits until something changed; an empty batch when `timeout` passed or on Interrupt.
  virtual absl::StatusOr<WatchBatch> Wait(absl::Duration timeout) = 0;
  // Ends a Wait from another thread.
  virtual void Interrupt() = 0;
};

// One directory tree. Paths are relative to its root, '/'-separated, "" is the root itself. No call
// ever follows a symlink in any component, nor leaves the root: such paths are kPermissionDenied.
// Thread-safe. Common errors: kNotFound, kAlreadyExists, kPermissionDenied, Reason::kDiskFull,
// kResourceExhausted (too many open files), kUnavailable (interrupted, busy), kInvalidArgument, and
// kDataLoss for EIO.
class FileSystem {
 public:
  struct Properties {
    bool case_sensitive = true;
    bool exchange = false;             // RenameMode::kExchange works.
    int64_t mtime_granularity_ns = 1;  // Coarsest step of stored times.
  };

  virtual ~FileSystem() = default;

  virtual Properties properties() const = 0;

  virtual absl::StatusOr<std::unique_ptr<ReadableFile>> OpenToRead(absl::string_view path) = 0;
  // Creates a new file; kAlreadyExists when anything has that name.
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> Create(absl::string_view path,
                                                               uint32_t mode) = 0;
  // As lstat: symlinks are not followed.
  virtual absl::StatusOr<FileStat> Stat(absl::string_view path) = 0;
  // All entries but "." and "..", in no particular order. An error means the listing is unknown.
  virtual absl::StatusOr<std::vector<DirectoryEntry>> List(absl::string_view path) = 0;
  // List together with Stat of every entry, for those who look at a whole tree. An implementation
  // that can ask within an open directory is several times as fast as this one by one.
  virtual absl::StatusOr<std::vector<StatEntry>> ListWithStats(absl::string_view path) {
    auto entries = List(path);
    if (!entries.ok()) return entries.status();
    std::vector<StatEntry> found;
    found.reserve(entries->size());
    for (DirectoryEntry& entry : *entries) {
      auto stat = Stat(path.empty() ? entry.name : std::string(path) + "/" + entry.name);
      found.push_back({std::move(entry.name), std::move(stat)});
    }
    return found;
  }
  virtual absl::Status MakeDirectory(absl::string_view path, uint32_t mode) = 0;
  virtual absl::Status MakeSymlink(absl::string_view path, absl::string_view target) = 0;
  virtual absl::StatusOr<std::string> ReadSymlink(absl::string_view path) = 0;
  // Removes a file or symlink.
  virtual absl::Status RemoveFile(absl::string_view path) = 0;
  // Removes an empty directory; kFailedPrecondition when it is not empty.
  virtual absl::Status RemoveDirectory(absl::string_view path) = 0;
  virtual absl::Status Rename(absl::string_view from, absl::string_view to, RenameMode mode) = 0;
  // A file's attributes are durable on OK; a directory's are with SyncDirectory of it.
  virtual absl::Status SetAttributes(absl::string_view path, std::optional<int64_t> mtime_ns,
                                     std::optional<uint32_t> mode) = 0;
  // Makes the names inside `path` durable.
  virtual absl::Status SyncDirectory(absl::string_view path) = 0;
  virtual absl::StatusOr<uint64_t> FreeBytes() = 0;
  // Takes an exclusive lock on a file that is created when missing. Reason::kLocked when another
  // holder has it.
  virtual absl::StatusOr<std::unique_ptr<FileLock>> Lock(absl::string_view path) = 0;
  // kUnimplemented where there is no change notification.
  virtual absl::StatusOr<std::unique_ptr<FileWatch>> Watch() = 0;
};

}  // namespace syncengine

#endif  // SYNCENGINE_PORTS_FILE_SYSTEM_H_
