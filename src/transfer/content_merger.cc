#include "syncengine/transfer/content_merger.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/base/planted_bugs.h"
#include "src/transfer/retry.h"
#include "src/transfer/store_content.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/transfer/downloader.h"

namespace syncengine {
namespace {

// Somebody who commits faster than one can merge must not keep it going for ever.
constexpr int kAttemptsMax = 5;

std::vector<ConflictHunk> HunksOf(const MergeResult& result) {
  std::vector<ConflictHunk> hunks;
  for (const Conflict& conflict : result.conflicts) {
    if (hunks.size() == limits::kConflictHunksMax) break;
    hunks.push_back({.base_begin = conflict.base.begin,
                     .base_end = conflict.base.end,
                     .ours_begin = conflict.ours.begin,
                     .ours_end = conflict.ours.end,
                     .theirs_begin = conflict.theirs.begin,
                     .theirs_end = conflict.theirs.end});
  }
  return hunks;
}

absl::StatusOr<std::string> ReadWhole(const ContentOpener& open, size_t bytes_max) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto source, open());
  std::string text;
  char buffer[64u << 10];
  for (;;) {
    SYNCENGINE_ASSIGN_OR_RETURN(const size_t read, source->Read(buffer, sizeof buffer));
    if (read == 0) break;
    text.append(buffer, read);
    if (text.size() > bytes_max) return absl::AbortedError("it grows while it is read");
  }
  SYNCENGINE_RETURN_IF_ERROR(source->Finish());
  return text;
}

// An error that says something of a content and nothing of the service.
bool IsDamage(const absl::Status& status) {
  return GetReason(status) == Reason::kIntegrity || absl::IsDataLoss(status) ||
         absl::IsNotFound(status);
}

}  // namespace

// One task. Single-threaded.
class ContentMerger::Attempt {
 public:
  Attempt(const ContentMerger& merger, MergeTask task, std::stop_token stop)
      : merger_(merger),
        task_(std::move(task)),
        stop_(std::move(stop)),
        downloader_(merger.opened_, merger.executor_),
        uploader_(merger.opened_, merger.executor_, merger.entropy_, merger.clock_,
                  StoringOptions()) {}

