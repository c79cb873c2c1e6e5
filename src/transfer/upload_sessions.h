// Takes items from a plan and announces the big ones.
#ifndef SYNCENGINE_SRC_TRANSFER_UPLOAD_SESSIONS_H_
#define SYNCENGINE_SRC_TRANSFER_UPLOAD_SESSIONS_H_

#include <deque>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/transfer/upload_context.h"
#include "src/transfer/upload_item.h"
#include "syncengine/ports/service_values.h"

namespace syncengine {

// A session is opened only when something must be sent, and announces the big files among the next
// thousand items; a later big file opens another one. Used by the thread that runs the upload.
class UploadSessions {
 public:
  UploadSessions(UploadContext& context, UploadPlan& plan) : context_(context), plan_(plan) {}

  // The next item or null when there is none. A big one is announced
  // when it is taken, unless it was.
  absl::StatusOr<std::unique_ptr<PendingItem>> Next();
  // All items of the plan were taken from it; and from here, too.
  bool plan_ended() const { return plan_ended_; }
  bool empty() const { return plan_ended_ && ahead_.empty(); }
  // Called for each item when it is taken from the plan.
  void set_seen(absl::AnyInvocable<void(const UploadItem&)> seen) { seen_ = std::move(seen); }

  // The newest session, opened when there is none.
  absl::StatusOr<UploadId> Current();
  UploadId newest() const { return sessions_.empty() ? UploadId() : sessions_.back(); }
  // The announced node was committed.
  void Committed(const PendingItem& item) { announced_open_.erase(item.item.change.node); }
  // Takes back announcements that were not committed; with `all` ends every session.
  void Close(bool all);

 private:
  void LookAhead(size_t count);
  bool IsBig(const PendingItem& item) const;
  absl::Status Open(PendingItem* first);

  UploadContext& context_;
  UploadPlan& plan_;
  bool plan_ended_ = false;
  absl::AnyInvocable<void(const UploadItem&)> seen_;
  std::deque<std::unique_ptr<PendingItem>> ahead_;
  std::vector<UploadId> sessions_;
  absl::flat_hash_set<NodeId> announced_open_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_UPLOAD_SESSIONS_H_
