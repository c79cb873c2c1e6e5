#include "src/transfer/upload_sessions.h"

#include <utility>

#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine {

absl::StatusOr<std::unique_ptr<PendingItem>> UploadSessions::Next() {
  if (ahead_.empty()) LookAhead(1);
  if (ahead_.empty()) return nullptr;
  std::unique_ptr<PendingItem> item = std::move(ahead_.front());
  ahead_.pop_front();
  if (IsBig(*item) && item->announced.IsZero()) SYNCENGINE_RETURN_IF_ERROR(Open(item.get()));
  return item;
}

void UploadSessions::LookAhead(size_t count) {
  while (!plan_ended_ && ahead_.size() < count) {
    std::optional<UploadItem> item = plan_.Next();
    if (!item.has_value()) {
      plan_ended_ = true;
      return;
    }
    if (seen_) seen_(*item);
    ahead_.push_back(std::make_unique<PendingItem>(*std::move(item), context_.keys()));
    ahead_.back()->reads_content = ahead_.back()->item.open != nullptr;
  }
}

bool UploadSessions::IsBig(const PendingItem& item) const {
  // What may turn out to be unchanged is not announced.
  return item.reads_content && item.item.size_hint >= context_.options.announce_bytes &&
         !item.item.already_there;
}

absl::StatusOr<UploadId> UploadSessions::Current() {
  if (sessions_.empty()) SYNCENGINE_RETURN_IF_ERROR(Open(nullptr));
  return sessions_.back();
}

absl::Status UploadSessions::Open(PendingItem* first) {
  LookAhead(limits::kAnnouncementsMax - 1);
  UploadRequest request{.op = context_.entropy.NewId<OpId>(), .announcements = {}};
  std::vector<PendingItem*> announced;
  const auto announce = [&](PendingItem& item) {
    const Change& change = item.item.change;
    request.announcements.push_back(
        {change.node, change.state.parent, change.state.name, item.item.size_hint});
    announced.push_back(&item);
  };
  if (first != nullptr) announce(*first);
  for (const std::unique_ptr<PendingItem>& item : ahead_) {
    if (IsBig(*item) && item->announced.IsZero()) announce(*item);
  }
  const auto begin = [&] {
    return RetryUnavailable(context_.retry(), context_.NewSpread(),
                            [&] { return context_.service().BeginUpload(context_.id(), request); });
  };
  absl::StatusOr<UploadId> upload = begin();
  if (absl::IsInvalidArgument(upload.status()) && !request.announcements.empty()) {
    // One of them is no node. Its commit will say so; the others go without an announcement.
    request = {.op = context_.entropy.NewId<OpId>(), .announcements = {}};
    announced.clear();
    upload = begin();
  }
  if (!upload.ok()) return Annotate(upload.status(), "begin upload");
  sessions_.push_back(*upload);
  context_.stats.announced += announced.size();
  for (PendingItem* item : announced) {
    item->announced = *upload;
    announced_open_.insert(item->item.change.node);
  }
  return absl::OkStatus();
}

void UploadSessions::Close(bool all) {
  if (!all && announced_open_.empty()) return;
  for (const UploadId& upload : sessions_) {
    // Best effort: a session also ends by itself. One repeat, because a stop must not take long.
    for (int attempt = 0; attempt < 2; ++attempt) {
      if (!absl::IsUnavailable(context_.service().AbortUpload(context_.id(), upload))) break;
    }
  }
  sessions_.clear();
  announced_open_.clear();
}

}  // namespace syncengine
