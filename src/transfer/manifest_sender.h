// Sends manifest nodes behind the blocks they name.
#ifndef SYNCENGINE_SRC_TRANSFER_MANIFEST_SENDER_H_
#define SYNCENGINE_SRC_TRANSFER_MANIFEST_SENDER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/transfer/segment_writer.h"
#include "src/transfer/upload_context.h"
#include "src/transfer/upload_item.h"

namespace syncengine {

// Nodes wait here until the segments with their data blocks are durable; then many of them go in
// one segment, children before or beside their parents. One such segment is on its way at a time.
// Used by the thread that runs the upload.
class ManifestSender {
 public:
  struct Waiting {
    PieceOfManifest piece;
    SendMark needs;  // Where its children are.
    uint64_t number = 0;
  };

  explicit ManifestSender(UploadContext& context) : context_(context) {}

  void set_upload(const UploadId& upload) { upload_ = upload; }
  // Sends `piece` some time after all that `needs` names; its number.
  uint64_t Add(PieceOfManifest piece, const SendMark& needs);
  // Sends what is worth a segment, or with `hurry` whatever can go; false when nothing was sent.
  bool Send(const SendMark& durable, bool hurry);
  bool empty() const { return waiting_.empty() && !sending_; }
  bool sending() const { return sending_; }
  uint64_t waiting_bytes() const;
  // All nodes that wait, for a segment that has all they need and that somebody else stores; valid
  // until it was tried. Add nothing meanwhile.
  std::vector<FramePlan> Lend() const;
  void LentIsStored();
  // All nodes up to this number are durable or refused.
  uint64_t durable() const { return durable_; }
  // Nodes that the service refused since the last call because a child of them is gone, with all
  // nodes that were in their segment; and the children that are gone.
  struct Refused {
    std::vector<Waiting> nodes;
    std::vector<BlockId> missing;
  };
  Refused TakeRefused() { return std::exchange(refused_, {}); }

 private:
  void SendFirst(size_t count);
  void Sent(std::vector<Waiting> nodes, const absl::StatusOr<StoredSegment>& stored);

  UploadContext& context_;
  UploadId upload_;
  std::deque<Waiting> waiting_;
  absl::Duration oldest_since_;  // When the first of `waiting_` could first go.
  bool oldest_ready_ = false;
  bool sending_ = false;
  uint64_t last_number_ = 0;
  uint64_t durable_ = 0;
  Refused refused_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_MANIFEST_SENDER_H_
