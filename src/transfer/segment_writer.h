// Gathers new blocks into frames and frames into segments, and stores those.
#ifndef SYNCENGINE_SRC_TRANSFER_SEGMENT_WRITER_H_
#define SYNCENGINE_SRC_TRANSFER_SEGMENT_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "src/transfer/upload_context.h"
#include "src/transfer/upload_item.h"
#include "syncengine/format/frame.h"
#include "syncengine/ports/service_values.h"

namespace syncengine {

// Blocks that become one frame, and the arenas they lie in (shared with other frames).
struct FramePlan {
  FrameKind kind = FrameKind::kData;
  std::vector<PlainBlock> blocks;
  std::vector<std::shared_ptr<const Arena>> arenas;
  size_t bytes = 0;
};

// Compresses and seals `plans`, with a key of their own derived from `salt`. Runs anywhere.
absl::StatusOr<std::vector<std::string>> SealFrames(const NamespaceKeys& keys,
                                                    const UploaderOptions& options,
                                                    const FrameSalt& salt,
                                                    const std::vector<FramePlan>& plans);

// Builds one segment of `frames` and stores it, again while the service is unavailable.
struct StoreRequest {
  const UploadContext& context;
  UploadId upload;
  SegmentId segment;
  uint64_t spread = 0;  // For the pauses between attempts.
};
struct StoredSegment {
  PutSegmentResult result;
  uint64_t bytes = 0;
};
absl::StatusOr<StoredSegment> StoreSegment(const StoreRequest& request,
                                           std::vector<std::string> frames);

// Data blocks in the order of files. Frames are sealed in parallel, a few segments are on their way
// at a time. Used by the thread that runs the upload.
class SegmentWriter {
 public:
  explicit SegmentWriter(UploadContext& context) : context_(context) {}

  // The session that further segments belong to.
  void set_upload(const UploadId& upload) { upload_ = upload; }
  // Sends the block some time; the number of the segment it will be in.
  uint64_t Add(const PlainBlock& block, const std::shared_ptr<const Arena>& arena);
  // Sends what was added without waiting for more; false when there was nothing.
  bool Flush();
  // Segments are on their way or wait for it.
  bool storing() const { return storing_ > 0 || !closed_.empty(); }
  // Plaintext that was added since.
  uint64_t open_bytes() const { return current_ == nullptr ? 0 : current_->plain_bytes; }

  // The frames of what was added since, for a segment that somebody else stores: first until true
  // SealAll, then Lend once, and when it was tried one of the others. Add nothing meanwhile.
  bool SealAll();
  std::vector<std::string> Lend();
  void LentIsStored();
  void TakeBack(std::vector<std::string> frames);

  // All segments up to this number are durable.
  uint64_t durable() const { return durable_; }

 private:
  // One segment from its first frame until it is durable.
  struct Open {
    uint64_t number = 0;
    uint64_t plain_bytes = 0;
    std::vector<std::vector<std::string>> parts;  // Sealed frames, in order.
    uint64_t sealed_bytes = 0;
    size_t sealing = 0;  // Parts that are not sealed yet.
    bool closed = false;
  };

  Open& Current();
  void CloseFrame();
  void SealPart();
  void CloseSegment();
  void PartSealed(Open& segment, size_t part, absl::StatusOr<std::vector<std::string>> frames);
  void StoreReady();
  void Store(std::unique_ptr<Open> segment);
  void Stored(const Open& segment, const absl::StatusOr<StoredSegment>& stored);
  void Settle(const Open& segment);

  UploadContext& context_;
  UploadId upload_;
  FramePlan frame_;              // Being gathered.
  std::vector<FramePlan> part_;  // Frames that are sealed by one task.
  size_t part_bytes_ = 0;
  std::unique_ptr<Open> current_;
  std::deque<std::unique_ptr<Open>> closed_;  // In order; stored once all parts are sealed.
  size_t storing_ = 0;
  uint64_t last_number_ = 0;
  uint64_t durable_ = 0;
  absl::btree_set<uint64_t> durable_above_;  // Stored out of order.
  uint64_t plain_target_ =
      0;  // Plaintext that is expected to seal to a segment of the target size.
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_SEGMENT_WRITER_H_
