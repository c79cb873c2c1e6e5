#include "src/transfer/put_merge.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/transfer/verdict.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/reconcile/conflict_name.h"

namespace syncengine {
namespace {

constexpr int kNamesMax = 1000;  // Attempts to find a free name.

}  // namespace

absl::Status PutMerger::Settle(const PutContest& contest, PutTreeReport& report,
                               std::stop_token stop) {
  MergeTask task{.label = contest.label,
                 .head = contest.head,
                 .ours = contest.change.state,
                 .open = contest.open,
                 .size = contest.size,
                 .copy = true};
  if (contest.change.node == contest.head.node) {
    task.base = contest.change.base;
    SYNCENGINE_ASSIGN_OR_RETURN(task.base_state, FindBase(contest.head.node, task.base));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const MergeOutcome outcome,
                              merger_.Run(std::move(task), std::move(stop)));
  report.upload.sent_bytes += outcome.sent_bytes;
  if (outcome.merged) {
    const bool added = outcome.head.merged_from == outcome.ours;
    report.merged.push_back({.path = contest.label,
                             .revision = outcome.head.id,
                             .ours = outcome.ours,
                             .theirs = added ? outcome.head.parent : outcome.head.id});
    return absl::OkStatus();
  }
  NodeState ours = contest.change.state;
  ours.content = outcome.ours_content;
  SYNCENGINE_ASSIGN_OR_RETURN(std::string name, CommitCopy(ours, outcome));
  report.conflicts.push_back({contest.label, outcome.ours, std::move(name)});
  return absl::OkStatus();
}

absl::StatusOr<std::optional<NodeState>> PutMerger::FindBase(const NodeId& node,
                                                             const RevisionId& base) {
  RevisionsRequest request{.node = node, .limit = static_cast<int>(limits::kListPageMax)};
  for (bool more = true; more;) {
    SYNCENGINE_ASSIGN_OR_RETURN(RevisionPage page,
                                ports_.opened.service->Revisions(ports_.opened.record.id, request));
    for (Revision& revision : page.revisions) {
      if (revision.id == base && !revision.state.deleted) return std::move(revision.state);
    }
    more = page.more && !page.revisions.empty();
    if (more) request.before_sequence = page.revisions.back().sequence;
  }
  return std::nullopt;
}

absl::StatusOr<ConflictRecord> PutMerger::FindConflict(const NodeId& node, const RevisionId& ours) {
  ConflictsRequest request{.node = node, .limit = static_cast<int>(limits::kConflictsPageMax)};
  for (bool more = true; more;) {
    SYNCENGINE_ASSIGN_OR_RETURN(
        ConflictPage page, ports_.opened.service->ListConflicts(ports_.opened.record.id, request));
    for (ConflictRecord& conflict : page.conflicts) {
      if (conflict.id == ours) return std::move(conflict);
    }
    more = page.more && !page.conflicts.empty();
    request.after = page.next;
  }
  return absl::NotFoundError("the conflict was decided meanwhile");
}

// Named by when the losing revision was committed and by whom, as every device would.
absl::StatusOr<std::string> PutMerger::CommitCopy(const NodeState& ours,
                                                  const MergeOutcome& outcome) {
  SYNCENGINE_ASSIGN_OR_RETURN(const ConflictRecord conflict,
                              FindConflict(outcome.head.node, outcome.ours));
  const std::string stamp =
      absl::FormatTime("%Y-%m-%d %H%M%S", conflict.ours.committed_at, absl::UTCTimeZone());
  const std::string& device = conflict.ours_device.empty() ? device_ : conflict.ours_device;
  Change change{.node = ConflictCopyNode(outcome.ours), .state = ours};
  ChangeVerdict verdict = ChangeVerdict::kNotTried;
  for (int attempt = 0; attempt < kNamesMax; ++attempt) {
    change.state.name = ConflictName(OriginalName(ours.name), stamp, device, attempt);
    const CommitRequest request{.op = ports_.entropy.NewId<OpId>(), .changes = {change}};
    SYNCENGINE_ASSIGN_OR_RETURN(const CommitResult result,
                                ports_.opened.service->Commit(ports_.opened.record.id, request));
    if (result.committed) return change.state.name;
    if (!result.outcomes.empty()) verdict = result.outcomes.front().verdict;
    if (verdict != ChangeVerdict::kNameTaken) break;
  }
  return Annotate(VerdictError(verdict),
                  absl::StrCat("the content is kept as revision ", outcome.ours.ToHex(),
                               ", but no conflicted copy could be made"));
}

}  // namespace syncengine
