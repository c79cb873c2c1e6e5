// Commit: one transaction that judges all changes and writes all of them or none. The order is the
// promise: the stored result of a repeated request; every base against its head; every block; then
// the tree, change by change; then revisions, journal, references and result together; durable;
// then waiters wake; then the caller hears of it.
#include "src/engine/commit.h"

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "src/base/planted_bugs.h"
#include "src/engine/block_table.h"
#include "src/engine/conflict_row.h"
#include "src/engine/keys.h"
#include "src/engine/operations.h"
#include "src/engine/transactions.h"
#include "src/engine/tree_edit.h"
#include "src/engine/verbs.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::engine {
namespace {

absl::Status Invalid(size_t index, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("change ", index, ": ", what));
}

absl::Status ValidateAside(const Change& change, size_t index) {
  if (change.state.deleted) return Invalid(index, "a deletion cannot be kept aside");
  if (!change.merged_from.IsZero()) return Invalid(index, "what is kept aside merges nothing");
  if (!change.conflict.has_value()) return absl::OkStatus();
  const ConflictNote& note = *change.conflict;
  if (note.reason < ConflictReason::kOverlap || note.reason > ConflictReason::kUnreadable) {
    return Invalid(index, "an unknown reason of a conflict");
  }
  if (note.hunks.size() > limits::kConflictHunksMax) {
    return Invalid(index, absl::StrCat("more than ", limits::kConflictHunksMax, " hunks"));
  }
  return absl::OkStatus();
}

absl::Status ValidateChange(const Change& change, size_t index) {
  if (change.aside) SYNCENGINE_RETURN_IF_ERROR(ValidateAside(change, index));
  if (change.conflict.has_value() && !change.aside) {
    return Invalid(index, "a conflict is noted with the version that is kept aside");
  }
  if (change.node == kRootNode) return Invalid(index, "the root is never committed to");
  if (change.state.parent == change.node) return Invalid(index, "a node in itself");
  if (change.state.deleted && change.base.IsZero()) {
    return Invalid(index, "a deletion needs the revision it deletes as its base");
  }
  if (change.state.deleted && change.state.content != ContentRef()) {
    return Invalid(index, "content on a deletion");
  }
  return Annotate(ValidateNodeState(change.state), absl::StrCat("change ", index));
}

}  // namespace

absl::Status ValidateCommit(const CommitRequest& request) {
  if (request.changes.empty() || request.changes.size() > limits::kCommitChangesMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "commit: ", request.changes.size(), " changes, expected 1 to ", limits::kCommitChangesMax));
  }
  absl::flat_hash_set<NodeId> nodes;
  absl::flat_hash_set<NodeId> aside;
  for (size_t i = 0; i < request.changes.size(); ++i) {
    const Change& change = request.changes[i];
    SYNCENGINE_RETURN_IF_ERROR(ValidateChange(change, i));
    if (nodes.contains(change.node) || (change.aside && !aside.insert(change.node).second)) {
      return Invalid(i, "a second change of one node; a commit takes each node to one new state");
    }
    if (!change.aside) nodes.insert(change.node);
    if (!change.aside && aside.contains(change.node) && !change.merged_from.IsZero()) {
      return Invalid(i, "it merges what is kept aside before it, and cannot merge another as well");
    }
  }
  return absl::OkStatus();
}

namespace {

// What a state must keep of the head it follows.
absl::Status ValidateSuccession(const Revision& head, const NodeState& state, size_t index) {
  if (head.state.kind != state.kind) {
    return Invalid(index, absl::StrCat("a ", NodeKindName(head.state.kind), " cannot become a ",
                                       NodeKindName(state.kind), "; delete it and create another"));
  }
  if (!state.deleted) return absl::OkStatus();
  if (head.state.deleted) return Invalid(index, "the node is deleted already");
  if (head.state.parent != state.parent || head.state.name != state.name) {
    return Invalid(index, "a deletion keeps parent and name of what it deletes");
  }
  return absl::OkStatus();
}

// One run of the transaction. Single-threaded.
class CommitRun {
 public:
  CommitRun(MetadataWriter& rows, HeadRow& head, const CommitRequest& request,
            const CommitDraft& draft)
      : rows_(rows),
        head_(head),
        request_(request),
        draft_(draft),
        tree_(rows),
        blocks_(rows, head.epoch),
        first_sequence_(head.sequence + 1) {}

