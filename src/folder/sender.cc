#include "src/folder/sender.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/base/planted_bugs.h"
#include "src/folder/record.h"
#include "src/folder/stable_source.h"
#include "src/folder/stat_print.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/name.h"
#include "syncengine/reconcile/conflict_name.h"
#include "syncengine/reconcile/history.h"

namespace syncengine::folder {
namespace {

// What the server refuses for one change it would refuse for its whole request.
bool RefusesWrites(const absl::Status& status) {
  const auto reason = GetReason(status);
  return reason == Reason::kNotAllowed || reason == Reason::kQuota;
}

}  // namespace

absl::Status Sender::Run() {
  int last_wave = -1;
  for (const Action& action : round_.plan.actions) {
    if (IsThere(action.kind)) last_wave = std::max(last_wave, action.wave);
  }
  for (wave_ = 0; wave_ <= last_wave; ++wave_) {
    const absl::Status sent = RunWave();
    SYNCENGINE_RETURN_IF_ERROR(around_.state.Flush());
    outlines_.Flush().IgnoreError();  // Not noted: the next upload asks.
    if (RefusesWrites(sent)) {
      FailRest(sent);
      return absl::OkStatus();
    }
    SYNCENGINE_RETURN_IF_ERROR(sent);
  }
  return absl::OkStatus();
}

absl::Status Sender::RunWave() {
  next_ = 0;
  under_way_.clear();
  Uploader uploader(
      around_.opened, around_.executor, around_.entropy, around_.clock,
      {.before_commit = [this](absl::Span<const Change> changes) { return NoteSent(changes); }});
  absl::StatusOr<UploadStats> stats = uploader.Upload(*this, round_.meter.Part(), round_.stop);
  SYNCENGINE_RETURN_IF_ERROR(stats.status());
  round_.outcome.report.sent_bytes += stats->sent_bytes;
  return NoteLostNames();
}

// R15: it stays on the disk, and the user hears of it.
void Sender::FailRest(const absl::Status& status) {
  for (const Action& action : round_.plan.actions) {
    if (IsThere(action.kind) && action.wave >= wave_ &&
        (under_way_.contains(action.node) || action.wave > wave_)) {
      round_.outcome.Fail(action.node, action.path, status);
    }
  }
}

std::optional<UploadItem> Sender::Next() {
  while (next_ < round_.plan.actions.size()) {
    const Action& action = round_.plan.actions[next_++];
    if (!IsThere(action.kind) || action.wave != wave_) continue;
    if (round_.outcome.failed.contains(action.node)) continue;
    const absl::Status named = CheckName(action);
    if (!named.ok()) {
      round_.outcome.Fail(action.node, action.path, named);
      continue;
    }
    under_way_[action.node] = &action;
    return ItemFor(action);
  }
  return std::nullopt;
}

absl::Status Sender::CheckName(const Action& action) const {
  if (action.kind == ActionKind::kDeleteThere) return absl::OkStatus();
  SYNCENGINE_RETURN_IF_ERROR(ValidateName(action.to.name));
  if (action.to.name.size() > limits::kNameBytesMax) {
    return absl::InvalidArgumentError("the name is longer than 255 bytes");
  }
  if (action.attributes.symlink_target.size() > limits::kSymlinkTargetMax) {
    return absl::InvalidArgumentError("the symlink's target is longer than 4096 bytes");
  }
  return absl::OkStatus();
}

UploadItem Sender::ItemFor(const Action& action) {
  const NodeState* head = around_.state.Head(action.node);
  UploadItem item;
  item.label = action.path;
  item.change.node = action.node;
  item.change.base = around_.state.HeadId(action.node);
  NodeState& state = item.change.state;
  if (action.kind == ActionKind::kDeleteThere) {
    state = *head;
    state.deleted = true;
    state.content = {};
    return item;
  }
  state.kind = action.node_kind;
  state.parent = action.to.parent;
  state.name = action.to.name;
  state.attributes = action.attributes;
  state.attributes.sealed.clear();
  if (action.kind != ActionKind::kUpload) {
    if (head != nullptr) state.content = head->content;
  } else if (action.node_kind == NodeKind::kFile) {
    item.size_hint = action.size;
    item.open = [this, node = action.node] { return Open(node); };
    item.outline = [this, node = action.node] { return outlines_.Find(node); };
  }
  return item;
}

absl::StatusOr<std::unique_ptr<ContentSource>> Sender::Open(const NodeId& node) {
  const std::optional<std::string> path = round_.places.PathOf(node);
  const Fingerprint* seen = round_.places.Print(node);
  if (!path.has_value() || seen == nullptr) return absl::AbortedError("it is not there any more");
  absl::StatusOr<std::unique_ptr<ReadableFile>> file = around_.files.OpenToRead(*path);
  if (absl::IsNotFound(file.status())) return absl::AbortedError("it is not there any more");
  SYNCENGINE_RETURN_IF_ERROR(file.status());
  const absl::Time now = around_.clock.Now();
  SYNCENGINE_ASSIGN_OR_RETURN(const FileStat stat, (*file)->Stat());
  const Fingerprint print = PrintOf(stat);
  if (!SameFile(print, *seen)) {
    return absl::AbortedError(absl::StrCat(*path, ": changed since it was looked at"));
  }
  const int64_t granularity = around_.files.properties().mtime_granularity_ns;
  readings_[node] = {print, IsRacy(print, now, granularity)};
  return std::make_unique<StableSource>(around_.files, *path, *std::move(file), print);
}

// Durable before the request goes out: should its answer be lost, the revision is known to be ours
// all the same, and a file that is deleted meanwhile stays deleted.
absl::Status Sender::NoteSent(absl::Span<const Change> changes) {
  for (const Change& change : changes) {
    if (change.state.deleted) continue;
    const std::optional<Reading> reading = ReadingOf(change.node);
    around_.state.PutSent(change.node, {.base = change.base,
                                        .state = change.state,
                                        .print = reading ? reading->print : Fingerprint(),
                                        .at = around_.clock.Now()});
  }
  return around_.state.Flush();
}

void Sender::Finished(const UploadItem& item, const UploadResult& result) {
  auto found = under_way_.find(item.change.node);
  if (found == under_way_.end()) return;
  const Action& action = *found->second;
  under_way_.erase(found);
  if (!result.status.ok()) {
    round_.outcome.Fail(action.node, action.path, result.status);
  } else if (result.outcome.verdict != ChangeVerdict::kCommitted &&
             !PlantedBug(Bug::kRefusedCommitIsDone)) {
    // Somebody else was first: observe again.
    round_.outcome.failed.insert(action.node);
    round_.outcome.look_again = true;
  } else {
    if (!result.outline.empty() || item.change.state.deleted) {
      outlines_.Remember(action.node, result.outline);
    }
    Record(action, item, result);
    Count(action);
  }
}

void Sender::Record(const Action& action, const UploadItem& item, const UploadResult& result) {
  State& state = around_.state;
  if (action.kind == ActionKind::kDeleteThere) return RecordGone(state, action.node);
  SyncedNode row;
  auto known = state.synced().find(action.node);
  if (known != state.synced().end()) row = known->second;
  FollowHead(row, result.outcome.revision, item.change.base);
  row.committed_at = around_.clock.Now();
  row.state = item.change.state;
  if (item.open) row.state.content = result.content;
  if (const std::optional<Reading> reading = ReadingOf(action.node)) {
    row.print = reading->print;
    row.racy = reading->racy;
  }
  if (item.change.base.IsZero() && LostItsName(row.state))
    renamed_.push_back({action.node, result.outcome.revision, row.state});
  state.PutSynced(action.node, std::move(row));
  state.EraseRemote(action.node);
  state.EraseSent(action.node);
}

// Whether something of another kind has the name that a new node had here.
bool Sender::LostItsName(const NodeState& state) const {
  if (!IsConflictName(state.name)) return false;
  const std::string wanted = OriginalName(state.name);
  const auto holds_it = [&](const NodeId& node) {
    const NodeState* head = around_.state.Head(node);
    return head != nullptr && !head->deleted && head->kind != state.kind &&
           head->parent == state.parent && head->name == wanted;
  };
  const auto any = [&](const auto& tree) {
    return std::any_of(tree.begin(), tree.end(),
                       [&](const auto& entry) { return holds_it(entry.first); });
  };
  return any(around_.state.remote()) || any(around_.state.synced());
}

// Keeps the state with the name that was wanted aside, with a note that it waits for a decision.
absl::Status Sender::NoteLostNames() {
  for (const Renamed& renamed : std::exchange(renamed_, {})) {
    Change change{
        .node = renamed.node, .base = renamed.revision, .state = renamed.state, .aside = true};
    change.state.name = OriginalName(renamed.state.name);
    change.conflict = ConflictNote{.reason = ConflictReason::kNotAFile, .theirs = renamed.revision};
    const CommitRequest request{.op = around_.entropy.NewId<OpId>(), .changes = {change}};
    SYNCENGINE_ASSIGN_OR_RETURN(const CommitResult result,
                                around_.opened.service->Commit(around_.opened.record.id, request));
    // Otherwise somebody changed it already, and knows of it.
    round_.outcome.report.conflicts += result.committed;
  }
  return absl::OkStatus();
}

// What the disk says of content that is now on both sides; a move here changed the ctime since the
// scan.
std::optional<Sender::Reading> Sender::ReadingOf(const NodeId& node) const {
  auto read = readings_.find(node);
  const bool late = PlantedBug(Bug::kPrintTakenAfterUpload);
  if (read != readings_.end() && !late) return read->second;
  const Fingerprint* seen = round_.places.Print(node);
  const std::optional<std::string> path = round_.places.PathOf(node);
  if (seen == nullptr || !path.has_value()) return std::nullopt;
  const absl::Time now = around_.clock.Now();
  absl::StatusOr<FileStat> stat = around_.files.Stat(*path);
  const bool same = stat.ok() && (SameFile(PrintOf(*stat), *seen) || late);
  if (!same) return Reading{*seen, true};
  const int64_t granularity = around_.files.properties().mtime_granularity_ns;
  return Reading{PrintOf(*stat), IsRacy(PrintOf(*stat), now, granularity)};
}

void Sender::Count(const Action& action) {
  SyncReport& report = round_.outcome.report;
  if (action.kind == ActionKind::kDeleteThere) ++report.deleted;
  if (action.kind == ActionKind::kMoveThere) ++report.moved;
  if (action.kind == ActionKind::kUpload && action.node_kind != NodeKind::kDirectory) {
    ++report.uploaded;
  }
}

}  // namespace syncengine::folder
