// One call of Uploader::Upload.
#ifndef SYNCENGINE_SRC_TRANSFER_UPLOAD_RUN_H_
#define SYNCENGINE_SRC_TRANSFER_UPLOAD_RUN_H_

#include <deque>
#include <memory>

#include "absl/status/statusor.h"
#include "src/transfer/block_router.h"
#include "src/transfer/committer.h"
#include "src/transfer/content_reader.h"
#include "src/transfer/delta_sender.h"
#include "src/transfer/last_segment.h"
#include "src/transfer/manifest_sender.h"
#include "src/transfer/segment_writer.h"
#include "src/transfer/upload_context.h"
#include "src/transfer/upload_sessions.h"
#include "syncengine/base/progress.h"
#include "syncengine/chunking/chunker.h"
#include "syncengine/transfer/uploader.h"

namespace syncengine {

// The stages, in the order of data: sessions_ takes items from the plan, reader_ reads and cuts
// them, router_ hashes and finds what is new, deltas_, segments_ and manifests_ store it,
// committer_ commits. Runs on the calling thread, which reads while the executor does the rest.
class UploadRun {
 public:
  UploadRun(UploadContext& context, const Chunker& chunker, UploadPlan& plan,
            const ProgressCallback& progress);

  absl::StatusOr<UploadStats> Go();

 private:
  void Step();
  bool CanRead() const;
  void ReadSome();
  void BeginNext();
  // Sends what waits for more; false when there is nothing left to do.
  bool Push();
  void MoveOn(bool hurry);
  // Lets what is gathered go, each kind by itself.
  void Send(bool all_routed, bool hurry);
  void TakeRefused();
  void Report(std::unique_ptr<PendingItem> item);
  void SendAgain(std::unique_ptr<PendingItem> item, const ChangeOutcome& outcome);
  void Credit(PendingItem& item, uint64_t bytes);
  void Show(const std::string& current);
  bool InputEnded() const;
  SendMark Durable() { return {segments_.durable(), manifests_.durable(), deltas_.durable()}; }
  absl::StatusOr<UploadStats> End();

  UploadContext& context_;
  UploadPlan& plan_;
  const ProgressCallback& progress_;
  Progress shown_;
  uint64_t bytes_since_shown_ = 0;
  UploadSessions sessions_;
  ContentReader reader_;
  SegmentWriter segments_;
  DeltaSender deltas_;
  ManifestSender manifests_;
  LastSegment last_;
  BlockRouter router_;
  Committer committer_;
  PendingItem* reading_ = nullptr;
  std::deque<std::unique_ptr<PendingItem>> again_;  // To be read a second time, before all others.
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_UPLOAD_RUN_H_
