#include "src/folder/merging.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/folder/stable_source.h"
#include "src/folder/stat_print.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/reconcile/history.h"

namespace syncengine::folder {
namespace {

// What concerns one file only; anything else the next one would meet as well.
bool ConcernsOneFile(const absl::Status& status) {
  return !absl::IsUnavailable(status) && !absl::IsCancelled(status) &&
         !absl::IsUnauthenticated(status);
}

std::string StampOf(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H%M%S", time, absl::UTCTimeZone());
}

}  // namespace

absl::Status Merging::Run(const Observation& seen, Observer& observer, Outcome& outcome,
                          std::stop_token stop) {
  const Places places(seen.local);
  outcome.report.idle = false;
  outcome.look_again = true;
  for (const Action& action : seen.plan.actions) {
    if (action.kind != ActionKind::kMerge) continue;
    if (stop.stop_requested()) return absl::CancelledError("sync: stopped on request");
    const Revision theirs = around_.state.remote().at(action.node);
    const Contest contest{.action = action,
                          .here = seen.local.present.at(action.node),
                          .theirs = theirs,
                          .path = places.PathOf(action.node).value_or(action.path)};
    const absl::Status settled = Settle(contest, outcome, stop);
    if (settled.ok() || absl::IsAborted(settled)) continue;
    if (!ConcernsOneFile(settled)) return settled;
    observer.LeaveAlone(action.node,
                        {contest.path, std::string(settled.message()), Outcome::Hint(settled)});
  }
  return around_.state.Flush();
}

absl::Status Merging::Settle(const Contest& contest, Outcome& outcome, std::stop_token stop) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto conflicts, OpenConflicts(contest.action.node));
  SYNCENGINE_ASSIGN_OR_RETURN(const auto twin, FindTwin(contest, conflicts));
  if (twin.has_value()) {
    SYNCENGINE_ASSIGN_OR_RETURN(const bool copied, WasCopied(twin->id));
    // A run that was cut off before it made the copy leaves only the record.
    if (!copied) return NoteConflict(contest, {.head = contest.theirs, .ours = twin->id});
    Agree(contest, twin->id, twin->state.content);
    return absl::OkStatus();
  }
  const auto copies = std::count_if(conflicts.begin(), conflicts.end(),
                                    [](const ConflictRecord& c) { return c.copy.has_value(); });
  const bool copy = static_cast<size_t>(copies) < options_.copies_max;
  SYNCENGINE_ASSIGN_OR_RETURN(const MergeOutcome merged,
                              merger_.Run(TaskFor(contest, copy), std::move(stop)));
  outcome.report.sent_bytes += merged.sent_bytes;
  outcome.report.received_bytes += merged.received_bytes;
  if (!merged.merged && copy) return NoteConflict(contest, merged);
  outcome.report.conflicts += !merged.merged;
  const RevisionId base = around_.state.synced().contains(contest.action.node)
                              ? around_.state.synced().at(contest.action.node).revision
                              : RevisionId();
  Agree(contest, merged.ours, merged.ours_content);
  around_.state.PutRemote(merged.head);
  if (!merged.merged) return absl::OkStatus();
  const RevisionId theirs =
      merged.head.merged_from == merged.ours ? merged.head.parent : merged.head.id;
  outcome.report.merged.push_back({.path = contest.path,
                                   .node = contest.action.node,
                                   .revision = merged.head.id,
                                   .ours = merged.ours,
                                   .theirs = theirs,
                                   .base = base});
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ConflictRecord>> Merging::OpenConflicts(const NodeId& node) {
  std::vector<ConflictRecord> conflicts;
  ConflictsRequest request{.node = node, .limit = static_cast<int>(limits::kConflictsPageMax)};
  for (bool more = true; more;) {
    SYNCENGINE_ASSIGN_OR_RETURN(ConflictPage page, around_.opened.service->ListConflicts(
                                                       around_.opened.record.id, request));
    more = page.more && !page.conflicts.empty();
    request.after = page.next;
    for (ConflictRecord& conflict : page.conflicts) conflicts.push_back(std::move(conflict));
  }
  return conflicts;
}

