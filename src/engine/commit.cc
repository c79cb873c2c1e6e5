// Commit: one transaction that judges all changes and writes all of them or none. The order is the
// promise: the stored result of a repeated request; every base against its head; every block; then
// the tree, change by change; then revisions, journal, references and result together; durable;
// then waiters wake; then the caller hears of it.
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "src/engine/block_table.h"
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

absl::Status ValidateChange(const Change& change, size_t index) {
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

absl::Status ValidateRequest(const CommitRequest& request) {
  if (request.changes.empty() || request.changes.size() > limits::kCommitChangesMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "commit: ", request.changes.size(), " changes, expected 1 to ", limits::kCommitChangesMax));
  }
  absl::flat_hash_set<NodeId> nodes;
  for (size_t i = 0; i < request.changes.size(); ++i) {
    SYNCENGINE_RETURN_IF_ERROR(ValidateChange(request.changes[i], i));
    if (!nodes.insert(request.changes[i].node).second) {
      return Invalid(i, "a second change of one node; a commit takes each node to one new state");
    }
  }
  return absl::OkStatus();
}

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

// What is drawn before the transaction, so that every run of it writes the same.
struct Draft {
  DeviceId device;
  absl::Time now;
  std::vector<RevisionId> revisions;
};

// One run of the transaction. Single-threaded.
class CommitRun {
 public:
  CommitRun(MetadataWriter& rows, HeadRow& head, const CommitRequest& request, const Draft& draft)
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
    if (done.has_value()) return Replay(*done);
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

  absl::StatusOr<bool> Judge(size_t index) {
    const Change& change = request_.changes[index];
    ChangeOutcome& outcome = result_.outcomes[index];
    SYNCENGINE_ASSIGN_OR_RETURN(const Revision* head, tree_.Head(change.node));
    if (change.base != (head != nullptr ? head->id : RevisionId())) {
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
    SYNCENGINE_ASSIGN_OR_RETURN(const Revision* head, tree_.Head(change.node));
    if (head != nullptr) CountLive(head->state, ~uint64_t{0});
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

  // Dense: the sequence is taken inside the transaction that writes its row.
  Revision NextRevision(const Change& change, const RevisionId& id) {
    return {.id = id,
            .node = change.node,
            .parent = change.base,
            .merged_from = change.merged_from,
            .sequence = ++head_.sequence,
            .device = draft_.device,
            .committed_at = draft_.now,
            .state = change.state};
  }

  absl::Status Journal(const Revision& revision) {
    const JournalEntry entry{.sequence = revision.sequence,
                             .kind = JournalKind::kCommitted,
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
                          {.first_sequence = first_sequence_, .revisions = draft_.revisions});
  }

  MetadataWriter& rows_;
  HeadRow& head_;
  const CommitRequest& request_;
  const Draft& draft_;
  TreeEdit tree_;
  BlockTable blocks_;
  const uint64_t first_sequence_;
  Usage difference_;
  CommitResult result_;
};

}  // namespace

absl::StatusOr<CommitResult> Commit(const EnginePorts& ports, const DeviceId& device,
                                    const NamespaceId& id, const CommitRequest& request) {
  SYNCENGINE_RETURN_IF_ERROR(ValidateRequest(request));
  // Stored times are whole microseconds.
  Draft draft{.device = device, .now = absl::FromUnixMicros(absl::ToUnixMicros(ports.clock.Now()))};
  for (size_t i = 0; i < request.changes.size(); ++i) {
    draft.revisions.push_back(ports.entropy.NewId<RevisionId>());
  }
  // Makes the store drop what a refused run has written.
  const absl::Status refused = absl::CancelledError("commit refused");
  CommitResult result;
  const auto run = [&](MetadataWriter& rows, HeadRow& head) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(result, CommitRun(rows, head, request, draft).Run());
    return result.committed ? absl::OkStatus() : refused;
  };
  const absl::Status status = UpdateNamespace(ports, id, run);
  if (status == refused) return result;
  SYNCENGINE_RETURN_IF_ERROR(status);
  ports.notifier.Publish(id);
  return result;
}

}  // namespace syncengine::engine
