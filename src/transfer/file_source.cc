#include "src/transfer/file_source.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"

namespace syncengine {
namespace {

bool SameInstant(const FileStat& a, const FileStat& b) {
  return a.kind == b.kind && a.size == b.size && a.mtime_ns == b.mtime_ns &&
         a.ctime_ns == b.ctime_ns && a.device == b.device && a.inode == b.inode;
}

class FileSource : public ContentSource {
 public:
  FileSource(std::string path, const FileStat& seen, std::unique_ptr<ReadableFile> file)
      : path_(std::move(path)), seen_(seen), file_(std::move(file)) {}

  // Not past the size that was seen: whether the file grew is for Finish to see.
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    size = std::min<uint64_t>(size, seen_.size - offset_);
    if (size == 0) return 0;
    SYNCENGINE_ASSIGN_OR_RETURN(const size_t read, file_->ReadAt(offset_, buffer, size));
    offset_ += read;
    return read;
  }

  absl::Status Finish() override {
    // Of the open file alone: one that was replaced lost its name, and that changes its ctime.
    SYNCENGINE_ASSIGN_OR_RETURN(const FileStat open, file_->Stat());
    if (SameInstant(open, seen_) && offset_ == seen_.size) return absl::OkStatus();
    return absl::AbortedError(
        absl::StrCat(path_, ": changed while it was read; it is left for the next run"));
  }

 private:
  const std::string path_;
  const FileStat seen_;
  const std::unique_ptr<ReadableFile> file_;
  uint64_t offset_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ContentSource>> OpenFileSource(FileSystem& files,
                                                              const std::string& path,
                                                              const FileStat& seen) {
  SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, files.OpenToRead(path));
  return std::make_unique<FileSource>(path, seen, std::move(file));
}

}  // namespace syncengine
