// Sends what is left at the end of an upload in one segment.
#ifndef SYNCENGINE_SRC_TRANSFER_LAST_SEGMENT_H_
#define SYNCENGINE_SRC_TRANSFER_LAST_SEGMENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "src/transfer/delta_sender.h"
#include "src/transfer/manifest_sender.h"
#include "src/transfer/segment_writer.h"
#include "src/transfer/upload_context.h"

namespace syncengine {

// A small upload has a delta frame, a frame of new blocks and a few manifest nodes: three segments
// are three requests, three durable objects and three transactions that rewrite the same pages.
// When all is routed this borrows what the senders have gathered; should the service refuse the
// segment, because something it refers to is gone, each of them gets its own back and sends it by
// itself. Used by the thread that runs the upload.
class LastSegment {
 public:
  LastSegment(UploadContext& context, SegmentWriter& segments, DeltaSender& deltas,
              ManifestSender& manifests)
      : context_(context), segments_(segments), deltas_(deltas), manifests_(manifests) {}

  void set_upload(const UploadId& upload) { upload_ = upload; }
  // Goes on, after all was routed; true while the senders must not send by themselves.
  bool Advance();
  // There is more to come after all.
  void Reset() { gave_up_ = refused_; }

 private:
  // What the senders lent, while it is on its way.
  struct Loan {
    std::vector<std::string> data;
    std::vector<std::string> deltas;
  };

  bool IsWorthIt() const;
  void Send();
  void Sent(Loan loan, const absl::StatusOr<StoredSegment>& stored);

  UploadContext& context_;
  SegmentWriter& segments_;
  DeltaSender& deltas_;
  ManifestSender& manifests_;
  UploadId upload_;
  bool sending_ = false;
  bool gave_up_ = false;
  bool refused_ = false;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_LAST_SEGMENT_H_
