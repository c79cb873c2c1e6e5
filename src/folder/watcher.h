// Says when a folder or its namespace may have changed.
#ifndef SYNCENGINE_SRC_FOLDER_WATCHER_H_
#define SYNCENGINE_SRC_FOLDER_WATCHER_H_

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "src/folder/observer.h"
#include "syncengine/folder/folder_client.h"
#include "syncengine/folder/sync_report.h"
#include "syncengine/format/journal.h"
#include "syncengine/ports/executor.h"
#include "syncengine/ports/file_system.h"

namespace syncengine::folder {

// Two tasks of the executor, one waiting for the disk and one for the server, notify one signal.
// Made, used and destroyed by one thread.
class Watcher {
 public:
  struct Event {
    bool local = false;
    bool remote = false;
  };

  Watcher(const FolderOptions& folder, const WatchOptions& options, std::stop_token stop);
  // Ends the tasks and waits for them.
  ~Watcher();

  // The commits after `cursor` are news. The first call starts the waiting.
  void FollowFrom(const Cursor& cursor);
  // Watches these directories and no others. New ones count as changed, because nobody watched
  // while they were looked at.
  void Cover(const std::vector<SeenDirectory>& directories);
  // Waits until something may have changed and then was quiet for a moment, until `at_most` passed,
  // or until stopped.
  Event Next(absl::Duration at_most);
  // Why the disk does not tell of all changes; none when it does.
  std::optional<Issue> blind_spot();

 private:
  void StartTask(void (Watcher::*body)());
  void WaitForDisk();
  void AddWatches();
  void WaitForServer();
  bool HandleServerError(const absl::Status& status, absl::Duration& pause);
  void Raise(bool local, bool remote);
  Event Take();
  void WakeAll();
  void SetBlindSpot(const absl::Status& status);

  const FolderOptions& folder_;
  const WatchOptions options_;
  std::stop_source stop_;
  const std::unique_ptr<Signal> changed_;
  const std::unique_ptr<Signal> ended_;
  const std::unique_ptr<Signal> pause_;                 // Of the task that waits for the server.
  std::unique_ptr<FileWatch> watch_;                    // Used by the task that waits for the disk.
  absl::flat_hash_map<std::string, uint64_t> covered_;  // Path -> inode.
  bool following_ = false;
  absl::Mutex mutex_;
  int tasks_ ABSL_GUARDED_BY(mutex_) = 0;
  Event event_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> to_watch_ ABSL_GUARDED_BY(mutex_);
  std::optional<Issue> blind_spot_ ABSL_GUARDED_BY(mutex_);
  Cursor cursor_ ABSL_GUARDED_BY(mutex_);
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_WATCHER_H_
