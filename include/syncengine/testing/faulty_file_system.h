// A file system whose calls fail on demand.
#ifndef SYNCENGINE_TESTING_FAULTY_FILE_SYSTEM_H_
#define SYNCENGINE_TESTING_FAULTY_FILE_SYSTEM_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "syncengine/base/error.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/testing/fault_plan.h"

namespace syncengine {

// Asks `plan` before each call, also of the files it opened, and passes what may happen on to
// `base`; both must outlive it and its files. The calls are named after the methods. A failing
// WriteAt writes the first half of its bytes. Thread-safe.
class FaultyFileSystem final : public FileSystem {
 public:
  FaultyFileSystem(FileSystem& base, FaultPlan& plan) : base_(base), plan_(plan) {}

  Properties properties() const override { return base_.properties(); }
  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenToRead(absl::string_view path) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("OpenToRead"));
    SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, base_.OpenToRead(path));
    return std::unique_ptr<ReadableFile>(std::make_unique<Reader>(std::move(file), plan_));
  }
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(absl::string_view path,
                                                       uint32_t mode) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("Create"));
    SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, base_.Create(path, mode));
    return std::unique_ptr<WritableFile>(std::make_unique<Writer>(std::move(file), plan_));
  }
  absl::StatusOr<FileStat> Stat(absl::string_view path) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("Stat"));
    return base_.Stat(path);
  }
  absl::StatusOr<std::vector<DirectoryEntry>> List(absl::string_view path) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("List"));
    return base_.List(path);
  }
  absl::Status MakeDirectory(absl::string_view path, uint32_t mode) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("MakeDirectory"));
    return base_.MakeDirectory(path, mode);
  }
  absl::Status MakeSymlink(absl::string_view path, absl::string_view target) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("MakeSymlink"));
    return base_.MakeSymlink(path, target);
  }
  absl::StatusOr<std::string> ReadSymlink(absl::string_view path) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("ReadSymlink"));
    return base_.ReadSymlink(path);
  }
  absl::Status RemoveFile(absl::string_view path) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("RemoveFile"));
    return base_.RemoveFile(path);
  }
  absl::Status RemoveDirectory(absl::string_view path) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("RemoveDirectory"));
    return base_.RemoveDirectory(path);
  }
  absl::Status Rename(absl::string_view from, absl::string_view to, RenameMode mode) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("Rename"));
    return base_.Rename(from, to, mode);
  }
  absl::Status SetAttributes(absl::string_view path, std::optional<int64_t> mtime_ns,
                             std::optional<uint32_t> mode) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("SetAttributes"));
    return base_.SetAttributes(path, mtime_ns, mode);
  }
  absl::Status SyncDirectory(absl::string_view path) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("SyncDirectory"));
    return base_.SyncDirectory(path);
  }
  absl::StatusOr<uint64_t> FreeBytes() override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("FreeBytes"));
    return base_.FreeBytes();
  }
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(absl::string_view path) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("Lock"));
    return base_.Lock(path);
  }
  absl::StatusOr<std::unique_ptr<FileWatch>> Watch() override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("Watch"));
    return base_.Watch();
  }

 private:
  class Reader final : public ReadableFile {
   public:
    Reader(std::unique_ptr<ReadableFile> base, FaultPlan& plan)
        : base_(std::move(base)), plan_(plan) {}
    absl::StatusOr<size_t> ReadAt(uint64_t offset, char* buffer, size_t size) override {
      SYNCENGINE_RETURN_IF_ERROR(plan_.Next("ReadAt"));
      return base_->ReadAt(offset, buffer, size);
    }
    absl::StatusOr<FileStat> Stat() override {
      SYNCENGINE_RETURN_IF_ERROR(plan_.Next("StatOpen"));
      return base_->Stat();
    }

   private:
    const std::unique_ptr<ReadableFile> base_;
    FaultPlan& plan_;
  };

  class Writer final : public WritableFile {
   public:
    Writer(std::unique_ptr<WritableFile> base, FaultPlan& plan)
        : base_(std::move(base)), plan_(plan) {}
    absl::Status WriteAt(uint64_t offset, absl::string_view bytes) override {
      absl::Status fault = plan_.Next("WriteAt");
      if (fault.ok()) return base_->WriteAt(offset, bytes);
      base_->WriteAt(offset, bytes.substr(0, bytes.size() / 2)).IgnoreError();
      return fault;
    }
    absl::Status Truncate(uint64_t size) override {
      SYNCENGINE_RETURN_IF_ERROR(plan_.Next("Truncate"));
      return base_->Truncate(size);
    }
    absl::Status Sync() override {
      SYNCENGINE_RETURN_IF_ERROR(plan_.Next("Sync"));
      return base_->Sync();
    }
    absl::Status SetAttributes(std::optional<int64_t> mtime_ns,
                               std::optional<uint32_t> mode) override {
      SYNCENGINE_RETURN_IF_ERROR(plan_.Next("SetAttributesOpen"));
      return base_->SetAttributes(mtime_ns, mode);
    }
    absl::StatusOr<FileStat> Stat() override {
      SYNCENGINE_RETURN_IF_ERROR(plan_.Next("StatOpen"));
      return base_->Stat();
    }

   private:
    const std::unique_ptr<WritableFile> base_;
    FaultPlan& plan_;
  };

  FileSystem& base_;
  FaultPlan& plan_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_TESTING_FAULTY_FILE_SYSTEM_H_
