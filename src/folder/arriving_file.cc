#include "src/folder/arriving_file.h"

#include <cstring>
#include <utility>

#include "src/base/planted_bugs.h"
#include "src/folder/stat_print.h"
#include "syncengine/base/error.h"

namespace syncengine::folder {
namespace {

constexpr size_t kHoleBytes = 4096;  // What disks allocate; smaller holes save nothing.

bool IsZero(absl::string_view bytes) {
  return bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ContentSink>> ArrivingFile::Create(
    FileSystem& files, const std::string& path, const Attributes& attributes,
    std::function<void(const Fingerprint&)> arrived) {
  SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files.Create(path, 0600));
  return std::unique_ptr<ContentSink>(
      new ArrivingFile(std::move(file), attributes, std::move(arrived)));
}

absl::Status ArrivingFile::Write(absl::string_view bytes) {
  while (!bytes.empty()) {
    const size_t to_edge = kHoleBytes - offset_ % kHoleBytes;
    absl::string_view part = bytes.substr(0, to_edge);
    ends_in_hole_ = part.size() == kHoleBytes && IsZero(part);
    if (!ends_in_hole_) {
      // Everything up to the next page of zeros goes in one write.
      size_t size = part.size();
      while (size < bytes.size()) {
        const absl::string_view page = bytes.substr(size, kHoleBytes);
        if (page.size() == kHoleBytes && IsZero(page)) break;
        size += page.size();
      }
      part = bytes.substr(0, size);
      SYNCENGINE_RETURN_IF_ERROR(file_->WriteAt(offset_, part));
    }
    offset_ += part.size();
    bytes.remove_prefix(part.size());
  }
  return absl::OkStatus();
}

absl::Status ArrivingFile::Finish() {
  if (ends_in_hole_) SYNCENGINE_RETURN_IF_ERROR(file_->Truncate(offset_));
  SYNCENGINE_RETURN_IF_ERROR(file_->SetAttributes(attributes_.mtime_ns, attributes_.mode));
  if (!PlantedBug(Bug::kSkipArrivalSync)) SYNCENGINE_RETURN_IF_ERROR(file_->Sync());
  SYNCENGINE_ASSIGN_OR_RETURN(const FileStat stat, file_->Stat());
  arrived_(PrintOf(stat));
  return absl::OkStatus();
}

}  // namespace syncengine::folder
