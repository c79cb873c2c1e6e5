// The client's own corner of the folder: temporary files, parked nodes and the trash.
#ifndef SYNCENGINE_SRC_FOLDER_WORKSPACE_H_
#define SYNCENGINE_SRC_FOLDER_WORKSPACE_H_

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "syncengine/ports/clock.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/file_system.h"

namespace syncengine::folder {

// Makes `path` unless it is there.
absl::Status EnsureDirectory(FileSystem& files, absl::string_view path);
// The directory that holds `path`; "" for the root.
std::string ParentOf(absl::string_view path);
absl::string_view NameOf(absl::string_view path);

// Thread-safe.
class Workspace {
 public:
  // The references outlive the object.
  Workspace(FileSystem& files, Entropy& entropy, Clock& clock)
      : files_(files), entropy_(entropy), clock_(clock) {}

  // Makes the directories.
  absl::Status Prepare();
  // A path for a file that does not exist yet.
  std::string NewTemporary();
  // Moves whatever is at `path` into today's trash; returns where it is now. Durable once the
  // directory it left is synced.
  absl::StatusOr<std::string> Discard(absl::string_view path);
  // Removes what has been in the trash for more than `days`.
  void EmptyTrash(int days);

 private:
  absl::Status EnsureDay(const std::string& day);
  void RemoveTree(const std::string& path);

  FileSystem& files_;
  Entropy& entropy_;
  Clock& clock_;
  absl::Mutex mutex_;
  std::string durable_day_ ABSL_GUARDED_BY(mutex_);  // The directory of the last Discard.
};

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_WORKSPACE_H_
