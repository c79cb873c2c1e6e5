#include "src/transfer/upload_run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "syncengine/chunking/entry_groups.h"

namespace syncengine {
namespace {

constexpr uint64_t kShowBytes = 1u << 20;
// Items on their way at most: the memory of a plan of a million small files.
constexpr size_t kItemsMax = 12288;

}  // namespace

UploadRun::UploadRun(UploadContext& context, const Chunker& chunker, UploadPlan& plan,
                     const ProgressCallback& progress)
    : context_(context),
      plan_(plan),
      progress_(progress),
      sessions_(context, plan),
      reader_(context, chunker),
      segments_(context),
      deltas_(context, segments_),
      manifests_(context),
      last_(context, segments_, deltas_, manifests_),
      router_(context, segments_, deltas_, manifests_, [this] { return sessions_.Current(); }),
      committer_(
          context, [this](std::unique_ptr<PendingItem> item) { Report(std::move(item)); },
          [this](std::unique_ptr<PendingItem> item, const ChangeOutcome& outcome) {
            SendAgain(std::move(item), outcome);
          }) {
  sessions_.set_seen([this](const UploadItem& item) {
    ++shown_.files_total;
    if (item.open) shown_.bytes_total += item.size_hint;
  });
}

absl::StatusOr<UploadStats> UploadRun::Go() {
  while (context_.failure.ok()) {
    if (context_.stop.stop_requested()) {
      context_.Fail(absl::CancelledError("upload: stop was requested"));
      break;
    }
    context_.crew.Poll();
    MoveOn(false);
    if (CanRead()) {
      ReadSome();
    } else if (context_.crew.running() > 0) {
      context_.crew.Wait();
    } else if (!Push()) {
      break;
    }
  }
  return End();
}

bool UploadRun::InputEnded() const { return reader_.idle() && again_.empty() && sessions_.empty(); }

bool UploadRun::CanRead() const {
  const uint64_t held_max =
      std::max<uint64_t>(context_.options.buffer_bytes, 4 * reader_.arena_bytes());
  return context_.failure.ok() && !InputEnded() && context_.held_bytes < held_max &&
         committer_.size() < kItemsMax;
}

void UploadRun::ReadSome() {
  if (reader_.idle()) BeginNext();
  if (reading_ == nullptr) return;
  const uint64_t before = reading_->bytes;
  PendingItem& item = *reading_;
  reader_.Read();
  context_.stats.bytes += item.bytes - before;
  Credit(item, item.bytes);
  if (reader_.idle()) reading_ = nullptr;
  if (bytes_since_shown_ >= kShowBytes) Show(item.item.label);
  if (reader_.full()) router_.Submit(reader_.Take());
}

void UploadRun::BeginNext() {
  std::unique_ptr<PendingItem> next;
  if (!again_.empty()) {
    next = std::move(again_.front());
    again_.pop_front();
  } else {
    auto taken = sessions_.Next();
    if (!taken.ok()) return context_.Fail(taken.status());
    next = *std::move(taken);
  }
  shown_.total_known = sessions_.plan_ended();
  if (next == nullptr) return;
  PendingItem& item = committer_.Add(std::move(next));
  if (!item.reads_content) return;
  if (item.item.outline && !item.is_second_try && !item.doubts_outline) {
    item.assumed = Outline::Decode(item.item.outline());
  }
  reader_.Begin(item);
  // An item that could not be opened has ended already.
  if (!reader_.idle()) reading_ = &item;
}

void UploadRun::MoveOn(bool hurry) {
  segments_.set_upload(sessions_.newest());
  deltas_.set_upload(sessions_.newest());
  manifests_.set_upload(sessions_.newest());
  last_.set_upload(sessions_.newest());
  committer_.set_upload(sessions_.newest());
  if (InputEnded() && !reader_.empty()) router_.Submit(reader_.Take());
  const bool all_routed = InputEnded() && router_.empty();
  if (!all_routed) last_.Reset();
  if (!all_routed || !last_.Advance()) Send(all_routed, hurry);
  TakeRefused();
  while (committer_.Commit(Durable(), all_routed || hurry)) {
  }
  router_.Trim(Durable());
}

void UploadRun::Send(bool all_routed, bool hurry) {
  if (all_routed || hurry) {
    deltas_.Flush();
  } else {
    deltas_.Advance();
  }
  if (all_routed && deltas_.settled()) segments_.Flush();
  manifests_.Send(Durable(), all_routed || hurry);
}

// Called when nothing is running and nothing may be read: something must be sent although it would
// be better in greater company.
bool UploadRun::Push() {
  if (!reader_.empty()) {
    router_.Submit(reader_.Take());
    return true;
  }
  if (deltas_.Flush() || segments_.Flush()) return true;
  const size_t before = committer_.size();
  MoveOn(true);
  if (context_.crew.running() > 0 || committer_.size() != before) return true;
  if (!context_.failure.ok() || (InputEnded() && committer_.size() == 0)) return false;
  if (!InputEnded()) {
    ReadSome();
    return true;
  }
  context_.Fail(absl::InternalError(absl::StrCat("upload: ", committer_.size(),
                                                 " items are neither committed nor on their way")));
  return false;
}

void UploadRun::TakeRefused() {
  router_.Forget(deltas_.TakeRefused());
  const ManifestSender::Refused refused = manifests_.TakeRefused();
  router_.Forget(refused.missing);
  for (const ManifestSender::Waiting& waiting : refused.nodes) {
    waiting.piece.item->vanished = true;
    router_.Forget({&waiting.piece.node.id, 1});
  }
}

void UploadRun::SendAgain(std::unique_ptr<PendingItem> item, const ChangeOutcome& outcome) {
  router_.Forget(outcome.missing);
  auto second = std::make_unique<PendingItem>(std::move(item->item), context_.keys());
  second->reads_content = true;
  // What was only remembered is asked for before everything is sent.
  second->doubts_outline = true;
  second->is_second_try = item->assumed.empty();
  second->announced = item->announced;
  second->shown_bytes = item->shown_bytes;
  again_.push_back(std::move(second));
}

void UploadRun::Report(std::unique_ptr<PendingItem> item) {
  if (item->reads_content) {
    Credit(*item, std::max(item->shown_bytes, item->item.size_hint));
    if (item->result.status.ok()) ++context_.stats.files;
    // A smaller content is named by its revision.
    if (item->seen.blocks().size() > kEntryGroupMax) item->result.outline = item->seen.Encode();
  }
  if (item->result.outcome.verdict == ChangeVerdict::kCommitted) sessions_.Committed(*item);
  plan_.Finished(item->item, item->result);
  ++shown_.files_done;
  Show(item->item.label);
}

void UploadRun::Credit(PendingItem& item, uint64_t bytes) {
  if (bytes <= item.shown_bytes) return;
  // A file that grew beyond its hint makes the total grow.
  const uint64_t counted = std::max(item.shown_bytes, item.item.size_hint);
  if (bytes > counted) shown_.bytes_total += bytes - counted;
  shown_.bytes_done += bytes - item.shown_bytes;
  bytes_since_shown_ += bytes - item.shown_bytes;
  item.shown_bytes = bytes;
}

void UploadRun::Show(const std::string& current) {
  bytes_since_shown_ = 0;
  const bool is_last = shown_.total_known && shown_.files_done == shown_.files_total;
  if (!progress_ || is_last) return;  // End shows the last one, once.
  shown_.current = current;
  progress_(shown_);
}

absl::StatusOr<UploadStats> UploadRun::End() {
  while (context_.crew.running() > 0) context_.crew.Wait();
  sessions_.Close(/*all=*/!context_.failure.ok());
  if (!context_.failure.ok()) return context_.failure;
  if (progress_) {
    shown_.total_known = true;
    shown_.current.clear();
    progress_(shown_);
  }
  return context_.stats;
}

}  // namespace syncengine