  // Nothing may be written when the result is not `committed`.
  absl::StatusOr<CommitResult> Run() {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto done, FindOperation(rows_, request_.op));
    if (done.has_value() && !PlantedBug(Bug::kRepeatedCommitRunsAgain)) return Replay(*done);
    result_.outcomes.resize(request_.changes.size());
    SYNCENGINE_RETURN_IF_ERROR(Load());
    SYNCENGINE_ASSIGN_OR_RETURN(const bool acceptable, JudgeEach());
    if (!acceptable) return std::move(result_);
    for (size_t i = 0; i < request_.changes.size(); ++i) {
      SYNCENGINE_ASSIGN_OR_RETURN(const bool applied, Apply(i));
      if (!applied) return std::move(result_);
    }
    SYNCENGINE_RETURN_IF_ERROR(Finish());
    result_.committed = true;
    return std::move(result_);
  }

 private:
  absl::StatusOr<CommitResult> Replay(const OperationRow& done) const {
    if (done.revisions.size() != request_.changes.size()) {
      return absl::InvalidArgumentError(
          "op: this id was used for another request; draw a fresh one");
    }
    CommitResult result{.committed = true};
    for (size_t i = 0; i < done.revisions.size(); ++i) {
      result.outcomes.push_back({.verdict = ChangeVerdict::kCommitted,
                                 .revision = done.revisions[i],
                                 .sequence = done.first_sequence + i});
    }
    return result;
  }

  absl::Status Load() {
    std::vector<BlockId> named;
    for (const Change& change : request_.changes) {
      const auto& blocks = change.state.content.blocks;
      named.insert(named.end(), blocks.begin(), blocks.end());
    }
    SYNCENGINE_RETURN_IF_ERROR(blocks_.Load(named));
    return tree_.Prepare(request_.changes);
  }

  // The checks that do not depend on other changes: all that fail are told at once.
  absl::StatusOr<bool> JudgeEach() {
    bool acceptable = true;
    for (size_t i = 0; i < request_.changes.size(); ++i) {
      SYNCENGINE_ASSIGN_OR_RETURN(const bool fine, Judge(i));
      acceptable &= fine;
    }
    return acceptable;
  }

  // What a change stands or falls with. A version that is kept aside has been overtaken already,
  // and only a note of who did that must be true.
  static RevisionId ExpectedHead(const Change& change, const Revision* head) {
    if (!change.aside) return change.base;
    if (change.conflict.has_value()) return change.conflict->theirs;
    return head->id;
  }

  absl::StatusOr<bool> Judge(size_t index) {
    const Change& change = request_.changes[index];
    ChangeOutcome& outcome = result_.outcomes[index];
    SYNCENGINE_ASSIGN_OR_RETURN(const Revision* head, tree_.Head(change.node));
    if (change.aside && head == nullptr) {
      return Invalid(index, "kept aside of a node that does not exist");
    }
    if (!PlantedBug(Bug::kHeadNotCompared) &&
        ExpectedHead(change, head) != (head != nullptr ? head->id : RevisionId())) {
      outcome.verdict = ChangeVerdict::kHeadMoved;
      if (head != nullptr) outcome.head = *head;
      return false;
    }
    if (head != nullptr) {
      SYNCENGINE_RETURN_IF_ERROR(ValidateSuccession(*head, change.state, index));
    }
    outcome.missing = blocks_.Missing(change.state.content.blocks);
    if (outcome.missing.empty()) return true;
    outcome.verdict = ChangeVerdict::kMissingBlocks;
    return false;
  }

