// Keeps a folder and a namespace the same: scan, plan, apply; once, or for as long as it is told.
#ifndef SYNCENGINE_FOLDER_FOLDER_CLIENT_H_
#define SYNCENGINE_FOLDER_FOLDER_CLIENT_H_

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "syncengine/base/progress.h"
#include "syncengine/folder/sync_report.h"
#include "syncengine/merge/merger.h"
#include "syncengine/ports/clock.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/executor.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/ports/metadata_store.h"
#include "syncengine/reconcile/brake.h"
#include "syncengine/reconcile/planner.h"
#include "syncengine/transfer/opened_namespace.h"

namespace syncengine {

namespace folder {
class Watcher;
}  // namespace folder

enum class SymlinkPolicy : uint8_t {
  kAsLink = 1,  // The link itself is synced; what it points to is never looked at.
  kSkip = 2,    // As if ignored.
};

// All references outlive the client.
struct FolderOptions {
  FileSystem& files;     // The folder.
  MetadataStore& state;  // The client's own, e.g. LMDB in FOLDER/.syncengine/state.
  const OpenedNamespace& opened;
  Executor& executor;  // Watch keeps two of its tasks busy.
  Entropy& entropy;
  Clock& clock;
  // For the names of conflicted copies where the server knows none for this device.
  std::string device = "device";
  std::string ignore_file = ".syncignore";
  SyncMode mode = SyncMode::kTwoWay;
  SymlinkPolicy symlinks = SymlinkPolicy::kAsLink;
  BrakeLimits brake;
  // What both sides changed is merged where `mergers` can; null: JSON and text. Off: everything
  // that both sides changed gives a conflicted copy.
  bool merge_contents = true;
  const MergerRegistry* mergers = nullptr;
  MergeOptions merge;
  // A file may have this many conflicted copies that nobody decided about. Beyond it the losing
  // content is kept as a revision and a conflict record only.
  size_t conflict_copies_max = 100;
  int trash_days = 30;
  // Tells one run of the machine from another (Linux: /proc/sys/kernel/random/boot_id). When it
  // changed and the client was not closed in order, files that lost their content in the power cut
  // are told from edits. Empty: not known.
  std::string boot;
  // The folder may be another one than before: nothing counts as agreed on, and the first sync is a
  // union.
  bool accept_root = false;
};

struct SyncOptions {
  // The token of a plan that was stopped and shall go on. Good for exactly its deletions.
  std::string confirm;
  ProgressCallback progress;
  std::stop_token stop;
};

// What SyncOnce would do.
struct FolderPlan {
  Plan plan;
  std::vector<Issue> issues;
  BrakeReading brake;
  bool root_emptied = false;
  // Confirms the deletions of this plan; needed when brake.stop or root_emptied.
  std::string token;
};

struct WatchOptions {
  // Local changes are gathered until nothing happened for this long.
  absl::Duration settle = absl::Milliseconds(100);
  // Everything is looked at this often where the disk cannot tell of changes, and now and then even
  // where it can.
  absl::Duration rescan = absl::Minutes(10);
  absl::Duration rescan_without_events = absl::Seconds(10);
  absl::Duration retry_first = absl::Milliseconds(500);  // Doubled with each failure,
  absl::Duration retry_last = absl::Minutes(1);          // up to this.
};

// Told after each sync of a watch: what it did, or why it failed. Runs on the watching thread.
using WatchCallback = std::function<void(const absl::StatusOr<SyncReport>&)>;

// Single-threaded, except that Watch may be stopped from anywhere. Keeps its own things in
// `.syncengine` inside the folder: temporary files, the trash, a lock, a marker of the root.
//
// What it promises: a file is replaced or removed only after its content is known to be in the
// namespace or has been put into the trash; absence that was not observed cleanly deletes nothing;
// an edit that slips in between check and replacement is kept as a conflicted copy; a plan that
// deletes too much does nothing until it is confirmed.
class FolderClient {
 public:
  // Reason::kRootInUse when another client has the folder; Reason::kRootChanged when it is not the
  // folder the state belongs to (see accept_root); kFailedPrecondition when it was synced with
  // another namespace. Finishes what an interrupted run left.
  static absl::StatusOr<std::unique_ptr<FolderClient>> Open(const FolderOptions& options);
  // Notes that it ended in order.
  ~FolderClient();
  FolderClient(const FolderClient&) = delete;
  FolderClient& operator=(const FolderClient&) = delete;

  // Observes and plans; changes neither side. Contents are read where only that can tell.
  absl::StatusOr<FolderPlan> MakePlan(std::stop_token stop = {});

  // One two-way pass, observing again where somebody else was quicker. Single items that fail are
  // issues of the report. An error means that nothing more could be done: Reason::kSafetyStop or
  // Reason::kRootChanged (its message names the token to confirm with), kUnavailable when the
  // service could not be reached, kCancelled. What was done until then stays and is not repeated.
  absl::StatusOr<SyncReport> SyncOnce(const SyncOptions& options = {});

  // Syncs, and again whenever something changes on either side, until `stop`. Failures are told to
  // `callback` and tried again. Returns OK when stopped; Reason::kSafetyStop and kRootChanged end
  // it.
  absl::Status Watch(const WatchOptions& options, const WatchCallback& callback,
                     std::stop_token stop);

  // Of the last sync, also of an earlier run.
  const std::vector<Issue>& issues() const;
  // Why the last SyncOnce stopped for safety: the token that lets the same plan go on. Empty when
  // it did not.
  const std::string& pending_confirmation() const;

 private:
  class Session;
  explicit FolderClient(std::unique_ptr<Session> session);
  void WaitForWork(folder::Watcher& watcher, const WatchOptions& options, std::stop_token stop);

  const std::unique_ptr<Session> session_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_FOLDER_FOLDER_CLIENT_H_
