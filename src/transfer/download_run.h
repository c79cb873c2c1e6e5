// One call of Downloader::Download.
#ifndef SYNCENGINE_SRC_TRANSFER_DOWNLOAD_RUN_H_
#define SYNCENGINE_SRC_TRANSFER_DOWNLOAD_RUN_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/transfer/block_fetcher.h"
#include "src/transfer/content_slots.h"
#include "src/transfer/crew.h"
#include "syncengine/base/progress.h"
#include "syncengine/transfer/downloader.h"

namespace syncengine {

// An item from when it was taken from the plan until it was reported.
struct ActiveDownload {
  DownloadItem item;
  std::optional<ContentSlots> slots;
  ContentSlots::Iterator next;  // The first slot that is not wanted yet.
  std::unique_ptr<ContentSink> sink;
  bool writing = false;   // A task has the sink.
  bool finished = false;  // `item.finished` was called, or is called by that task.
  absl::Status status;
};

// Blocks are wanted in the order of items as far as the buffer allows, and each item's blocks are
// written in order by one task at a time. Runs on the calling thread.
class DownloadRun {
 public:
  struct Setup {
    const OpenedNamespace& opened;
    Executor& executor;
    const DownloaderOptions& options;
    FrameCache& cache;
    std::stop_token stop;
  };

  DownloadRun(const Setup& setup, DownloadPlan& plan, const ProgressCallback& progress);

  // The bytes fetched are in received_bytes() even when this fails. `range` is that of every item.
  absl::StatusOr<DownloadStats> Go(const ByteRange& range = {});
  uint64_t received_bytes() const { return fetcher_.received_bytes(); }

 private:
  using Item = std::list<ActiveDownload>::iterator;

  absl::Status Failure() const;
  // Takes items, wants blocks and writes what is here; false when nothing is left.
  bool Advance();
  void AdvanceItems();
  void TakeItems();
  void Take(DownloadItem item);
  void WantBlocks(ActiveDownload& active);
  void WantNodes(ActiveDownload& active, ContentSlots::Iterator first);
  bool ExpandNext(ActiveDownload& active);
  bool HasRoomFor(uint64_t bytes) const;
  // One stretch of blocks that are here, from the front of an item.
  struct Stretch {
    std::vector<FetchedBlock> blocks;
    uint64_t bytes = 0;       // To be written.
    uint64_t held_bytes = 0;  // Of whole blocks.
    bool is_last = false;
  };
  Stretch TakeStretch(ActiveDownload& active);
  void Write(Item item);
  void Written(Item item, const Stretch& stretch, const absl::Status& status);
  void FailItem(ActiveDownload& active, const absl::Status& status);
  void ReleaseSlots(ActiveDownload& active);
  void Report(ActiveDownload& active);
  void Show(const std::string& current);
  absl::StatusOr<DownloadStats> End();

  const Setup setup_;
  DownloadPlan& plan_;
  const ProgressCallback& progress_;
  ByteRange range_;
  Crew crew_;
  BlockFetcher fetcher_;
  absl::Status failure_;
  bool plan_ended_ = false;
  std::list<ActiveDownload> active_;
  bool is_full_ = false;     // A block was not wanted for lack of room.
  bool wants_room_ = false;  // An item would go on if there were room.
  bool has_news_ = true;     // Some item may want or write more than before.
  uint64_t arrivals_ = 0;    // Of the fetcher when the items were last looked at.
  uint64_t held_bytes_ = 0;  // Of data blocks that are wanted and not yet written.
  Progress shown_;
  DownloadStats stats_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_DOWNLOAD_RUN_H_
