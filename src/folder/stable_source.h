// The content of a file at one instant, or an error.
#ifndef SYNCENGINE_SRC_FOLDER_STABLE_SOURCE_H_
#define SYNCENGINE_SRC_FOLDER_STABLE_SOURCE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "src/folder/stat_print.h"
#include "syncengine/base/error.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/transfer/uploader.h"

namespace syncengine::folder {

// Finish fails with kAborted unless the open file and the one at the path are still as they were
// when it was opened. Thread-compatible.
class StableSource : public ContentSource {
 public:
  StableSource(FileSystem& files, std::string path, std::unique_ptr<ReadableFile> file,
               const Fingerprint& print)
      : files_(files), path_(std::move(path)), file_(std::move(file)), print_(print) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    SYNCENGINE_ASSIGN_OR_RETURN(const size_t read, file_->ReadAt(offset_, buffer, size));
    offset_ += read;
    return read;
  }

  absl::Status Finish() override {
    SYNCENGINE_ASSIGN_OR_RETURN(const FileStat open, file_->Stat());
    absl::StatusOr<FileStat> named = files_.Stat(path_);
    const bool same = named.ok() && PrintOf(open) == print_ && PrintOf(*named) == print_;
    if (same && offset_ == print_.size) return absl::OkStatus();
    return absl::AbortedError(absl::StrCat(path_, ": changed while it was read"));
  }

 private:
  FileSystem& files_;
  const std::string path_;
  const std::unique_ptr<ReadableFile> file_;
  const Fingerprint print_;
  uint64_t offset_ = 0;
};

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_STABLE_SOURCE_H_
