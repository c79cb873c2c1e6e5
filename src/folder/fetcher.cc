#include "src/folder/fetcher.h"

#include <utility>

#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"
#include "src/base/planted_bugs.h"
#include "src/folder/arriving_file.h"
#include "src/folder/private_paths.h"
#include "src/folder/record.h"
#include "src/folder/stat_print.h"
#include "syncengine/base/error.h"

namespace syncengine::folder {
namespace {

constexpr size_t kSettleAt = 256;  // Intents of one transaction.

}  // namespace

absl::Status Fetcher::Run() {
  Downloader downloader(around_.opened, around_.executor);
  auto stats = downloader.Download(*this, round_.meter.Part(), round_.stop);
  round_.outcome.report.received_bytes += downloader.received_bytes();
  SYNCENGINE_RETURN_IF_ERROR(Settle());
  SYNCENGINE_RETURN_IF_ERROR(failure_);
  return stats.status();
}

std::optional<DownloadItem> Fetcher::Next() {
  bool settle = false;
  {
    absl::MutexLock lock(&mutex_);
    settle = finished_.size() >= kSettleAt;
  }
  if (settle && failure_.ok()) failure_ = Settle();
  while (failure_.ok() && next_ < round_.plan.actions.size()) {
    const Action& action = round_.plan.actions[next_++];
    if (action.kind != ActionKind::kDownload) continue;
    if (action.node_kind == NodeKind::kSymlink) {
      MakeLink(action);
      continue;
    }
    auto arrival = std::make_shared<Arrival>();
    if (Prepare(action, *arrival)) return ItemFor(std::move(arrival));
  }
  return std::nullopt;
}

// False when it cannot be done; the outcome then says why.
bool Fetcher::Prepare(const Action& action, Arrival& arrival) {
  const bool present = round_.places.Has(action.node);
  const std::optional<std::string> path =
      present ? round_.places.PathOf(action.node) : round_.places.PathOf(action.to);
  absl::Status status;
  if (!path.has_value()) {
    status = absl::FailedPreconditionError("the directory it belongs to could not be made");
  } else if (IsPrivate(*path)) {
    status = absl::InvalidArgumentError("this name is reserved for the sync client");
  } else if (round_.outcome.failed.contains(action.node)) {
    return false;
  }
  if (!status.ok()) {
    round_.outcome.Fail(action.node, action.path, status);
    return false;
  }
  arrival.action = &action;
  arrival.path = *path;
  arrival.temporary = around_.workspace.NewTemporary();
  if (present) arrival.expected = *round_.places.Print(action.node);
  return true;
}

DownloadItem Fetcher::ItemFor(std::shared_ptr<Arrival> arrival) {
  DownloadItem item;
  item.content = around_.state.Head(arrival->action->node)->content;
  item.label = arrival->path;
  item.open = [this, arrival] {
    return ArrivingFile::Create(around_.files, arrival->temporary, arrival->action->attributes,
                                [arrival](const Fingerprint& print) { arrival->arrived = print; });
  };
  item.finished = [this, arrival](const absl::Status& status) {
    arrival->status = status;
    absl::MutexLock lock(&mutex_);
    finished_.push_back(arrival);
  };
  return item;
}

void Fetcher::MakeLink(const Action& action) {
  auto arrival = std::make_shared<Arrival>();
  if (!Prepare(action, *arrival)) return;
  arrival->status = around_.files.MakeSymlink(arrival->temporary, action.attributes.symlink_target);
  if (arrival->status.ok()) {
    absl::StatusOr<FileStat> stat = around_.files.Stat(arrival->temporary);
    arrival->status = stat.status();
    if (stat.ok()) arrival->arrived = PrintOf(*stat);
  }
  absl::MutexLock lock(&mutex_);
  finished_.push_back(std::move(arrival));
}

std::vector<std::shared_ptr<Fetcher::Arrival>> Fetcher::TakeFinished() {
  absl::MutexLock lock(&mutex_);
  return std::exchange(finished_, {});
}

absl::Status Fetcher::Settle() {
  const std::vector<std::shared_ptr<Arrival>> arrivals = TakeFinished();
  for (const auto& arrival : arrivals) {
    if (!arrival->status.ok()) continue;
    arrival->intent =
        around_.state.AddIntent({.kind = Intent::Kind::kSwap,
                                 .path = arrival->path,
                                 .temporary = arrival->temporary,
                                 .arrived = arrival->arrived,
                                 .expected = arrival->expected.value_or(Fingerprint()),
                                 .node = arrival->action->node,
                                 .revision = around_.state.HeadId(arrival->action->node)});
    if (PlantedBug(Bug::kAgreedBeforeArrival)) {
      RecordHead(around_.state, arrival->action->node, arrival->arrived, false);
    }
  }
  SYNCENGINE_RETURN_IF_ERROR(around_.state.Flush());
  absl::btree_set<std::string> directories;
  for (const auto& arrival : arrivals) {
    Swap(*arrival);
    if (arrival->status.ok()) directories.insert(ParentOf(arrival->path));
  }
  if (PlantedBug(Bug::kSkipPlaceSync)) directories.clear();
  for (const std::string& directory : directories) {
    SYNCENGINE_RETURN_IF_ERROR(Annotate(around_.files.SyncDirectory(directory),
                                        absl::StrCat("sync directory '", directory, "'")));
  }
  for (const auto& arrival : arrivals) {
    DiscardLeftover(*arrival);
    Record(*arrival);
  }
  return around_.state.Flush();
}

void Fetcher::Swap(Arrival& arrival) {
  if (arrival.status.ok()) {
    absl::StatusOr<SwapResult> swapped = PutInPlace(
        around_.files, around_.naming,
        {.temporary = arrival.temporary, .path = arrival.path, .expected = arrival.expected});
    arrival.status = swapped.status();
    if (swapped.ok()) arrival.leftover = swapped->leftover;
    if (swapped.ok() && swapped->kept_edit.has_value()) {
      ++round_.outcome.report.conflicts;
      round_.outcome.look_again = true;  // The kept edit must go up.
    }
  }
  if (arrival.status.ok()) return;
  round_.outcome.Fail(arrival.action->node, arrival.path, arrival.status);
  // If something of the user's is in it, the intent stays and recovery looks at it.
  absl::StatusOr<FileStat> left = around_.files.Stat(arrival.temporary);
  const bool ours = left.ok() && (arrival.intent == 0 || SameFile(PrintOf(*left), arrival.arrived));
  if (ours) around_.files.RemoveFile(arrival.temporary).IgnoreError();
  if (ours && arrival.intent != 0) around_.state.EraseIntent(arrival.intent);
}

// The next recovery finds what could not be moved.
void Fetcher::DiscardLeftover(const Arrival& arrival) {
  if (!arrival.leftover.has_value()) return;
  const absl::Status discarded = around_.workspace.Discard(*arrival.leftover).status();
  if (!discarded.ok()) round_.outcome.Fail(arrival.action->node, arrival.path, discarded);
}

void Fetcher::Record(const Arrival& arrival) {
  if (!arrival.status.ok() && !PlantedBug(Bug::kFailedDownloadIsRecorded)) return;
  around_.state.EraseIntent(arrival.intent);
  Fingerprint print = arrival.arrived;
  // The rename moved the ctime; anything else is an edit that the next scan must see.
  absl::StatusOr<FileStat> stat = around_.files.Stat(arrival.path);
  if (stat.ok() && SameFile(PrintOf(*stat), arrival.arrived)) print = PrintOf(*stat);
  const bool racy =
      IsRacy(print, around_.clock.Now(), around_.files.properties().mtime_granularity_ns);
  RecordHead(around_.state, arrival.action->node, print, racy);
  round_.places.Put(arrival.action->node, arrival.action->to, print);
  ++round_.outcome.report.downloaded;
}

}  // namespace syncengine::folder
