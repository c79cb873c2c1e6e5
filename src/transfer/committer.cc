#include "src/transfer/committer.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/format/manifest.h"

namespace syncengine {
namespace {

// Bounds of one request: bytes, and how long what is ready waits for more.
constexpr size_t kCommitBytes = 2u << 20;
constexpr absl::Duration kPatience = absl::Milliseconds(500);
constexpr size_t kChangeBytes = 200;  // A change without its name and content, about.

bool IsReady(const PendingItem& item, const SendMark& durable) {
  return (item.listed || !item.reads_content) && item.unrouted == 0 &&
         item.needs.IsDurableAt(durable);
}

bool NeedsCommit(const PendingItem& item) { return !item.decided && item.result.status.ok(); }

size_t EstimateBytes(const PendingItem& item) {
  const NodeState& state = item.item.change.state;
  return kChangeBytes + state.name.size() + state.attributes.symlink_target.size() +
         state.content.manifest.size() + item.root.entries.size() * 72;
}

absl::Status SealContent(const NamespaceKeys& keys, const EnvelopeSalt& salt, PendingItem& item) {
  if (!item.reads_content || item.content.has_value()) return absl::OkStatus();
  SYNCENGINE_ASSIGN_OR_RETURN(item.content, MakeContentRef(keys, item.root, salt));
  item.root = Manifest();
  return absl::OkStatus();
}

// An item of a request, and the salt for its manifest root.
struct SealedItem {
  PendingItem* item = nullptr;
  EnvelopeSalt salt;
};

absl::Status FillRequest(const UploadContext& context, const std::vector<SealedItem>& items,
                         CommitRequest& request) {
  request.changes.reserve(items.size());
  for (const SealedItem& sealed : items) {
    SYNCENGINE_RETURN_IF_ERROR(SealContent(context.keys(), sealed.salt, *sealed.item));
    request.changes.push_back(sealed.item->item.change);
    if (sealed.item->content) request.changes.back().state.content = *sealed.item->content;
  }
  return absl::OkStatus();
}

absl::StatusOr<CommitResult> SendCommit(const UploadContext& context, CommitRequest request,
                                        uint64_t spread, const std::vector<SealedItem>& items) {
  if (request.changes.empty()) {
    SYNCENGINE_RETURN_IF_ERROR(FillRequest(context, items, request));
  }
  return RetryUnavailable(context.retry(), spread,
                          [&] { return context.service().Commit(context.id(), request); });
}

}  // namespace

PendingItem& Committer::Add(std::unique_ptr<PendingItem> item) {
  ledger_.push_back(std::move(item));
  return *ledger_.back();
}

bool Committer::Commit(const SendMark& durable, bool hurry) {
  if (committing_ || !context_.failure.ok()) return false;
  if (batches_.empty()) {
    const size_t ready = CountReady(durable);
    if (ready == 0 || !IsDue(ready, hurry)) return false;
    TakeBatch(ready);
  }
  Batch batch = std::move(batches_.front());
  batches_.pop_front();
  Start(std::move(batch));
  return true;
}

size_t Committer::CountReady(const SendMark& durable) {
  const size_t before = ready_;
  while (ready_ < ledger_.size() && ready_ < context_.options.commit_changes &&
         ready_bytes_ < kCommitBytes && IsReady(*ledger_[ready_], durable)) {
    ready_bytes_ += EstimateBytes(*ledger_[ready_]);
    ++ready_;
  }
  if (before == 0 && ready_ > 0) ready_since_ = context_.clock.Monotonic();
  return ready_;
}

bool Committer::IsDue(size_t ready, bool hurry) {
  return hurry || ready >= context_.options.commit_changes || ready_bytes_ >= kCommitBytes ||
         context_.clock.Monotonic() - ready_since_ >= kPatience;
}

void Committer::TakeBatch(size_t ready) {
  Batch batch;
  UploadId announced;
  for (size_t i = 0; i < ready; ++i) {
    const UploadId& session = ledger_.front()->announced;
    if (!session.IsZero() && !announced.IsZero() && session != announced) break;
    if (!session.IsZero()) announced = session;
    batch.push_back(std::move(ledger_.front()));
    ledger_.pop_front();
  }
  ready_ = 0;
  ready_bytes_ = 0;
  in_commit_ += batch.size();
  batches_.push_back(std::move(batch));
}

void Committer::Prepare(PendingItem& item) {
  if (item.decided || !item.result.status.ok() || !item.item.already_there || !item.reads_content) {
    return;
  }
  item.result.status = SealContent(context_.keys(), context_.entropy.NewId<EnvelopeSalt>(), item);
  if (!item.result.status.ok()) return;
  const absl::StatusOr<bool> skip = item.item.already_there(*item.content);
  item.result.status = skip.status();
  item.result.skipped = skip.ok() && *skip;
  item.decided = item.result.skipped;
  item.item.already_there = nullptr;
}

// Marks what can only fail because the directory it belongs into was refused: asking the server one
// by one would cost a request for each.
void Committer::DropOrphans(Batch& batch) {
  for (const std::unique_ptr<PendingItem>& item : batch) {
    const Change& change = item->item.change;
    if (!NeedsCommit(*item) || change.state.deleted ||
        !lost_directories_.contains(change.state.parent)) {
      continue;
    }
    item->decided = true;
    item->result.outcome.verdict = ChangeVerdict::kParentGone;
    if (change.base.IsZero()) lost_directories_.insert(change.node);
  }
}

void Committer::Start(Batch batch) {
  Batch kept;
  for (std::unique_ptr<PendingItem>& item : batch) {
    if (item->vanished && !item->is_second_try && NeedsCommit(*item)) {
      --in_commit_;
      resend_(std::move(item), ChangeOutcome{});
      continue;
    }
    if (item->vanished && NeedsCommit(*item)) {
      item->result.status = MakeError(
          Reason::kMissingBlocks,
          absl::StrCat("upload ", item->item.label,
                       ": the service lost blocks of it while it was sent, twice; try again"));
    }
    Prepare(*item);
    kept.push_back(std::move(item));
  }
  DropOrphans(kept);
  std::vector<SealedItem> items;
  UploadId upload = upload_;
  for (const std::unique_ptr<PendingItem>& item : kept) {
    if (!NeedsCommit(*item)) continue;
    items.push_back({item.get(), context_.entropy.NewId<EnvelopeSalt>()});
    if (!item->announced.IsZero()) upload = item->announced;
  }
  if (items.empty()) {
    for (std::unique_ptr<PendingItem>& item : kept) Finish(std::move(item));
    return;
  }
  CommitRequest request{.op = context_.entropy.NewId<OpId>(), .upload = upload, .changes = {}};
  if (context_.options.before_commit) {
    absl::Status ready = FillRequest(context_, items, request);
    if (ready.ok()) ready = context_.options.before_commit(request.changes);
    if (!ready.ok()) return context_.Fail(Annotate(ready, "commit"));
  }
  committing_ = true;
  context_.crew.Run(
      [&context = std::as_const(context_), request = std::move(request),
       spread = context_.NewSpread(), items = std::move(items)]() mutable {
        return SendCommit(context, std::move(request), spread, items);
      },
      [this, kept = std::move(kept)](const absl::StatusOr<CommitResult>& result) mutable {
        Done(std::move(kept), result);
      });
}

void Committer::Done(Batch batch, const absl::StatusOr<CommitResult>& result) {
  committing_ = false;
  if (absl::IsInvalidArgument(result.status())) return Split(std::move(batch), result.status());
  if (!result.ok()) return context_.Fail(Annotate(result.status(), "commit"));
  size_t changes = 0;
  for (const std::unique_ptr<PendingItem>& item : batch) {
    if (!NeedsCommit(*item)) continue;
    context_.stats.sent_bytes += EstimateBytes(*item);
    ++changes;
  }
  if (result->outcomes.size() != changes) {
    return context_.Fail(absl::InternalError(absl::StrCat(
        "commit: expected ", changes, " outcomes, the service gave ", result->outcomes.size())));
  }
  if (!result->committed) return Refused(std::move(batch), *result);
  size_t next = 0;
  for (std::unique_ptr<PendingItem>& item : batch) {
    if (NeedsCommit(*item)) {
      item->result.outcome = result->outcomes[next++];
      context_.stats.sequence = std::max(context_.stats.sequence, item->result.outcome.sequence);
    }
    Finish(std::move(item));
  }
}

void Committer::Refused(Batch batch, const CommitResult& result) {
  Batch rest;
  bool any_refused = false;
  size_t next = 0;
  for (std::unique_ptr<PendingItem>& item : batch) {
    if (!NeedsCommit(*item)) {
      rest.push_back(std::move(item));
      continue;
    }
    const ChangeOutcome& outcome = result.outcomes[next++];
    const ChangeVerdict verdict = outcome.verdict;
    if (verdict == ChangeVerdict::kCommitted || verdict == ChangeVerdict::kNotTried) {
      rest.push_back(std::move(item));
      continue;
    }
    any_refused = true;
    if (verdict == ChangeVerdict::kMissingBlocks && item->reads_content && !item->is_second_try) {
      --in_commit_;
      resend_(std::move(item), outcome);
      continue;
    }
    const Change& change = item->item.change;
    if (change.base.IsZero() && change.state.kind == NodeKind::kDirectory) {
      lost_directories_.insert(change.node);
    }
    item->result.outcome = outcome;
    item->decided = true;
    Finish(std::move(item));
  }
  if (!any_refused) {
    return context_.Fail(
        absl::InternalError("commit: the service refused a request without saying which change"));
  }
  if (!rest.empty()) batches_.push_front(std::move(rest));
}

// The request as a whole was refused, so one of its changes is not one: find it by halves.
void Committer::Split(Batch batch, const absl::Status& status) {
  size_t changes = 0;
  for (const std::unique_ptr<PendingItem>& item : batch) changes += NeedsCommit(*item) ? 1 : 0;
  if (changes <= 1) {
    for (std::unique_ptr<PendingItem>& item : batch) {
      if (NeedsCommit(*item)) item->result.status = status;
      const Change& change = item->item.change;
      if (change.base.IsZero() && change.state.kind == NodeKind::kDirectory && !item->decided) {
        lost_directories_.insert(change.node);
      }
      Finish(std::move(item));
    }
    return;
  }
  const auto middle = batch.begin() + static_cast<ptrdiff_t>(batch.size() / 2);
  Batch second(std::make_move_iterator(middle), std::make_move_iterator(batch.end()));
  batch.erase(middle, batch.end());
  batches_.push_front(std::move(second));
  batches_.push_front(std::move(batch));
}

void Committer::Finish(std::unique_ptr<PendingItem> item) {
  --in_commit_;
  if (item->content) {
    item->result.content = *std::move(item->content);
  } else if (!item->reads_content) {
    item->result.content = item->item.change.state.content;
  }
  report_(std::move(item));
}

}  // namespace syncengine
