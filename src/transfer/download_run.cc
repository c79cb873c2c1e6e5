#include "src/transfer/download_run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"

namespace syncengine {
namespace {

constexpr size_t kItemsMax = 2048;
// What one task writes before another item gets its turn.
constexpr uint64_t kStretchBytes = 4u << 20;
// Manifest nodes fetched ahead of the one that is needed next.
constexpr int kNodesAhead = 4;
constexpr uint64_t kNodeBytes = 8u << 10;  // A usual node.

absl::Status WriteBlocks(ActiveDownload& active, const std::vector<FetchedBlock>& blocks,
                         bool is_last) {
  if (active.sink == nullptr) {
    SYNCENGINE_ASSIGN_OR_RETURN(active.sink, active.item.open());
    if (active.sink == nullptr) return absl::InvalidArgumentError("open() gave no sink");
  }
  for (const FetchedBlock& block : blocks) {
    SYNCENGINE_RETURN_IF_ERROR(active.sink->Write(block.bytes));
  }
  return is_last ? active.sink->Finish() : absl::OkStatus();
}

void CallFinished(ActiveDownload& active, const absl::Status& status) {
  active.sink.reset();
  if (active.item.finished) active.item.finished(status);
}

}  // namespace

DownloadRun::DownloadRun(const Setup& setup, DownloadPlan& plan, const ProgressCallback& progress)
    : setup_(setup),
      plan_(plan),
      progress_(progress),
      crew_(setup.executor),
      fetcher_(setup.opened, setup.executor, crew_, setup.cache, setup.stop) {}

absl::Status DownloadRun::Failure() const {
  if (setup_.stop.stop_requested()) return absl::CancelledError("download: stop was requested");
  return failure_.ok() ? fetcher_.failure() : failure_;
}

absl::StatusOr<DownloadStats> DownloadRun::Go(const ByteRange& range) {
  range_ = range;
  int idle_rounds = 0;
  while (Failure().ok() && Advance()) {
    if (crew_.running() > 0) {
      crew_.Wait();
      idle_rounds = 0;
    } else if (++idle_rounds > 1) {
      failure_ = absl::InternalError("download: items are left but nothing is on its way");
    }
  }
  return End();
}

bool DownloadRun::Advance() {
  AdvanceItems();
  TakeItems();
  fetcher_.Ask();
  return crew_.running() > 0 || !active_.empty() || !plan_ended_;
}

// With thousands of items, looking at each whenever one was written would cost more than writing.
void DownloadRun::AdvanceItems() {
  if (!has_news_ && arrivals_ == fetcher_.arrivals()) return;
  has_news_ = false;
  arrivals_ = fetcher_.arrivals();
  is_full_ = wants_room_ = false;
  for (Item item = active_.begin(); item != active_.end();) {
    const Item current = item++;
    if (current->status.ok()) WantBlocks(*current);
    if (!current->writing) Write(current);
  }
}

bool DownloadRun::HasRoomFor(uint64_t bytes) const {
  return held_bytes_ == 0 || held_bytes_ + bytes <= setup_.options.buffer_bytes;
}

void DownloadRun::TakeItems() {
  while (!plan_ended_ && active_.size() < kItemsMax && !is_full_) {
    std::optional<DownloadItem> item = plan_.Next();
    if (!item.has_value()) {
      plan_ended_ = true;
      shown_.total_known = true;
      return;
    }
    Take(*std::move(item));
    const Item taken = std::prev(active_.end());
    WantBlocks(*taken);
    Write(taken);
  }
}

void DownloadRun::Take(DownloadItem item) {
  ActiveDownload& active = active_.emplace_back();
  active.item = std::move(item);
  ++shown_.files_total;
  auto slots = ContentSlots::Open(*setup_.opened.keys, active.item.content, range_);
  if (!slots.ok()) return FailItem(active, slots.status());
  active.slots.emplace(*std::move(slots));
  active.next = active.slots->slots().begin();
  shown_.bytes_total += active.slots->bytes();
}

void DownloadRun::WantBlocks(ActiveDownload& active) {
  if (!active.status.ok()) return;
  while (active.next != active.slots->slots().end()) {
    if (active.next->height > 0) {
      if (!ExpandNext(active)) return;
      continue;
    }
    const uint64_t length = active.next->entry.length;
    is_full_ = !HasRoomFor(length);
    wants_room_ = wants_room_ || is_full_;
    if (is_full_) return;
    held_bytes_ += length;
    fetcher_.Add(active.next->entry.id, length);
    active.next->wanted = true;
    ++active.next;
  }
}

// True when the node at `active.next` was replaced by its children.
bool DownloadRun::ExpandNext(ActiveDownload& active) {
  const ContentSlots::Iterator node = active.next;
  // Its children would only wait.
  if (node->wanted && !HasRoomFor(1)) {
    wants_room_ = true;
    return false;
  }
  WantNodes(active, node);
  const BlockId id = node->entry.id;
  const BlockFetcher::Want& want = fetcher_.Get(id);
  if (want.state == BlockFetcher::State::kFailed) {
    FailItem(active, want.status);
    return false;
  }
  if (want.state != BlockFetcher::State::kHere) return false;
  const FetchedBlock block = want.block;
  WantNodes(active, std::next(node));  // Moves what `want` refers to.
  const auto first = active.slots->Expand(node, block.bytes);
  if (!first.ok()) {
    FailItem(active, first.status());
    return false;
  }
  fetcher_.Release(id);
  active.next = *first;
  return true;
}

void DownloadRun::WantNodes(ActiveDownload& active, ContentSlots::Iterator first) {
  for (int i = 0; i < kNodesAhead && first != active.slots->slots().end(); ++i, ++first) {
    if (first->height == 0 || first->wanted) continue;
    fetcher_.Add(first->entry.id, kNodeBytes);
    first->wanted = true;
  }
}

DownloadRun::Stretch DownloadRun::TakeStretch(ActiveDownload& active) {
  Stretch stretch;
  std::list<ContentSlot>& slots = active.slots->slots();
  while (!slots.empty() && stretch.bytes < kStretchBytes) {
    const ContentSlot& slot = slots.front();
    if (slot.height > 0 || !slot.wanted) break;
    const BlockFetcher::Want& want = fetcher_.Get(slot.entry.id);
    if (want.state == BlockFetcher::State::kFailed) {
      // What was gathered is dropped: the item fails in any case.
      FailItem(active, want.status);
      break;
    }
    if (want.state != BlockFetcher::State::kHere) break;
    if (want.block.bytes.size() != slot.entry.length) {
      FailItem(active,
               MakeError(Reason::kIntegrity, "a block has not the length its manifest says"));
      break;
    }
    FetchedBlock block = want.block;
    block.bytes = active.slots->Trim(slot, block.bytes);
    stretch.bytes += block.bytes.size();
    stretch.held_bytes += slot.entry.length;
    stretch.blocks.push_back(std::move(block));
    fetcher_.Release(slot.entry.id);
    slots.pop_front();
  }
  stretch.is_last = slots.empty();
  return stretch;
}

void DownloadRun::Write(Item item) {
  ActiveDownload& active = *item;
  Stretch stretch;
  if (active.status.ok()) stretch = TakeStretch(active);
  if (!active.status.ok()) {
    held_bytes_ -= stretch.held_bytes;
    stretch = Stretch{.blocks = {}, .bytes = 0, .held_bytes = 0, .is_last = true};
  }
  if (stretch.blocks.empty() && !stretch.is_last) return;
  active.writing = true;
  active.finished = stretch.is_last;
  // The task reads the blocks while the completion owns them.
  auto owned = std::make_unique<const Stretch>(std::move(stretch));
  const Stretch& part = *owned;
  crew_.Run(
      [&active, status = active.status, &part]() mutable {
        if (status.ok()) status = WriteBlocks(active, part.blocks, part.is_last);
        if (part.is_last) CallFinished(active, status);
        return status;
      },
      [this, item, owned = std::move(owned)](const absl::Status& status) {
        Written(item, *owned, status);
      });
}

void DownloadRun::Written(Item item, const Stretch& stretch, const absl::Status& status) {
  item->writing = false;
  held_bytes_ -= stretch.held_bytes;
  has_news_ = has_news_ || wants_room_ || !stretch.is_last || !status.ok();
  if (status.ok()) {
    stats_.bytes += stretch.bytes;
    shown_.bytes_done += stretch.bytes;
    if (!stretch.is_last) return Show(item->item.label);
  } else if (!item->finished) {
    return FailItem(*item, status);  // Another task tells `finished`.
  }
  item->status = status;
  Report(*item);
  const std::string label = std::move(item->item.label);
  active_.erase(item);
  Show(label);
}

void DownloadRun::FailItem(ActiveDownload& active, const absl::Status& status) {
  // First, because `status` may be that of a block which is released now.
  active.status = Annotate(status, active.item.label);
  ReleaseSlots(active);
}

void DownloadRun::ReleaseSlots(ActiveDownload& active) {
  if (!active.slots.has_value()) return;
  for (const ContentSlot& slot : active.slots->slots()) {
    if (!slot.wanted) continue;
    if (slot.height == 0) held_bytes_ -= slot.entry.length;
    fetcher_.Release(slot.entry.id);
  }
  active.slots->slots().clear();
}

void DownloadRun::Report(ActiveDownload& active) {
  ++(active.status.ok() ? stats_.files : stats_.failed);
  ++shown_.files_done;
}

void DownloadRun::Show(const std::string& current) {
  const bool is_last = shown_.total_known && shown_.files_done == shown_.files_total;
  if (!progress_ || is_last) return;  // End shows the last one, once.
  shown_.current = current;
  progress_(shown_);
}

absl::StatusOr<DownloadStats> DownloadRun::End() {
  const absl::Status failure = Failure();
  while (crew_.running() > 0) crew_.Wait();
  for (ActiveDownload& active : active_) {
    if (!active.finished) CallFinished(active, active.status.ok() ? failure : active.status);
  }
  active_.clear();
  stats_.received_bytes = fetcher_.received_bytes();
  if (!failure.ok()) return failure;
  if (progress_) {
    // What failed is done, too.
    shown_.bytes_done = shown_.bytes_total;
    shown_.total_known = true;
    shown_.current.clear();
    progress_(shown_);
  }
  return stats_;
}

}  // namespace syncengine
