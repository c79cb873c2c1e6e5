// Fetches blocks in batches.
#ifndef SYNCENGINE_SRC_TRANSFER_BLOCK_FETCHER_H_
#define SYNCENGINE_SRC_TRANSFER_BLOCK_FETCHER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/transfer/crew.h"
#include "src/transfer/frame_cache.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/frame.h"
#include "syncengine/transfer/opened_namespace.h"

namespace syncengine {

// Gathers wanted blocks into requests, opens what comes in parallel, and holds each block until
// everybody who wanted it released it. A request that fails for one of its blocks is halved until
// the block is alone, so that a missing or damaged block harms nobody else. The bases of a delta
// frame are fetched and opened before it, each less deep than it is. Owned and called by one
// thread; progress happens in the crew's completions.
class BlockFetcher {
 public:
  // The references outlive the fetcher, and the fetcher outlives the crew's work.
  BlockFetcher(const OpenedNamespace& opened, Executor& executor, Crew& crew, FrameCache& cache,
               std::stop_token stop)
      : opened_(opened), executor_(executor), crew_(crew), cache_(cache), stop_(std::move(stop)) {}

  enum class State { kQueued, kAsked, kHere, kFailed };
  struct Want {
    size_t users = 0;
    uint64_t length = 0;
    State state = State::kQueued;
    // The depth of the frame that it will come in, once that is known, and the least one that is
    // too much: what is a base of another frame must be less deep.
    uint32_t depth = 0;
    uint32_t depth_end = limits::kDeltaDepthMax + 1;
    FetchedBlock block;   // kHere.
    absl::Status status;  // kFailed.
  };

  // Wants the block, whose length is about `length`; once more for each user.
  void Add(const BlockId& id, uint64_t length);
  // What became of a block that is wanted.
  const Want& Get(const BlockId& id) const { return wants_.at(id); }
  void Release(const BlockId& id);
  // Sends requests for what was added.
  void Ask();

  // What ended all fetching: the service failed or stop was requested.
  const absl::Status& failure() const { return failure_; }
  uint64_t received_bytes() const { return received_bytes_; }
  // Grows with every block that came or failed.
  uint64_t arrivals() const { return arrivals_; }

 private:
  // One reply while its frames are opened.
  struct Reply {
    std::vector<BlockId> answered;
    size_t opening = 0;
    absl::Status damage;  // Of the first frame that did not open.
  };

  // A delta frame while its bases are fetched.
  struct Pending {
    std::shared_ptr<Reply> reply;  // Shared by the tasks that open its frames.
    std::string frame;
    FrameHeader header;
  };
  // What a task made of a frame: itself opened, or the header that says what it needs.
  struct OpenResult {
    absl::StatusOr<OpenedFrame> opened;
    std::string frame;
    FrameHeader header;
  };

  static OpenResult OpenAlone(const NamespaceKeys& keys, std::string frame);
  std::vector<BlockId> NextRequest();
  void Send(std::vector<BlockId> ids);
  void Replied(std::vector<BlockId> ids, absl::StatusOr<FramesReply> reply);
  void Halve(std::vector<BlockId> ids, const absl::Status& status);
  void Open(const std::shared_ptr<Reply>& reply, std::vector<std::string> frames);
  void Opened(const std::shared_ptr<Reply>& reply, std::vector<OpenResult> results);
  void Settle(const std::shared_ptr<Reply>& reply, absl::StatusOr<OpenedFrame> frame);
  bool IsWanted(const FrameHeader& header) const;
  // Wants the bases of a delta frame; false when it is part of a chain that nobody may open.
  bool WantBases(const FrameHeader& header);
  // Opens the delta frames whose bases have come, and gives up those whose bases cannot be had.
  void OpenPending();
  void OpenWithBases(Pending pending);
  void Arrived(std::shared_ptr<const OpenedFrame> frame);
  void FailWhatIsMissing(const Reply& reply);
  void FailBlock(const BlockId& id, const absl::Status& status);

  const OpenedNamespace& opened_;
  Executor& executor_;
  Crew& crew_;
  FrameCache& cache_;
  const std::stop_token stop_;
  absl::flat_hash_map<BlockId, Want> wants_;
  std::deque<BlockId> queue_;  // May name blocks that are no longer wanted or have come meanwhile.
  std::list<Pending> pending_;
  std::deque<std::vector<BlockId>> halves_;  // Requests to repeat as they are.
  size_t asking_ = 0;
  uint64_t received_bytes_ = 0;
  uint64_t arrivals_ = 0;
  absl::Status failure_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_BLOCK_FETCHER_H_
