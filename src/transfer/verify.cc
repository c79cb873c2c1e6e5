#include "syncengine/transfer/verify.h"

#include <cstring>
#include <list>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "src/transfer/block_fetcher.h"
#include "src/transfer/content_slots.h"
#include "src/transfer/crew.h"
#include "src/transfer/frame_cache.h"
#include "src/transfer/retry.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine {
namespace {

constexpr size_t kRevisionsMax = 1024;  // Looked at side by side.
constexpr uint64_t kNodeBytes = 8u << 10;

// A revision while its content is looked at.
struct Walk {
  std::string path;
  RevisionId revision;
  uint64_t size = 0;
  ContentSlots slots;
};

// A block whose presence is still to be asked.
struct Question {
  BlockId id;
  std::string path;
  RevisionId revision;
};

class VerifyRun {
 public:
  VerifyRun(const OpenedNamespace& opened, Executor& executor, const VerifyOptions& options,
            const ProgressCallback& progress, std::stop_token stop)
      : opened_(opened),
        options_(options),
        progress_(progress),
        policy_{.executor = executor, .stop = stop},
        cache_(options.read_data ? 32u << 20 : 8u << 20),
        crew_(executor),
        fetcher_(opened, executor, crew_, cache_, stop) {}

  absl::StatusOr<VerifyReport> Go();

 private:
  absl::Status Step();
  absl::Status ReadJournal();
  void Begin(const ChangesEntry& entry);
  // Goes as far as blocks are there; true when the walk has ended.
  bool Continue(Walk& walk);
  bool Fail(Walk& walk, const absl::Status& cause);
  absl::Status AskPresence();
  bool IsSeen(const BlockId& id) const { return seen_.contains(Shorten(id)); }
  void MarkSeen(const BlockId& id) { report_.blocks += seen_.insert(Shorten(id)).second ? 1 : 0; }
  void Release(const ContentSlot& slot);
  // Ids are keyed hashes: eight bytes tell them apart well enough not to look twice.
  static uint64_t Shorten(const BlockId& id) {
    uint64_t value;
    std::memcpy(&value, id.data(), sizeof(value));
    return value;
  }