  absl::StatusOr<bool> Apply(size_t index) {
    const Change& change = request_.changes[index];
    if (change.aside) {
      SYNCENGINE_RETURN_IF_ERROR(KeepAside(index));
      return true;
    }
    SYNCENGINE_ASSIGN_OR_RETURN(const Revision* head, tree_.Head(change.node));
    if (head != nullptr) CountLive(head->state, ~uint64_t{0});
    if (head != nullptr && PlantedBug(Bug::kOldRevisionsNotCounted)) {
      SYNCENGINE_RETURN_IF_ERROR(DropReferences(head->state.content.blocks));
    }
    SYNCENGINE_ASSIGN_OR_RETURN(ChangeOutcome outcome, tree_.Place(change));
    if (outcome.verdict != ChangeVerdict::kCommitted) {
      result_.outcomes.assign(request_.changes.size(), ChangeOutcome());
      result_.outcomes[index] = std::move(outcome);
      return false;
    }
    CountLive(change.state, 1);
    const Revision revision = NextRevision(change, draft_.revisions[index]);
    outcome.revision = revision.id;
    outcome.sequence = revision.sequence;
    result_.outcomes[index] = std::move(outcome);
    SYNCENGINE_RETURN_IF_ERROR(tree_.SetHead(revision));
    SYNCENGINE_RETURN_IF_ERROR(Journal(revision));
    for (const BlockId& block : change.state.content.blocks) blocks_.AddReference(block);
    return true;
  }

  // Only Bug::kOldRevisionsNotCounted does this.
  absl::Status DropReferences(const std::vector<BlockId>& ids) {
    SYNCENGINE_RETURN_IF_ERROR(blocks_.Load(ids));
    for (const BlockId& id : ids) SYNCENGINE_RETURN_IF_ERROR(blocks_.DropReference(id));
    return absl::OkStatus();
  }

  absl::Status KeepAside(size_t index) {
    const Change& change = request_.changes[index];
    Revision revision = NextRevision(change, draft_.revisions[index]);
    revision.aside = true;
    result_.outcomes[index] = {.verdict = ChangeVerdict::kCommitted,
                               .revision = revision.id,
                               .sequence = revision.sequence};
    kept_aside_[change.node] = revision.id;
    SYNCENGINE_RETURN_IF_ERROR(
        rows_.Put(RevisionKey(change.node, revision.sequence), EncodeRevision(revision)));
    SYNCENGINE_RETURN_IF_ERROR(Journal(revision));
    if (!PlantedBug(Bug::kAsideNotCounted)) {
      for (const BlockId& block : change.state.content.blocks) blocks_.AddReference(block);
    }
    if (!change.conflict.has_value()) return absl::OkStatus();
    SYNCENGINE_ASSIGN_OR_RETURN(const Revision* head, tree_.Head(change.node));
    return rows_.Put(ConflictKey(revision.id),
                     EncodeRow(ConflictRow{.node = change.node,
                                           .ours_sequence = revision.sequence,
                                           .theirs_sequence = head->sequence,
                                           .note = *change.conflict}));
  }

  RevisionId MergedFrom(const Change& change) const {
    const auto aside = kept_aside_.find(change.node);
    return aside == kept_aside_.end() || change.aside ? change.merged_from : aside->second;
  }

  // Dense: the sequence is taken inside the transaction that writes its row.
  Revision NextRevision(const Change& change, const RevisionId& id) {
    return {.id = id,
            .node = change.node,
            .parent = change.base,
            .merged_from = MergedFrom(change),
            .sequence = ++head_.sequence,
            .device = draft_.device,
            .committed_at = draft_.now,
            .state = change.state};
  }

  absl::Status Journal(const Revision& revision) {
    const JournalEntry entry{.sequence = revision.sequence,
                             .kind = revision.aside ? JournalKind::kAside : JournalKind::kCommitted,
                             .node = revision.node,
                             .revision = revision.id,
                             .device = revision.device,
                             .time = revision.committed_at};
    return rows_.Put(JournalKey(entry.sequence), EncodeJournalEntry(entry));
  }

