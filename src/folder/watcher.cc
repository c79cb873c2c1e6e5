#include "src/folder/watcher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::folder {
namespace {

constexpr int kSettlesMax = 10;  // A folder that is never quiet is synced all the same.
constexpr absl::Duration kPoll = absl::Seconds(limits::kWaitSecondsMax);

}  // namespace

Watcher::Watcher(const FolderOptions& folder, const WatchOptions& options, std::stop_token stop)
    : folder_(folder),
      options_(options),
      changed_(folder.executor.NewSignal()),
      ended_(folder.executor.NewSignal()),
      pause_(folder.executor.NewSignal()) {
  absl::StatusOr<std::unique_ptr<FileWatch>> watch = folder_.files.Watch();
  if (watch.ok()) {
    watch_ = *std::move(watch);
  } else {
    SetBlindSpot(watch.status());
  }
  on_stop_.emplace(std::move(stop), [this] {
    stop_.request_stop();
    WakeAll();
  });
  if (watch_ != nullptr) StartTask(&Watcher::WaitForDisk);
}

Watcher::~Watcher() {
  on_stop_.reset();
  stop_.request_stop();
  WakeAll();
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (tasks_ == 0) return;
    }
    ended_->Wait(absl::Seconds(1));
  }
}

void Watcher::StartTask(void (Watcher::*body)()) {
  {
    absl::MutexLock lock(&mutex_);
    ++tasks_;
  }
  folder_.executor.Schedule([this, body] {
    (this->*body)();
    // Notified under the lock: as soon as it is released with no task left, the watcher may go.
    absl::MutexLock lock(&mutex_);
    --tasks_;
    ended_->Notify();
  });
}

void Watcher::WakeAll() {
  if (watch_ != nullptr) watch_->Interrupt();
  changed_->Notify();
  pause_->Notify();
}

void Watcher::FollowFrom(const Cursor& cursor) {
  {
    absl::MutexLock lock(&mutex_);
    const bool newer =
        cursor.history != cursor_.history || cursor.sequence > cursor_.sequence || !following_;
    if (newer) cursor_ = cursor;
  }
  if (!std::exchange(following_, true)) StartTask(&Watcher::WaitForServer);
}

void Watcher::Cover(const std::vector<SeenDirectory>& directories) {
  if (watch_ == nullptr) return;
  absl::flat_hash_map<std::string, uint64_t> before = std::exchange(covered_, {});
  std::vector<std::string> fresh;
  for (const SeenDirectory& directory : directories) {
    covered_[directory.path] = directory.inode;
    auto known = before.find(directory.path);
    if (known == before.end() || known->second != directory.inode) fresh.push_back(directory.path);
  }
  if (fresh.empty()) return;
  {
    absl::MutexLock lock(&mutex_);
    to_watch_.insert(to_watch_.end(), fresh.begin(), fresh.end());
  }
  watch_->Interrupt();
}

Watcher::Event Watcher::Next(absl::Duration at_most) {
  Event event = Take();
  if (!event.local && !event.remote && !stop_.stop_requested()) {
    changed_->Wait(at_most);
    event = Take();
  }
  for (int i = 0; i < kSettlesMax && event.local && !stop_.stop_requested(); ++i) {
    if (!changed_->Wait(options_.settle)) break;
    event.remote |= Take().remote;
  }
  return event;
}

std::optional<Issue> Watcher::blind_spot() {
  absl::MutexLock lock(&mutex_);
  return blind_spot_;
}

Watcher::Event Watcher::Take() {
  absl::MutexLock lock(&mutex_);
  return std::exchange(event_, {});
}

void Watcher::Raise(bool local, bool remote) {
  {
    absl::MutexLock lock(&mutex_);
    event_.local |= local;
    event_.remote |= remote;
  }
  changed_->Notify();
}

void Watcher::SetBlindSpot(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  blind_spot_ =
      Issue{"", absl::StrCat("not all changes are noticed at once: ", status.message()),
            absl::StrCat("the folder is looked through every ",
                         absl::FormatDuration(options_.rescan_without_events), " instead")};
}

void Watcher::AddWatches() {
  std::vector<std::string> paths;
  {
    absl::MutexLock lock(&mutex_);
    paths = std::exchange(to_watch_, {});
  }
  for (const std::string& path : paths) {
    const absl::Status added = watch_->Add(path);
    if (!added.ok() && !absl::IsNotFound(added)) SetBlindSpot(added);
    if (absl::IsResourceExhausted(added)) break;
  }
  if (!paths.empty()) Raise(/*local=*/true, /*remote=*/false);
}

void Watcher::WaitForDisk() {
  while (!stop_.stop_requested()) {
    AddWatches();
    absl::StatusOr<WatchBatch> batch = watch_->Wait(kPoll);
    if (!batch.ok()) return SetBlindSpot(batch.status());
    if (batch->overflow || !batch->directories.empty()) Raise(true, false);
  }
}

void Watcher::WaitForServer() {
  absl::Duration pause = options_.retry_first;
  while (!stop_.stop_requested()) {
    Cursor cursor;
    {
      absl::MutexLock lock(&mutex_);
      cursor = cursor_;
    }
    absl::StatusOr<ChangesPage> page = folder_.opened.service->WaitChanges(
        folder_.opened.record.id, {.after = cursor}, kPoll, stop_.get_token());
    if (!page.ok()) {
      if (!HandleServerError(page.status(), pause)) return;
      continue;
    }
    pause = options_.retry_first;
    if (page->next == cursor) continue;
    {
      absl::MutexLock lock(&mutex_);
      if (cursor_ == cursor) cursor_ = page->next;
    }
    Raise(/*local=*/false, /*remote=*/true);
  }
}

// False when there is nothing to wait for any more.
bool Watcher::HandleServerError(const absl::Status& status, absl::Duration& pause) {
  if (stop_.stop_requested()) return false;
  // A lost cursor, or whatever it is: a sync deals with it, and says so.
  if (!absl::IsUnavailable(status)) Raise(/*local=*/false, /*remote=*/true);
  pause_->Wait(pause);
  pause = std::min(pause * 2, options_.retry_last);
  return !stop_.stop_requested();
}

}  // namespace syncengine::folder