  absl::StatusOr<MergeOutcome> Run() {
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
      if (stop_.stop_requested()) return absl::CancelledError("merge: stopped on request");
      SYNCENGINE_RETURN_IF_ERROR(Judge());
      SYNCENGINE_RETURN_IF_ERROR(StoreOurs());
      SYNCENGINE_ASSIGN_OR_RETURN(const bool done, Commit());
      if (!done) continue;
      outcome_.received_bytes = downloader_.received_bytes();
      return std::move(outcome_);
    }
    return absl::AbortedError(absl::StrCat(task_.label, ": changes faster than it can be merged"));
  }

 private:
  const OpenedNamespace& opened() const { return merger_.opened_; }
  const ContentRef& theirs() const { return task_.head.state.content; }

  // Sets outcome_.merged and text_, or the reason and hunks_.
  absl::Status Judge() {
    outcome_.merged = false;
    hunks_.clear();
    text_.clear();
    if (task_.head.state.kind != NodeKind::kFile) return Refuse(ConflictReason::kNotAFile);
    if (!task_.base_state.has_value()) return Refuse(ConflictReason::kNoBase);
    const uint64_t largest = std::max({task_.size, theirs().size, task_.base_state->content.size});
    if (largest > merger_.options_.bytes_max) return Refuse(ConflictReason::kTooLarge);
    if (!ours_.has_value()) {
      SYNCENGINE_ASSIGN_OR_RETURN(ours_, ReadWhole(task_.open, merger_.options_.bytes_max));
    }
    const absl::Status base = FetchBase();
    if (IsDamage(base)) return Refuse(ConflictReason::kNoBase);
    SYNCENGINE_RETURN_IF_ERROR(Annotate(base, absl::StrCat("merge ", task_.label)));
    const absl::Status fetched = FetchTheirs();
    if (IsDamage(fetched)) return Refuse(ConflictReason::kUnreadable);
    SYNCENGINE_RETURN_IF_ERROR(Annotate(fetched, absl::StrCat("merge ", task_.label)));
    MergeResult result = merger_.mergers_.Merge(task_.head.state.name,
                                                {.base = *base_, .ours = *ours_, .theirs = theirs_},
                                                merger_.options_);
    if (result.verdict == Verdict::kNotMergeable) return Refuse(ConflictReason::kBinary);
    if (result.verdict == Verdict::kConflict) {
      hunks_ = HunksOf(result);
      return Refuse(ConflictReason::kOverlap);
    }
    outcome_.merged = true;
    text_ = std::move(result.text);
    return absl::OkStatus();
  }

  absl::Status Refuse(ConflictReason reason) {
    outcome_.reason = reason;
    return absl::OkStatus();
  }

  absl::Status FetchBase() {
    if (base_.has_value()) return absl::OkStatus();
    const ContentRef& base =
        PlantedBug(Bug::kMergeWrongBase) ? theirs() : task_.base_state->content;
    SYNCENGINE_ASSIGN_OR_RETURN(base_, ReadContent(downloader_, base, stop_));
    return absl::OkStatus();
  }
  absl::Status FetchTheirs() {
    SYNCENGINE_ASSIGN_OR_RETURN(theirs_, ReadContent(downloader_, theirs(), stop_));
    return absl::OkStatus();
  }

  absl::Status StoreOurs() {
    if (stored_ || task_.ours.kind != NodeKind::kFile) return absl::OkStatus();
    ContentOpener open = task_.open;
    if (ours_.has_value()) open = [this] { return MakeTextSource(*ours_); };
    SYNCENGINE_ASSIGN_OR_RETURN(task_.ours.content, Store(std::move(open)));
    stored_ = true;
    return absl::OkStatus();
  }

  absl::StatusOr<ContentRef> Store(ContentOpener open) {
    SYNCENGINE_ASSIGN_OR_RETURN(StoredContent stored,
                                StoreContent(uploader_, task_.label, std::move(open), stop_));
    outcome_.sent_bytes += stored.sent_bytes;
    return std::move(stored.content);
  }

  Attributes MergedAttributes() const {
    Attributes merged = task_.head.state.attributes;
    const bool ours_changed = task_.base_state->attributes.mode != task_.ours.attributes.mode;
    if (ours_changed) merged.mode = task_.ours.attributes.mode;
    merged.mtime_ns = absl::ToUnixNanos(merger_.clock_.Now());
    merged.sealed.clear();
    return merged;
  }

  Change OursAside() const {
    Change change{.node = task_.head.node, .base = task_.base, .state = task_.ours, .aside = true};
    if (!outcome_.merged) {
      change.conflict = ConflictNote{
          .reason = outcome_.reason, .theirs = task_.head.id, .copy = task_.copy, .hunks = hunks_};
    }
    return change;
  }

  absl::StatusOr<Change> Merge() {
    Change change{.node = task_.head.node, .base = task_.head.id, .state = task_.head.state};
    SYNCENGINE_ASSIGN_OR_RETURN(change.state.content,
                                Store([this] { return MakeTextSource(text_); }));
    change.state.attributes = MergedAttributes();
    return change;
  }

  // False when it has to be judged anew.
  absl::StatusOr<bool> Commit() {
    CommitRequest request{.op = merger_.entropy_.NewId<OpId>(), .changes = {OursAside()}};
    const bool merges = outcome_.merged && text_ != theirs_;
    if (merges) {
      SYNCENGINE_ASSIGN_OR_RETURN(Change merge, Merge());
      request.changes.push_back(std::move(merge));
    }
    const RetryPolicy retry{.executor = merger_.executor_, .stop = stop_};
    SYNCENGINE_ASSIGN_OR_RETURN(const CommitResult result, RetryUnavailable(retry, 0, [&] {
                                  return opened().service->Commit(opened().record.id, request);
                                }));
    if (result.outcomes.size() != request.changes.size()) {
      return absl::InternalError("commit: another number of outcomes than of changes");
    }
    if (!result.committed) return Rebase(result);
    Record(request, result);
    return true;
  }

  void Record(const CommitRequest& request, const CommitResult& result) {
    outcome_.ours = result.outcomes[0].revision;
    outcome_.ours_sequence = result.outcomes[0].sequence;
    outcome_.ours_content = task_.ours.content;
    outcome_.head = task_.head;
    if (request.changes.size() == 1) return;
    outcome_.head.id = result.outcomes[1].revision;
    outcome_.head.parent = task_.head.id;
    outcome_.head.merged_from = outcome_.ours;
    outcome_.head.sequence = result.outcomes[1].sequence;
    outcome_.head.committed_at = merger_.clock_.Now();
    outcome_.head.state = request.changes[1].state;
  }

  absl::StatusOr<bool> Rebase(const CommitResult& result) {
    for (const ChangeOutcome& outcome : result.outcomes) {
      if (outcome.verdict == ChangeVerdict::kMissingBlocks) stored_ = false;
      if (outcome.verdict != ChangeVerdict::kHeadMoved || !outcome.head.has_value()) continue;
      if (outcome.head->state.deleted || outcome.head->state.kind != task_.head.state.kind) {
        return absl::AbortedError(absl::StrCat(task_.label, ": was deleted meanwhile"));
      }
      task_.head = *outcome.head;
      return false;
    }
    if (!stored_) return false;
    return absl::AbortedError(absl::StrCat(task_.label, ": its place changed meanwhile"));
  }

  const ContentMerger& merger_;
  MergeTask task_;
  const std::stop_token stop_;
  Downloader downloader_;
  Uploader uploader_;
  std::optional<std::string> base_;
  std::optional<std::string> ours_;
  std::string theirs_;
  std::string text_;
  std::vector<ConflictHunk> hunks_;
  bool stored_ = false;
  MergeOutcome outcome_;
};

ContentMerger::ContentMerger(const OpenedNamespace& opened, Executor& executor, Entropy& entropy,
                             Clock& clock, const MergerRegistry& mergers, MergeOptions options)
    : opened_(opened),
      executor_(executor),
      entropy_(entropy),
      clock_(clock),
      mergers_(mergers),
      options_(options) {}

absl::StatusOr<MergeOutcome> ContentMerger::Run(MergeTask task, std::stop_token stop) {
  return Attempt(*this, std::move(task), std::move(stop)).Run();
}

}  // namespace syncengine