absl::StatusOr<std::optional<Revision>> Merging::FindTwin(
    const Contest& contest, const std::vector<ConflictRecord>& conflicts) {
  if (contest.action.node_kind != NodeKind::kFile) return std::nullopt;
  for (const ConflictRecord& conflict : conflicts) {
    const ContentRef& content = conflict.ours.state.content;
    if (conflict.ours.sequence == 0 || content.size != contest.here.print.size) continue;
    SYNCENGINE_ASSIGN_OR_RETURN(const bool same,
                                check_.HasContent(contest.path, contest.here.print, content));
    if (same) return conflict.ours;
  }
  return std::nullopt;
}

// A copy that somebody deleted counts.
absl::StatusOr<bool> Merging::WasCopied(const RevisionId& ours) {
  const absl::StatusOr<Revision> copy =
      around_.opened.service->Stat(around_.opened.record.id, {.node = ConflictCopyNode(ours)});
  if (absl::IsNotFound(copy.status())) return false;
  SYNCENGINE_RETURN_IF_ERROR(copy.status());
  return true;
}

MergeTask Merging::TaskFor(const Contest& contest, bool copy) {
  MergeTask task{.label = contest.path, .head = contest.theirs, .copy = copy};
  auto row = around_.state.synced().find(contest.action.node);
  if (row != around_.state.synced().end()) {
    task.base = row->second.revision;
    task.base_state = row->second.state;
  }
  task.ours.kind = contest.action.node_kind;
  task.ours.parent = contest.here.position.parent;
  task.ours.name = contest.here.position.name;
  task.ours.attributes = contest.here.attributes;
  task.ours.attributes.sealed.clear();
  task.open = [this, &contest] { return Open(contest); };
  task.size = contest.here.print.size;
  return task;
}

absl::StatusOr<std::unique_ptr<ContentSource>> Merging::Open(const Contest& contest) {
  absl::StatusOr<std::unique_ptr<ReadableFile>> file = around_.files.OpenToRead(contest.path);
  if (absl::IsNotFound(file.status())) return absl::AbortedError("it is not there any more");
  SYNCENGINE_RETURN_IF_ERROR(file.status());
  SYNCENGINE_ASSIGN_OR_RETURN(const FileStat stat, (*file)->Stat());
  const Fingerprint print = PrintOf(stat);
  if (!SameFile(print, contest.here.print)) {
    return absl::AbortedError(absl::StrCat(contest.path, ": changed since it was looked at"));
  }
  return std::make_unique<StableSource>(around_.files, contest.path, *std::move(file), print);
}

void Merging::Agree(const Contest& contest, const RevisionId& ours, const ContentRef& content) {
  SyncedNode row;
  auto known = around_.state.synced().find(contest.action.node);
  if (known != around_.state.synced().end()) {
    row = known->second;
  } else {
    row.state = contest.theirs.state;
    row.committed_at = contest.theirs.committed_at;
    row.state.attributes = contest.here.attributes;
  }
  FollowHead(row, ours, RevisionId());
  row.state.content = content;
  row.state.attributes.mtime_ns = contest.here.attributes.mtime_ns;
  row.state.attributes.symlink_target = contest.here.attributes.symlink_target;
  row.print = contest.here.print;
  // It was read a moment ago; a write in the same tick of the clock would not show.
  row.racy =
      IsRacy(row.print, around_.clock.Now(), around_.files.properties().mtime_granularity_ns);
  around_.state.PutSynced(contest.action.node, std::move(row));
}

absl::Status Merging::NoteConflict(const Contest& contest, const MergeOutcome& merged) {
  Unmerged unmerged{.print = contest.here.print};
  unmerged.lost.copy = ConflictCopyNode(merged.ours);
  unmerged.lost.device = around_.naming.device;
  unmerged.lost.stamp = StampOf(around_.clock.Now());
  SYNCENGINE_ASSIGN_OR_RETURN(const auto conflicts, OpenConflicts(contest.action.node));
  for (const ConflictRecord& conflict : conflicts) {
    if (conflict.id != merged.ours) continue;
    unmerged.lost.stamp = StampOf(conflict.ours.committed_at);
    if (!conflict.ours_device.empty()) unmerged.lost.device = conflict.ours_device;
  }
  around_.state.PutUnmerged(contest.action.node, std::move(unmerged));
  around_.state.PutRemote(merged.head);
  return around_.state.Flush();
}

}  // namespace syncengine::folder
