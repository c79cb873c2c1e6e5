// Conflicts: listed, and decided by compare-and-set. They are noted by the commit that keeps the
// losing version aside (commit.cc).
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "src/engine/commit.h"
#include "src/engine/conflict_row.h"
#include "src/engine/keys.h"
#include "src/engine/transactions.h"
#include "src/engine/tree_reader.h"
#include "src/engine/verbs.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::engine {
namespace {

constexpr int kBatch = 256;

// --- Listing ---

absl::Status ValidateRequest(const ConflictsRequest& request) {
  const bool fine =
      request.limit >= 1 && static_cast<size_t>(request.limit) <= limits::kConflictsPageMax;
  if (fine) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("limit: ", request.limit, ", expected 1 to ", limits::kConflictsPageMax));
}

bool Wanted(const ConflictsRequest& request, const ConflictRow& row) {
  if (row.decision != ConflictDecision::kOpen && !request.decided_too) return false;
  return !request.node.has_value() || row.node == *request.node;
}

struct Listed {
  RevisionId id;
  ConflictRow row;
};

absl::StatusOr<std::vector<Listed>> ReadConflictRows(MetadataReader& rows,
                                                     const ConflictsRequest& request,
                                                     size_t count) {
  std::vector<Listed> listed;
  // The first key behind `after`: a zero byte more.
  std::string begin = request.after.IsZero()
                          ? std::string("X")
                          : absl::StrCat(ConflictKey(request.after), absl::string_view("\0", 1));
  while (listed.size() < count) {
    SYNCENGINE_ASSIGN_OR_RETURN(
        const auto found, rows.Scan({.begin = begin, .end = PrefixEnd("X"), .limit = kBatch}));
    for (const auto& [key, value] : found) {
      SYNCENGINE_ASSIGN_OR_RETURN(ConflictRow row, DecodeRow<ConflictRow>(value));
      if (!Wanted(request, row) || listed.size() == count) continue;
      SYNCENGINE_ASSIGN_OR_RETURN(const auto id,
                                  RevisionId::FromBytes(absl::string_view(key).substr(1)));
      listed.push_back({id, std::move(row)});
    }
    if (found.size() < kBatch) break;
    begin = absl::StrCat(found.back().first, absl::string_view("\0", 1));
  }
  return listed;
}

// The head of a node that need not exist.
absl::StatusOr<std::optional<Revision>> FindHead(MetadataReader& rows, const NodeId& node) {
  absl::StatusOr<Revision> head = ReadHeadRevision(rows, node);
  if (absl::IsNotFound(head.status())) return std::nullopt;
  SYNCENGINE_RETURN_IF_ERROR(head.status());
  return *std::move(head);
}

absl::StatusOr<ConflictRecord> ReadConflict(MetadataReader& rows, PathFinder& paths,
                                            const Listed& listed) {
  const ConflictRow& row = listed.row;
  ConflictRecord record{.id = listed.id,
                        .node = row.node,
                        .reason = row.note.reason,
                        .hunks = row.note.hunks,
                        .decision = row.decision,
                        .resolution = row.resolution,
                        .decided_at = row.decided_at,
                        .decided_by = row.decided_by};
  const std::vector<std::string> keys = {RevisionKey(row.node, row.ours_sequence),
                                         RevisionKey(row.node, row.theirs_sequence)};
  SYNCENGINE_ASSIGN_OR_RETURN(auto revisions, ReadRows<Revision>(rows, keys));
  // Retention may have dropped them; their ids stay.
  record.ours = revisions[0].value_or(Revision{.id = listed.id, .node = row.node});
  record.theirs = revisions[1].value_or(Revision{.id = row.note.theirs, .node = row.node});
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision head, ReadHeadRevision(rows, row.node));
  record.head = head.id;
  SYNCENGINE_ASSIGN_OR_RETURN(record.path, paths.PathOf(head.state.parent, head.state.name));
  if (!row.note.copy) return record;
  const NodeId copy = ConflictCopyNode(listed.id);
  SYNCENGINE_ASSIGN_OR_RETURN(const auto copy_head, FindHead(rows, copy));
  if (!copy_head.has_value() || copy_head->state.deleted) return record;
  record.copy = copy;
  SYNCENGINE_ASSIGN_OR_RETURN(record.copy_path,
                              paths.PathOf(copy_head->state.parent, copy_head->state.name));
  return record;
}

