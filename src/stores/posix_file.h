// Open files and locks of the operating system.
#ifndef SYNCENGINE_SRC_STORES_POSIX_FILE_H_
#define SYNCENGINE_SRC_STORES_POSIX_FILE_H_

#include <sys/stat.h>

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "src/stores/unique_fd.h"
#include "syncengine/ports/file_system.h"

namespace syncengine::stores {

FileKind ToFileKind(mode_t mode);
FileStat ToFileStat(const struct stat& found);
// Access time and modification time for utimensat: nothing and `mtime_ns`.
std::array<timespec, 2> ToTimes(int64_t mtime_ns);

// `path` is for messages. The descriptor is of a regular file.
std::unique_ptr<ReadableFile> NewPosixReadableFile(UniqueFd fd, std::string path);
std::unique_ptr<WritableFile> NewPosixWritableFile(UniqueFd fd, std::string path);
// Takes flock(2) on the file; Reason::kLocked when somebody else has it.
absl::StatusOr<std::unique_ptr<FileLock>> NewPosixLock(UniqueFd fd, const std::string& path);

}  // namespace syncengine::stores

#endif  // SYNCENGINE_SRC_STORES_POSIX_FILE_H_
