// Sends new blocks that replace old ones as deltas against these.
#ifndef SYNCENGINE_SRC_TRANSFER_DELTA_SENDER_H_
#define SYNCENGINE_SRC_TRANSFER_DELTA_SENDER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/status/statusor.h"
#include "src/transfer/block_fetcher.h"
#include "src/transfer/frame_cache.h"
#include "src/transfer/old_content.h"
#include "src/transfer/segment_writer.h"
#include "src/transfer/upload_context.h"
#include "src/transfer/upload_item.h"

namespace syncengine {

// Gathers stretches of new blocks of items that replace older content, finds and fetches the blocks
// they replace, and seals them together as delta frames where that is clearly smaller; what is not
// goes on to the SegmentWriter. Stretches are numbered from 1. Used by the thread that runs the
// upload.
class DeltaSender {
 public:
  DeltaSender(UploadContext& context, SegmentWriter& segments);

  void set_upload(const UploadId& upload) { upload_ = upload; }
  // Whether new blocks of `item` should come here.
  bool Takes(const PendingItem& item) const;
  // The next block of such an item, at `offset` of its content: a new one, whose stretch has this
  // number; or one that the service has.
  uint64_t Add(PendingItem& item, uint64_t offset, const PlainBlock& block,
               const std::shared_ptr<const Arena>& arena);
  void Pass(const PendingItem& item, const Anchor& known);
  // The content of `item` ends.
  void End(const PendingItem& item);

  // Goes on with what has come since the last call.
  void Advance();
  // Sends what was added without waiting for more; false when there was nothing to begin.
  bool Flush();
  // As Flush, but keeps the sealed frames while they are few.
  void Gather();
  bool storing() const { return storing_ > 0; }
  uint64_t gathered_bytes() const { return frame_bytes_; }
  // The sealed frames, for a segment that somebody else stores; when it was tried one of the
  // others. Add nothing meanwhile.
  std::vector<std::string> Lend() { return std::exchange(frames_, {}); }
  void LentIsStored();
  void TakeBack(std::vector<std::string> frames);

  // Nothing is left that may still go to the SegmentWriter.
  bool settled() const { return !gathering_ && stretches_.empty() && sealing_ == 0; }
  // All stretches up to this number are durable or refused.
  uint64_t durable();
  // Blocks whose segment the service refused since the last call, because a base of it is gone.
  std::vector<BlockId> TakeRefused() { return std::exchange(refused_, {}); }

 private:
  // The content that an item replaces; shared by its stretches.
  struct Source {
    bool asked = false;
    bool failed = false;
    std::unique_ptr<OldContent> old;
  };
  enum class State { kFinding, kFetching, kReady };
  struct Stretch {
    PendingItem* item = nullptr;  // Lives until the stretch is durable.
    uint64_t number = 0;
    State state = State::kFinding;
    std::shared_ptr<Source> source;
    NewStretch place;
    std::vector<PlainBlock> blocks;
    std::vector<std::shared_ptr<const Arena>> arenas;  // Shared with other stretches.
    std::vector<BlockId> bases;                        // Wanted of the fetcher.
  };
  // A stretch whose frame is sealed.
  struct Sent {
    PendingItem* item = nullptr;
    uint64_t number = 0;
  };
  // What becomes one frame, while it is sealed; shared by the task and its completion.
  struct Group {
    std::vector<Stretch> stretches;
    std::vector<PlainBlock> blocks;
    std::vector<FetchedBlock> base_blocks;
    std::vector<BlockId> base_ids;
    uint32_t depth = 0;
  };

  std::shared_ptr<Source> SourceOf(const PendingItem& item);
  void Close(const std::optional<Anchor>& after);
  void Ask(Source& source, const UploadItem& item);
  void Find(Stretch& stretch);
  void WantBases(Stretch& stretch, const std::vector<ContentEntry>& replaced);
  bool HasCome(const Stretch& stretch) const;
  void Pack(bool all);
  size_t CountGroup(bool all) const;
  void Seal(std::shared_ptr<Group> group);
  void Sealed(Group& group, absl::StatusOr<std::optional<std::string>> frame);
  void Forward(const Stretch& stretch);
  void Store();
  void Stored(const std::vector<Sent>& sent, const std::vector<BlockId>& blocks,
              uint64_t sealed_bytes, const absl::StatusOr<StoredSegment>& stored);
  void Settle(uint64_t number);

  UploadContext& context_;
  SegmentWriter& segments_;
  UploadId upload_;
  FrameCache cache_;
  BlockFetcher fetcher_;
  const PendingItem* item_ = nullptr;  // Whose blocks are coming; for comparison only.
  std::shared_ptr<Source> source_;
  std::optional<Anchor> before_;
  std::unique_ptr<Stretch> gathering_;
  std::deque<Stretch> stretches_;
  size_t sealing_ = 0;
  size_t storing_ = 0;
  // Sealed frames of the next segment, and the stretches and blocks in them.
  std::vector<std::string> frames_;
  uint64_t frame_bytes_ = 0;
  std::vector<Sent> sent_;
  std::vector<BlockId> blocks_;
  std::multimap<uint64_t, uint64_t> forwarded_;  // Segment number to stretch number.
  std::vector<BlockId> refused_;
  uint64_t last_number_ = 0;
  uint64_t durable_ = 0;
  absl::btree_set<uint64_t> durable_above_;  // Out of order.
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_DELTA_SENDER_H_