absl::Status FillDeviceNames(const EnginePorts& ports, std::vector<ConflictRecord>& records) {
  absl::flat_hash_map<DeviceId, std::string> names;
  const auto read = [&](MetadataReader& rows) -> absl::Status {
    for (const ConflictRecord& record : records) {
      for (const DeviceId& device : {record.ours.device, record.theirs.device}) {
        if (device.IsZero() || names.contains(device)) continue;
        SYNCENGINE_ASSIGN_OR_RETURN(const auto row, ReadRow<DeviceRow>(rows, DeviceKey(device)));
        names[device] = row.has_value() ? row->name : std::string();
      }
    }
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(ViewRepository(ports, read));
  for (ConflictRecord& record : records) {
    record.ours_device = names[record.ours.device];
    record.theirs_device = names[record.theirs.device];
  }
  return absl::OkStatus();
}

// --- Deciding ---

absl::Status ValidateRequest(const ResolveRequest& request) {
  if (request.decision < ConflictDecision::kOpen || request.decision > ConflictDecision::kMerged)
    return absl::InvalidArgumentError("resolve: expected theirs, ours, both, merged or open");
  if (request.merged.has_value() != (request.decision == ConflictDecision::kMerged)) {
    return absl::InvalidArgumentError("resolve: expected a merged state exactly for 'merged'");
  }
  return absl::OkStatus();
}

// Whether the head still is what the node was made with. A rename carries the content on byte for
// byte; anything else seals its manifest anew. When the first revision was forgotten nobody knows.
absl::StatusOr<bool> IsUntouched(MetadataReader& rows, const Revision& head) {
  const ScanRange first{
      .begin = RevisionKey(head.node, 0), .end = PrefixEnd(NodeKey(head.node)), .limit = 1};
  SYNCENGINE_ASSIGN_OR_RETURN(const auto found, rows.Scan(first));
  if (found.empty()) return false;
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision made, DecodeRevision(found.front().second));
  return made.parent.IsZero() && made.state.content == head.state.content &&
         made.state.attributes.symlink_target == head.state.attributes.symlink_target;
}

// What came before a revision, unless it was forgotten.
absl::StatusOr<std::optional<Revision>> FindParent(MetadataReader& rows, const Revision& revision) {
  ScanRange range{.begin = RevisionKey(revision.node, 0),
                  .end = RevisionKey(revision.node, revision.sequence),
                  .limit = kBatch};
  for (;;) {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto found, rows.Scan(range));
    for (const auto& [key, value] : found) {
      SYNCENGINE_ASSIGN_OR_RETURN(Revision earlier, DecodeRevision(value));
      if (earlier.id == revision.parent) return earlier;
    }
    if (found.size() < kBatch) return std::nullopt;
    range.begin = absl::StrCat(found.back().first, absl::string_view("\0", 1));
  }
}

// One run of the transaction. Single-threaded.
class ResolveRun {
 public:
  ResolveRun(MetadataWriter& rows, HeadRow& head, const ResolveRequest& request,
             const CommitDraft& draft, const OpId& op)
      : rows_(rows), head_(head), request_(request), draft_(draft) {
    commit_.op = op;
  }

  // Unless the result is `resolved`, the transaction must be given up.
  absl::StatusOr<ResolveResult> Run() {
    const std::string key = ConflictKey(request_.conflict);
    SYNCENGINE_ASSIGN_OR_RETURN(auto row, ReadRow<ConflictRow>(rows_, key));
    if (!row.has_value()) {
      return absl::NotFoundError(
          absl::StrCat("there is no conflict ", request_.conflict.ToHex(), "; list them"));
    }
    const bool undo = request_.decision == ConflictDecision::kOpen;
    const bool undecided = row->decision == ConflictDecision::kOpen;
    if (!undo && !undecided) return Repeat(*row);
    SYNCENGINE_ASSIGN_OR_RETURN(const Revision head, ReadHeadRevision(rows_, row->node));
    if (head.id != request_.expected_head) {
      result_.head = head;
      return std::move(result_);
    }
    if (undo && undecided) return ResolveResult{.resolved = true, .revision = head.id};
    SYNCENGINE_RETURN_IF_ERROR(undo ? PlanUndo(*row, head) : PlanDecision(*row, head));
    SYNCENGINE_ASSIGN_OR_RETURN(const bool committed, CommitPlanned());
    if (!committed) return std::move(result_);
    if (result_.revision.IsZero()) result_.revision = head.id;
    row->decision = request_.decision;
    row->resolution = undo ? RevisionId() : result_.revision;
    row->decided_at = undo ? absl::Time() : draft_.now;
    row->decided_by = undo ? DeviceId() : draft_.device;
    SYNCENGINE_RETURN_IF_ERROR(rows_.Put(key, EncodeRow(*row)));
    result_.resolved = true;
    return std::move(result_);
  }

