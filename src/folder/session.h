// The inside of FolderClient: rounds of looking, planning and applying until nothing moves.
#ifndef SYNCENGINE_SRC_FOLDER_SESSION_H_
#define SYNCENGINE_SRC_FOLDER_SESSION_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/folder/content_check.h"
#include "src/folder/observer.h"
#include "src/folder/remote_observer.h"
#include "src/folder/round.h"
#include "syncengine/folder/folder_client.h"

namespace syncengine {

// Single-threaded.
class FolderClient::Session {
 public:
  static absl::StatusOr<std::unique_ptr<Session>> Open(const FolderOptions& options);
  ~Session();

  absl::StatusOr<FolderPlan> MakePlan(std::stop_token stop);
  absl::StatusOr<SyncReport> SyncOnce(const SyncOptions& options);
  // Whether the server has anything that is not applied here. Cheap: the folder is not looked at.
  absl::StatusOr<bool> HasRemoteChanges(std::stop_token stop);

  const FolderOptions& options() const { return options_; }
  const folder::State& state() const { return state_; }
  const std::vector<folder::SeenDirectory>& directories() const { return directories_; }
  const std::string& pending_confirmation() const { return pending_confirmation_; }

 private:
  Session(const FolderOptions& options, folder::State state, std::unique_ptr<FileLock> lock,
          std::unique_ptr<folder::ContentCheck> check);

  absl::Status Begin();
  absl::Status CheckIdentity();
  absl::Status MarkUnsure(const folder::Identity& identity);
  void SetStamp();
  absl::Status CheckSafety(const folder::Observation& seen, const std::string& confirm);
  absl::Status Apply(folder::Observation& seen, folder::Outcome& outcome,
                     folder::ProgressMeter& meter, std::stop_token stop);
  absl::Status Merge(const folder::Observation& seen, folder::Outcome& outcome,
                     std::stop_token stop);
  absl::Status Record(const folder::Observation& seen);
  absl::Status End(folder::Outcome& outcome);

  const FolderOptions options_;
  folder::State state_;
  const std::unique_ptr<FileLock> lock_;
  folder::Workspace workspace_;
  folder::ConflictNaming naming_;
  const folder::Surroundings around_;
  const std::unique_ptr<folder::ContentCheck> check_;
  folder::RemoteObserver remote_;
  folder::Observer observer_;
  const MergerRegistry own_mergers_;
  std::vector<folder::SeenDirectory> directories_;
  std::string pending_confirmation_;
  std::optional<Cursor> acknowledged_;
  bool begun_ = false;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_FOLDER_SESSION_H_
