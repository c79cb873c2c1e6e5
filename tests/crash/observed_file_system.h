// A file system that tells of every call that changes it.
#ifndef SYNCENGINE_TESTS_CRASH_OBSERVED_FILE_SYSTEM_H_
#define SYNCENGINE_TESTS_CRASH_OBSERVED_FILE_SYSTEM_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "syncengine/base/error.h"
#include "syncengine/ports/file_system.h"

namespace syncengine::testing {

// Thread-compatible. `after` must not change what it observes.
class ObservedFileSystem final : public FileSystem {
 public:
  explicit ObservedFileSystem(FileSystem& base) : base_(base) {}

  // Told the name of each call that changed something, or made it durable, and went well.
  std::function<void(absl::string_view call)> after;

  Properties properties() const override { return base_.properties(); }
  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenToRead(absl::string_view path) override {
    return base_.OpenToRead(path);
  }
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(absl::string_view path,
                                                       uint32_t mode) override {
    SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, base_.Create(path, mode));
    Tell("Create", absl::OkStatus()).IgnoreError();
    return std::unique_ptr<WritableFile>(std::make_unique<Writer>(std::move(file), *this));
  }
  absl::StatusOr<FileStat> Stat(absl::string_view path) override { return base_.Stat(path); }
  absl::StatusOr<std::vector<DirectoryEntry>> List(absl::string_view path) override {
    return base_.List(path);
  }
  absl::Status MakeDirectory(absl::string_view path, uint32_t mode) override {
    return Tell("MakeDirectory", base_.MakeDirectory(path, mode));
  }
  absl::Status MakeSymlink(absl::string_view path, absl::string_view target) override {
    return Tell("MakeSymlink", base_.MakeSymlink(path, target));
  }
  absl::StatusOr<std::string> ReadSymlink(absl::string_view path) override {
    return base_.ReadSymlink(path);
  }
  absl::Status RemoveFile(absl::string_view path) override {
    return Tell("RemoveFile", base_.RemoveFile(path));
  }
  absl::Status RemoveDirectory(absl::string_view path) override {
    return Tell("RemoveDirectory", base_.RemoveDirectory(path));
  }
  absl::Status Rename(absl::string_view from, absl::string_view to, RenameMode mode) override {
    const char* const call = mode == RenameMode::kExchange    ? "Rename (exchange)"
                             : mode == RenameMode::kNoReplace ? "Rename (new name)"
                                                              : "Rename (replace)";
    return Tell(call, base_.Rename(from, to, mode));
  }
  absl::Status SetAttributes(absl::string_view path, std::optional<int64_t> mtime_ns,
                             std::optional<uint32_t> mode) override {
    return Tell("SetAttributes", base_.SetAttributes(path, mtime_ns, mode));
  }
  absl::Status SyncDirectory(absl::string_view path) override {
    return Tell("SyncDirectory", base_.SyncDirectory(path));
  }
  absl::StatusOr<uint64_t> FreeBytes() override { return base_.FreeBytes(); }
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(absl::string_view path) override {
    auto lock = base_.Lock(path);
    if (lock.ok()) Tell("Lock", absl::OkStatus()).IgnoreError();
    return lock;
  }
  absl::StatusOr<std::unique_ptr<FileWatch>> Watch() override { return base_.Watch(); }

 private:
  class Writer final : public WritableFile {
   public:
    Writer(std::unique_ptr<WritableFile> base, ObservedFileSystem& files)
        : base_(std::move(base)), files_(files) {}
    absl::Status WriteAt(uint64_t offset, absl::string_view bytes) override {
      return files_.Tell("WriteAt", base_->WriteAt(offset, bytes));
    }
    absl::Status Truncate(uint64_t size) override {
      return files_.Tell("Truncate", base_->Truncate(size));
    }
    absl::Status Sync() override { return files_.Tell("Sync", base_->Sync()); }
    absl::Status SetAttributes(std::optional<int64_t> mtime_ns,
                               std::optional<uint32_t> mode) override {
      return files_.Tell("SetAttributes (open file)", base_->SetAttributes(mtime_ns, mode));
    }
    absl::StatusOr<FileStat> Stat() override { return base_->Stat(); }

   private:
    const std::unique_ptr<WritableFile> base_;
    ObservedFileSystem& files_;
  };

  absl::Status Tell(absl::string_view call, absl::Status status) {
    if (status.ok() && after) after(call);
    return status;
  }

  FileSystem& base_;
};

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTS_CRASH_OBSERVED_FILE_SYSTEM_H_
