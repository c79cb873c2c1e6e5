// Commits items in order, once all their blocks are durable.
#ifndef SYNCENGINE_SRC_TRANSFER_COMMITTER_H_
#define SYNCENGINE_SRC_TRANSFER_COMMITTER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/transfer/upload_context.h"
#include "src/transfer/upload_item.h"
#include "syncengine/ports/service_values.h"

namespace syncengine {

// Holds the items from their turn to be read until they are reported. Commits are all or nothing,
// so after a refusal the refused items are reported and the others committed without them. Used by
// the thread that runs the upload.
class Committer {
 public:
  // Hands over each item when its fate is known, in order.
  using Report = absl::AnyInvocable<void(std::unique_ptr<PendingItem>)>;
  // Takes back an item whose blocks vanished, to be read and sent again.
  using Resend = absl::AnyInvocable<void(std::unique_ptr<PendingItem>, const ChangeOutcome&)>;

  Committer(UploadContext& context, Report report, Resend resend)
      : context_(context), report_(std::move(report)), resend_(std::move(resend)) {}

  PendingItem& Add(std::unique_ptr<PendingItem> item);
  // Items that are not yet reported.
  size_t size() const { return ledger_.size() + in_commit_; }
  // Commits what is worth a request: a full batch; or whatever is ready when nothing else is left,
  // when it has waited long enough, or with `hurry`. False when nothing was begun or reported.
  bool Commit(const SendMark& durable, bool hurry);
  // The session that commits belong to unless another one announced their items.
  void set_upload(const UploadId& upload) { upload_ = upload; }

 private:
  using Batch = std::vector<std::unique_ptr<PendingItem>>;

  size_t CountReady(const SendMark& durable);
  bool IsDue(size_t ready, bool hurry);
  // Asks `already_there`, and drops what needs no commit.
  void Prepare(PendingItem& item);
  void TakeBatch(size_t ready);
  void DropOrphans(Batch& batch);
  void Start(Batch batch);
  void Done(Batch batch, const absl::StatusOr<CommitResult>& result);
  void Refused(Batch batch, const CommitResult& result);
  void Split(Batch batch, const absl::Status& status);
  void Finish(std::unique_ptr<PendingItem> item);

  UploadContext& context_;
  UploadId upload_;
  Report report_;
  Resend resend_;
  std::deque<std::unique_ptr<PendingItem>> ledger_;
  std::deque<Batch> batches_;  // To be committed before anything in the ledger.
  size_t in_commit_ = 0;       // Items in the running commit and in `batches_`.
  bool committing_ = false;
  size_t ready_ = 0;  // Of the ledger, from the front.
  size_t ready_bytes_ = 0;
  absl::Duration ready_since_;
  // Directories of this upload that did not come to be: their children cannot either.
  absl::flat_hash_set<NodeId> lost_directories_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_COMMITTER_H_