 private:
  absl::StatusOr<ResolveResult> Repeat(const ConflictRow& row) const {
    if (row.decision != request_.decision) {
      return absl::FailedPreconditionError(
          absl::StrCat("conflict ", request_.conflict.ToHex(), ": was decided in another way"));
    }
    return ResolveResult{.resolved = true, .revision = row.resolution};
  }

  absl::Status PlanDecision(const ConflictRow& row, const Revision& head) {
    SYNCENGINE_RETURN_IF_ERROR(PlanContent(row, head));
    if (request_.decision == ConflictDecision::kBoth) return absl::OkStatus();
    return PlanCopy(row);
  }

  absl::Status PlanContent(const ConflictRow& row, const Revision& head) {
    if (request_.decision == ConflictDecision::kMerged) {
      Plan(head, *request_.merged);
      return absl::OkStatus();
    }
    if (request_.decision != ConflictDecision::kOurs) return absl::OkStatus();
    SYNCENGINE_ASSIGN_OR_RETURN(NodeState ours, ReadVersion(row.node, row.ours_sequence));
    Plan(head, AtPlaceOf(head, std::move(ours)));
    return absl::OkStatus();
  }

  // One of the two versions.
  absl::StatusOr<NodeState> ReadVersion(const NodeId& node, uint64_t sequence) {
    SYNCENGINE_ASSIGN_OR_RETURN(auto version,
                                ReadRow<Revision>(rows_, RevisionKey(node, sequence)));
    if (version.has_value()) return std::move(version->state);
    return absl::NotFoundError(absl::StrCat("a version of the conflict ", request_.conflict.ToHex(),
                                            " is not kept any more"));
  }

  static NodeState AtPlaceOf(const Revision& head, NodeState state) {
    state.parent = head.state.parent;
    state.name = head.state.name;
    return state;
  }

  // A decision has the loser as its second parent.
  void Plan(const Revision& head, NodeState state) {
    const bool undo = request_.decision == ConflictDecision::kOpen;
    plans_content_ = true;
    commit_.changes.push_back({.node = head.node,
                               .base = head.id,
                               .merged_from = undo ? RevisionId() : request_.conflict,
                               .state = std::move(state)});
  }

  // Gives the node the winner's content again, and brings the copy back.
  absl::Status PlanUndo(const ConflictRow& row, const Revision& head) {
    SYNCENGINE_ASSIGN_OR_RETURN(const NodeState ours, ReadVersion(row.node, row.ours_sequence));
    const bool changed_content =
        row.decision == ConflictDecision::kOurs || row.decision == ConflictDecision::kMerged;
    if (changed_content) {
      if (head.id != row.resolution) {
        return absl::FailedPreconditionError(
            "resolve: the file was changed since the decision; restore the revision you want");
      }
      SYNCENGINE_ASSIGN_OR_RETURN(NodeState theirs, ReadVersion(row.node, row.theirs_sequence));
      Plan(head, AtPlaceOf(head, std::move(theirs)));
    }
    const bool removed_copy = row.note.copy && row.decision != ConflictDecision::kBoth;
    return removed_copy ? PlanCopyBack(ours) : absl::OkStatus();
  }