  // `sign` is 1 or -1, modulo 2^64.
  void CountLive(const NodeState& state, uint64_t sign) {
    if (state.deleted) return;
    difference_.nodes += sign;
    difference_.logical_bytes += sign * state.content.size;
  }

  // The announcements that came true are no longer pending.
  absl::Status SettleUpload() {
    if (request_.upload.IsZero()) return absl::OkStatus();
    const std::string key = UploadKey(request_.upload);
    SYNCENGINE_ASSIGN_OR_RETURN(auto upload, ReadRow<UploadRow>(rows_, key));
    if (!upload.has_value()) return absl::OkStatus();
    absl::flat_hash_set<NodeId> committed;
    for (const Change& change : request_.changes) committed.insert(change.node);
    std::erase_if(upload->pending, [&](const NodeId& node) { return committed.contains(node); });
    upload->touched = draft_.now;
    upload->holds = false;
    return rows_.Put(key, EncodeRow(*upload));
  }

  absl::Status Finish() {
    SYNCENGINE_RETURN_IF_ERROR(blocks_.Write(rows_));
    SYNCENGINE_RETURN_IF_ERROR(SettleUpload());
    difference_.revisions = request_.changes.size();
    SYNCENGINE_RETURN_IF_ERROR(AddUsage(rows_, difference_));
    return StoreOperation(rows_, head_, request_.op,
                          {.first_sequence = first_sequence_, .revisions = Drawn()});
  }

  std::vector<RevisionId> Drawn() const {
    const auto begin = draft_.revisions.begin();
    return {begin, begin + static_cast<ptrdiff_t>(request_.changes.size())};
  }

  MetadataWriter& rows_;
  HeadRow& head_;
  const CommitRequest& request_;
  const CommitDraft& draft_;
  TreeEdit tree_;
  BlockTable blocks_;
  const uint64_t first_sequence_;
  absl::flat_hash_map<NodeId, RevisionId> kept_aside_;
  Usage difference_;
  CommitResult result_;
};

}  // namespace

CommitDraft DraftCommit(const EnginePorts& ports, const DeviceId& device, size_t changes) {
  // Stored times are whole microseconds.
  CommitDraft draft{.device = device,
                    .now = absl::FromUnixMicros(absl::ToUnixMicros(ports.clock.Now()))};
  for (size_t i = 0; i < changes; ++i) {
    draft.revisions.push_back(ports.entropy.NewId<RevisionId>());
  }
  return draft;
}

absl::StatusOr<CommitResult> RunCommit(MetadataWriter& rows, HeadRow& head,
                                       const CommitRequest& request, const CommitDraft& draft) {
  return CommitRun(rows, head, request, draft).Run();
}

absl::StatusOr<CommitResult> Commit(const EnginePorts& ports, const DeviceId& device,
                                    const NamespaceId& id, const CommitRequest& request) {
  SYNCENGINE_RETURN_IF_ERROR(ValidateCommit(request));
  const CommitDraft draft = DraftCommit(ports, device, request.changes.size());
  // Makes the store drop what a refused run has written.
  const absl::Status refused = absl::CancelledError("commit refused");
  CommitResult result;
  uint64_t drawn = 0;
  if (PlantedBug(Bug::kSequenceDrawnEarly)) {
    SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(ports, id, [&](MetadataReader&, const HeadRow& head) {
      drawn = head.sequence;
      return absl::OkStatus();
    }));
  }
  const auto run = [&](MetadataWriter& rows, HeadRow& head) -> absl::Status {
    if (PlantedBug(Bug::kSequenceDrawnEarly)) head.sequence = drawn;
    SYNCENGINE_ASSIGN_OR_RETURN(result, RunCommit(rows, head, request, draft));
    return result.committed || PlantedBug(Bug::kRefusedCommitHalfWritten) ? absl::OkStatus()
                                                                          : refused;
  };
  const absl::Status status = UpdateNamespace(ports, id, run);
  if (status == refused) return result;
  SYNCENGINE_RETURN_IF_ERROR(status);
  ports.notifier.Publish(id);
  return result;
}

}  // namespace syncengine::engine
