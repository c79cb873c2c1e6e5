// Content of a local file, read as one instant's content or not at all.
#ifndef SYNCENGINE_SRC_TRANSFER_FILE_SOURCE_H_
#define SYNCENGINE_SRC_TRANSFER_FILE_SOURCE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/transfer/uploader.h"

namespace syncengine {

// Opens the file at `path` of `files`, which outlives the source. Finish fails with kAborted unless
// the open file looks like `seen` after the last byte was read: a file that was replaced does not,
// because losing a name changes its ctime.
absl::StatusOr<std::unique_ptr<ContentSource>> OpenFileSource(FileSystem& files,
                                                              const std::string& path,
                                                              const FileStat& seen);

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_FILE_SOURCE_H_