  const OpenedNamespace& opened_;
  const VerifyOptions& options_;
  const ProgressCallback& progress_;
  const RetryPolicy policy_;
  FrameCache cache_;
  Crew crew_;
  BlockFetcher fetcher_;
  std::optional<Cursor> cursor_;
  bool journal_ended_ = false;
  std::list<Walk> walks_;
  uint64_t held_bytes_ = 0;
  absl::flat_hash_set<uint64_t> seen_;
  std::vector<Question> questions_;
  Progress shown_;
  VerifyReport report_;
};

absl::StatusOr<VerifyReport> VerifyRun::Go() {
  absl::Status status;
  while (status.ok() && !(journal_ended_ && walks_.empty())) status = Step();
  while (crew_.running() > 0) crew_.Wait();
  if (status.ok()) status = AskPresence();
  SYNCENGINE_RETURN_IF_ERROR(status);
  report_.received_bytes = fetcher_.received_bytes();
  if (progress_) {
    shown_.total_known = true;
    progress_(shown_);
  }
  return std::move(report_);
}

absl::Status VerifyRun::Step() {
  if (policy_.stop.stop_requested()) return absl::CancelledError("verify: stop was requested");
  SYNCENGINE_RETURN_IF_ERROR(fetcher_.failure());
  if (!journal_ended_ && walks_.size() < kRevisionsMax) SYNCENGINE_RETURN_IF_ERROR(ReadJournal());
  for (auto walk = walks_.begin(); walk != walks_.end();) {
    const auto current = walk++;
    if (!Continue(*current)) continue;
    ++shown_.files_done;
    shown_.bytes_done += current->size;
    walks_.erase(current);
  }
  if (questions_.size() >= limits::kMissingBlocksMax) SYNCENGINE_RETURN_IF_ERROR(AskPresence());
  if (progress_ && !(journal_ended_ && walks_.empty())) progress_(shown_);
  fetcher_.Ask();
  if (crew_.running() > 0) crew_.Wait();
  return absl::OkStatus();
}

absl::Status VerifyRun::ReadJournal() {
  const ChangesRequest request{.after = cursor_, .limit = kRevisionsMax};
  SYNCENGINE_ASSIGN_OR_RETURN(const ChangesPage page, RetryUnavailable(policy_, 0, [&] {
                                return opened_.service->Changes(opened_.record.id, request);
                              }));
  for (const ChangesEntry& entry : page.entries) Begin(entry);
  cursor_ = page.next;
  journal_ended_ = page.entries.empty() || page.next.sequence >= page.head;
  return absl::OkStatus();
}

void VerifyRun::Begin(const ChangesEntry& entry) {
  if (!entry.revision.has_value()) return;
  ++report_.revisions;
  ++shown_.files_total;
  const ContentRef& content = entry.revision->state.content;
  absl::StatusOr<ContentSlots> slots = ContentSlots::Open(*opened_.keys, content, {});
  if (!slots.ok()) {
    ++shown_.files_done;
    report_.issues.push_back({entry.path, entry.revision->id, slots.status()});
    return;
  }
  shown_.bytes_total += content.size;
  walks_.push_back({entry.path, entry.revision->id, content.size, *std::move(slots)});
}

bool VerifyRun::Continue(Walk& walk) {
  std::list<ContentSlot>& slots = walk.slots.slots();
  for (auto slot = slots.begin(); slot != slots.end();) {
    const BlockId id = slot->entry.id;
    if (!slot->wanted && IsSeen(id)) {
      slot = slots.erase(slot);
      continue;
    }
    if (slot->height == 0 && !options_.read_data) {
      questions_.push_back({id, walk.path, walk.revision});
      MarkSeen(id);
      slot = slots.erase(slot);
      continue;
    }
    const uint64_t length = slot->height > 0 ? kNodeBytes : slot->entry.length;
    if (!slot->wanted) {
      if (held_bytes_ > 0 && held_bytes_ + length > options_.buffer_bytes) break;
      held_bytes_ += length;
      slot->wanted = true;
      fetcher_.Add(id, length);
    }
    const BlockFetcher::Want& want = fetcher_.Get(id);
    if (want.state == BlockFetcher::State::kFailed) return Fail(walk, want.status);
    if (want.state != BlockFetcher::State::kHere) {
      ++slot;
      continue;
    }
    const FetchedBlock block = want.block;
    if (slot->height == 0 && block.bytes.size() != slot->entry.length) {
      return Fail(walk,
                  MakeError(Reason::kIntegrity,
                            absl::StrCat("block ", id.ToHex(), " is ", block.bytes.size(),
                                         " bytes long, its manifest says ", slot->entry.length)));
    }
    const ContentSlot done = *slot;
    if (slot->height > 0) {
      const auto first = walk.slots.Expand(slot, block.bytes);
      if (!first.ok()) return Fail(walk, first.status());
      slot = *first;
    } else {
      slot = slots.erase(slot);
    }
    MarkSeen(id);
    Release(done);
  }
  return slots.empty();
}

bool VerifyRun::Fail(Walk& walk, const absl::Status& cause) {
  report_.issues.push_back({walk.path, walk.revision, cause});
  for (const ContentSlot& slot : walk.slots.slots()) Release(slot);
  return true;
}

void VerifyRun::Release(const ContentSlot& slot) {
  if (!slot.wanted) return;
  held_bytes_ -= slot.height > 0 ? kNodeBytes : slot.entry.length;
  fetcher_.Release(slot.entry.id);
}

absl::Status VerifyRun::AskPresence() {
  if (questions_.empty()) return absl::OkStatus();
  Service& service = *opened_.service;
  const NamespaceId& id = opened_.record.id;
  for (size_t begin = 0; begin < questions_.size(); begin += limits::kMissingBlocksMax) {
    const auto some = absl::MakeConstSpan(questions_).subspan(begin, limits::kMissingBlocksMax);
    std::vector<BlockId> ids;
    ids.reserve(some.size());
    for (const Question& question : some) ids.push_back(question.id);
    SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<BlockId> lacks, RetryUnavailable(policy_, 0, [&] {
                                  return service.MissingBlocks(id, UploadId(), ids);
                                }));
    const absl::flat_hash_set<BlockId> missing(lacks.begin(), lacks.end());
    for (const Question& question : some) {
      if (!missing.contains(question.id)) continue;
      report_.issues.push_back(
          {question.path, question.revision,
           MakeError(Reason::kIntegrity,
                     absl::StrCat("block ", question.id.ToHex(), " is not in the namespace"))});
    }
  }
  questions_.clear();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<VerifyReport> VerifyNamespace(const OpenedNamespace& opened, Executor& executor,
                                             const VerifyOptions& options,
                                             const ProgressCallback& progress,
                                             std::stop_token stop) {
  return VerifyRun(opened, executor, options, progress, std::move(stop)).Go();
}

}  // namespace syncengine
