#include "syncengine/folder/folder_client.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "src/folder/session.h"
#include "src/folder/watcher.h"
#include "syncengine/base/error.h"

namespace syncengine {
namespace {

// Only the user can say how to go on.
bool NeedsTheUser(const absl::Status& status) {
  const auto reason = GetReason(status);
  return reason == Reason::kSafetyStop || reason == Reason::kRootChanged ||
         reason == Reason::kBadToken || reason == Reason::kVersion;
}

}  // namespace

FolderClient::FolderClient(std::unique_ptr<Session> session) : session_(std::move(session)) {}
FolderClient::~FolderClient() = default;

absl::StatusOr<std::unique_ptr<FolderClient>> FolderClient::Open(const FolderOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<Session> session, Session::Open(options));
  return std::unique_ptr<FolderClient>(new FolderClient(std::move(session)));
}

absl::StatusOr<FolderPlan> FolderClient::MakePlan(std::stop_token stop) {
  return session_->MakePlan(std::move(stop));
}

absl::StatusOr<SyncReport> FolderClient::SyncOnce(const SyncOptions& options) {
  return session_->SyncOnce(options);
}

const std::vector<Issue>& FolderClient::issues() const { return session_->state().issues(); }

const std::string& FolderClient::pending_confirmation() const {
  return session_->pending_confirmation();
}

// Comes back when a sync is worth while: something changed here, something is to be applied, or it
// is time to look.
void FolderClient::WaitForWork(folder::Watcher& watcher, const WatchOptions& options,
                               std::stop_token stop) {
  const absl::Duration longest =
      watcher.blind_spot().has_value() ? options.rescan_without_events : options.rescan;
  while (!stop.stop_requested()) {
    const folder::Watcher::Event event = watcher.Next(longest);
    if (event.local || !event.remote) return;
    const absl::StatusOr<bool> news = session_->HasRemoteChanges(stop);
    if (!news.ok() || *news) return;
  }
}

absl::Status FolderClient::Watch(const WatchOptions& options, const WatchCallback& callback,
                                 std::stop_token stop) {
  folder::Watcher watcher(session_->options(), options, stop);
  absl::Duration pause = options.retry_first;
  while (!stop.stop_requested()) {
    absl::StatusOr<SyncReport> result = session_->SyncOnce({.stop = stop});
    if (stop.stop_requested()) break;
    if (const std::optional<Issue> blind = watcher.blind_spot(); result.ok() && blind) {
      result->issues.push_back(*blind);
    }
    if (callback) callback(result);
    if (NeedsTheUser(result.status())) return result.status();
    watcher.Cover(session_->directories());
    if (session_->state().cursor()) watcher.FollowFrom(*session_->state().cursor());
    if (result.ok()) {
      pause = options.retry_first;
      WaitForWork(watcher, options, stop);
    } else {
      watcher.Next(pause);
      pause = std::min(pause * 2, options.retry_last);
    }
  }
  return absl::OkStatus();
}

}  // namespace syncengine
