// Finds out which blocks are new and sends only those.
#ifndef SYNCENGINE_SRC_TRANSFER_BLOCK_ROUTER_H_
#define SYNCENGINE_SRC_TRANSFER_BLOCK_ROUTER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "src/transfer/delta_sender.h"
#include "src/transfer/manifest_sender.h"
#include "src/transfer/segment_writer.h"
#include "src/transfer/upload_context.h"
#include "src/transfer/upload_item.h"

namespace syncengine {

// Every batch is hashed (in parallel), listed in its items' manifests (in order), compared with
// what this upload has seen and with what the service has (a few requests at a time), and routed
// (in order): known blocks are noted, new ones handed to the writers. Used by the thread that runs
// the upload.
class BlockRouter {
 public:
  // Gives the session to ask in; called before the first question.
  using Session = absl::AnyInvocable<absl::StatusOr<UploadId>()>;

  BlockRouter(UploadContext& context, SegmentWriter& segments, DeltaSender& deltas,
              ManifestSender& manifests, Session session)
      : context_(context),
        segments_(segments),
        deltas_(deltas),
        manifests_(manifests),
        session_(std::move(session)) {}

  void Submit(std::unique_ptr<PieceBatch> batch);
  // Everything submitted was routed.
  bool empty() const { return submitted_ == listed_count_ && listed_.empty() && asks_.empty(); }
  // Takes back that the service has these.
  void Forget(absl::Span<const BlockId> ids);
  // Forgets what can be asked again, when there is much of it.
  void Trim(const SendMark& durable);

 private:
  struct Ask {
    std::vector<std::unique_ptr<PieceBatch>> batches;
    absl::flat_hash_set<BlockId> missing;
    bool answered = false;
  };

  void ListHashed();
  void List(PieceBatch& batch);
  void EndContent(PendingItem& item, std::vector<ManifestNode>& nodes);
  void AskListed();
  void Collect(const PieceBatch& batch, absl::flat_hash_set<BlockId>& unknown) const;
  void StartAsk(Ask& ask, std::vector<BlockId> ids);
  void RouteAnswered();
  void Route(PieceBatch& batch, const Ask& ask);
  // Hands a new block on; where it will be.
  SendMark SendBlock(const Piece& piece, const std::shared_ptr<const Arena>& arena);
  // The mark of a block that need not be sent; none when it must be. With `is_new` nobody asked.
  const SendMark* FindKnown(const PendingItem& item, const BlockId& id, const Ask& ask,
                            bool is_new);

  UploadContext& context_;
  SegmentWriter& segments_;
  DeltaSender& deltas_;
  ManifestSender& manifests_;
  Session session_;
  uint64_t submitted_ = 0;
  uint64_t listed_count_ = 0;
  std::map<uint64_t, std::unique_ptr<PieceBatch>>
      hashed_;  // Not yet listed: one before is missing.
  std::deque<std::unique_ptr<PieceBatch>> listed_;
  std::deque<std::unique_ptr<Ask>> asks_;
  size_t asking_ = 0;
  // Blocks the service has (mark zero) or that this upload sends.
  absl::flat_hash_map<BlockId, SendMark> known_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_BLOCK_ROUTER_H_
