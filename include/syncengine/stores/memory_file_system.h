// A file system in memory: for tests, simulations and trees that need not last.
#ifndef SYNCENGINE_STORES_MEMORY_FILE_SYSTEM_H_
#define SYNCENGINE_STORES_MEMORY_FILE_SYSTEM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "syncengine/ports/clock.h"
#include "syncengine/ports/file_system.h"

namespace syncengine {

namespace stores {
class MemoryDisk;
}  // namespace stores

// Does all that the port says, Watch and locks included. Times come from a clock, inode numbers
// count from 1 and are never reused, modes are stored but not enforced. Files, locks and watches
// may outlive the file system. Thread-safe. FileWatch::Wait waits in real time.
class MemoryFileSystem final : public FileSystem {
 public:
  struct Options {
    uint64_t capacity_bytes = uint64_t{1} << 50;  // Of file content; Reason::kDiskFull beyond.
    bool case_sensitive = true;                   // False: ASCII letters of either case are equal.
    bool exchange = true;
    int64_t mtime_granularity_ns = 1;  // At least 1; times are rounded down to it.
    int watches_max = 1 << 20;         // Watched directories; kResourceExhausted beyond.
    int watch_queue_max = 1 << 16;     // Changed directories a watch remembers before it overflows.
    bool power_cuts = false;           // Remember what is durable, for PowerCut.
    uint64_t page_bytes = 4096;        // What the disk writes at once; a power cut tears between.
  };
  // Decides what a power cut leaves: asked with a number of possibilities, at least 2, it gives one
  // below it. 0 loses what is asked about, the last possibility keeps it.
  using PowerCutChoice = absl::FunctionRef<uint64_t(uint64_t possibilities)>;

  // `clock` must outlive the file system and all that it opened.
  explicit MemoryFileSystem(Clock& clock) : MemoryFileSystem(clock, Options{}) {}
  MemoryFileSystem(Clock& clock, const Options& options);
  ~MemoryFileSystem() override;

  // Loses all that the port does not promise to keep: content since the last Sync of its file,
  // names since the last SyncDirectory of their directory. Needs Options::power_cuts; no file may
  // be open for writing and nothing be watched.
  void PowerCut();
  // The disk as it would be found after a power cut now; this one goes on as if nothing happened.
  // What is not durable is lost, kept or torn as `choose` says, which is asked, in an order that
  // depends on the disk alone:
  // - for each change of names since the SyncDirectory that would keep it, whether it happened. One
  //   rename is one change even between directories. Changes of one name keep their order, others
  //   do not: what was put into a new directory is lost with a directory that did not last;
  // - for each file with content or attributes that were not synced: which of its sizes since then,
  //   for each page its old bytes, zeros, or its bytes after one of the writes, and whether it has
  //   its old or its new times and mode.
  // Inode numbers stay. Needs Options::power_cuts.
  std::unique_ptr<MemoryFileSystem> AfterPowerCut(PowerCutChoice choose) const;
  // Makes everything durable, as sync(2) does.
  void SyncAll();
  // The next Sync of a file with unsynced content fails with kDataLoss; as on real disks, what it
  // should have written can be read until a power cut but is never made durable by a later Sync.
  void FailNextSync();
  // Puts a new limit on the content, as if somebody else filled or freed the disk.
  void SetCapacity(uint64_t bytes);

  Properties properties() const override;
  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenToRead(absl::string_view path) override;
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(absl::string_view path,
                                                       uint32_t mode) override;
  absl::StatusOr<FileStat> Stat(absl::string_view path) override;
  absl::StatusOr<std::vector<DirectoryEntry>> List(absl::string_view path) override;
  absl::Status MakeDirectory(absl::string_view path, uint32_t mode) override;
  absl::Status MakeSymlink(absl::string_view path, absl::string_view target) override;
  absl::StatusOr<std::string> ReadSymlink(absl::string_view path) override;
  absl::Status RemoveFile(absl::string_view path) override;
  absl::Status RemoveDirectory(absl::string_view path) override;
  absl::Status Rename(absl::string_view from, absl::string_view to, RenameMode mode) override;
  absl::Status SetAttributes(absl::string_view path, std::optional<int64_t> mtime_ns,
                             std::optional<uint32_t> mode) override;
  absl::Status SyncDirectory(absl::string_view path) override;
  absl::StatusOr<uint64_t> FreeBytes() override;
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(absl::string_view path) override;
  absl::StatusOr<std::unique_ptr<FileWatch>> Watch() override;

 private:
  explicit MemoryFileSystem(std::shared_ptr<stores::MemoryDisk> disk);

  // Shared with what was opened, which may outlive the file system.
  const std::shared_ptr<stores::MemoryDisk> disk_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_STORES_MEMORY_FILE_SYSTEM_H_