  absl::Status PlanCopyBack(const NodeState& ours) {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto head,
                                FindHead(rows_, ConflictCopyNode(request_.conflict)));
    if (!head.has_value() || !head->state.deleted) return absl::OkStatus();
    SYNCENGINE_ASSIGN_OR_RETURN(const auto last, FindParent(rows_, *head));
    NodeState copy = head->state;
    copy.deleted = false;
    copy.content = last.has_value() ? last->state.content : ours.content;
    commit_.changes.push_back({.node = head->node, .base = head->id, .state = std::move(copy)});
    return absl::OkStatus();
  }

  absl::Status PlanCopy(const ConflictRow& row) {
    if (!row.note.copy) return absl::OkStatus();
    const NodeId copy = ConflictCopyNode(request_.conflict);
    SYNCENGINE_ASSIGN_OR_RETURN(const auto head, FindHead(rows_, copy));
    if (!head.has_value() || head->state.deleted) return absl::OkStatus();
    SYNCENGINE_ASSIGN_OR_RETURN(const bool untouched, IsUntouched(rows_, *head));
    result_.copy_kept = !untouched;
    if (!untouched) return absl::OkStatus();
    NodeState gone = head->state;
    gone.deleted = true;
    gone.content = {};
    commit_.changes.push_back({.node = copy, .base = head->id, .state = std::move(gone)});
    return absl::OkStatus();
  }

  absl::StatusOr<bool> CommitPlanned() {
    if (commit_.changes.empty()) return true;
    SYNCENGINE_RETURN_IF_ERROR(ValidateCommit(commit_));
    SYNCENGINE_ASSIGN_OR_RETURN(const CommitResult done, RunCommit(rows_, head_, commit_, draft_));
    if (done.committed) {
      if (plans_content_) result_.revision = done.outcomes.front().revision;
      return true;
    }
    for (const ChangeOutcome& outcome : done.outcomes) {
      if (outcome.verdict == ChangeVerdict::kMissingBlocks) {
        result_.missing = outcome.missing;
        return false;
      }
    }
    return absl::FailedPreconditionError(
        "resolve: the place of the file or of its copy is taken or gone; move what is in the way");
  }

  MetadataWriter& rows_;
  HeadRow& head_;
  const ResolveRequest& request_;
  const CommitDraft& draft_;
  CommitRequest commit_;
  bool plans_content_ = false;  // The first change is that of the node.
  ResolveResult result_;
};

}  // namespace

absl::StatusOr<ConflictPage> ListConflicts(const EnginePorts& ports, const NamespaceId& id,
                                           const ConflictsRequest& request) {
  SYNCENGINE_RETURN_IF_ERROR(ValidateRequest(request));
  const size_t limit = static_cast<size_t>(request.limit);
  ConflictPage page;
  const auto read = [&](MetadataReader& rows, const HeadRow&) -> absl::Status {
    page = ConflictPage();
    // One more tells whether there is more.
    SYNCENGINE_ASSIGN_OR_RETURN(auto listed, ReadConflictRows(rows, request, limit + 1));
    page.more = listed.size() > limit;
    if (page.more) listed.pop_back();
    PathFinder paths(rows);
    for (const Listed& conflict : listed) {
      SYNCENGINE_ASSIGN_OR_RETURN(ConflictRecord record, ReadConflict(rows, paths, conflict));
      page.conflicts.push_back(std::move(record));
    }
    if (!listed.empty()) page.next = listed.back().id;
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(ports, id, read));
  SYNCENGINE_RETURN_IF_ERROR(FillDeviceNames(ports, page.conflicts));
  return page;
}

absl::StatusOr<ResolveResult> Resolve(const EnginePorts& ports, const DeviceId& device,
                                      const NamespaceId& id, const ResolveRequest& request) {
  SYNCENGINE_RETURN_IF_ERROR(ValidateRequest(request));
  constexpr size_t kChangesMax = 2;  // The node and its copy.
  const CommitDraft draft = DraftCommit(ports, device, kChangesMax);
  const OpId op = ports.entropy.NewId<OpId>();
  const absl::Status refused = absl::CancelledError("resolve refused");
  ResolveResult result;
  const auto run = [&](MetadataWriter& rows, HeadRow& head) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(result, ResolveRun(rows, head, request, draft, op).Run());
    return result.resolved ? absl::OkStatus() : refused;
  };
  const absl::Status status = UpdateNamespace(ports, id, run);
  if (status == refused) return result;
  SYNCENGINE_RETURN_IF_ERROR(status);
  ports.notifier.Publish(id);
  return result;
}

}  // namespace syncengine::engine
