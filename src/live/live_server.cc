#include "syncengine/live/live_server.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/live/content_text.h"
#include "syncengine/base/error.h"
#include "syncengine/diffsync/live_hub.h"
#include "syncengine/live/line_differ.h"

namespace syncengine {
namespace {

constexpr int kCommitAttempts = 5;  // Against others who commit at the same time.

uint64_t NewEpoch(Entropy& entropy) {
  uint64_t epoch = 0;
  while (epoch == 0) {
    entropy.Fill(absl::MakeSpan(reinterpret_cast<uint8_t*>(&epoch), sizeof epoch));
  }
  return epoch;
}

}  // namespace

struct LiveServer::Document {
  Document(Key place, OpenedNamespace with_keys, Revision newest, std::string text, LiveHub live)
      : key(std::move(place)),
        opened(std::move(with_keys)),
        head(std::move(newest)),
        committed_text(std::move(text)),
        hub(std::move(live)) {}

  const Key key;
  const OpenedNamespace opened;

  // Touched only by the call that has the turn, which may talk to the service without a lock.
  Revision head;
  std::string committed_text;  // Of `head`.

  absl::Mutex mutex;
  bool turn_taken ABSL_GUARDED_BY(mutex) = false;
  // No longer in the map: edits would go nowhere.
  bool closed ABSL_GUARDED_BY(mutex) = false;
  LiveHub hub ABSL_GUARDED_BY(mutex);
  uint64_t committed_sequence ABSL_GUARDED_BY(mutex) = 0;
  uint64_t bytes_since ABSL_GUARDED_BY(mutex) = 0;
  absl::Duration last_change ABSL_GUARDED_BY(mutex);
  absl::Duration last_request ABSL_GUARDED_BY(mutex);

  uint64_t Size() {
    absl::MutexLock lock(&mutex);
    return hub.size();
  }
  // Whether `text`, the next one after `committed_text`, changed the hub's.
  absl::StatusOr<bool> MergeIn(absl::string_view text);
  bool Changed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return hub.sequence() != committed_sequence;
  }
};

absl::StatusOr<bool> LiveServer::Document::MergeIn(absl::string_view text) {
  absl::MutexLock lock(&mutex);
  const bool clean = !Changed();
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<LiveSplice> splices,
                              hub.Merge(committed_text, text));
  if (clean) committed_sequence = hub.sequence();
  if (clean) hub.MarkDurable(hub.sequence());
  return !splices.empty();
}

LiveServer::LiveServer(LiveServerPorts ports, LiveServerOptions options)
    : ports_(ports), options_(options) {}
LiveServer::~LiveServer() = default;

absl::StatusOr<std::shared_ptr<LiveServer::Document>> LiveServer::Load(const Key& key) {
  SYNCENGINE_ASSIGN_OR_RETURN(OpenedNamespace opened, live::OpenById(ports_, key.first));
  SYNCENGINE_ASSIGN_OR_RETURN(Revision head, opened.service->Stat(key.first, {.node = key.second}));
  if (head.state.deleted) return absl::NotFoundError("live document: the file was deleted");
  SYNCENGINE_ASSIGN_OR_RETURN(std::string text, live::ReadText(ports_, opened, head));
  auto hub = LiveHub::Create(
      {.epoch = NewEpoch(ports_.entropy), .differ = DifferByLines, .merger = MergeByLines}, text);
  if (!hub.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("live document: the file is no text: ", hub.status().message()));
  }
  auto document = std::make_shared<Document>(key, std::move(opened), std::move(head),
                                             std::move(text), *std::move(hub));
  absl::MutexLock lock(&document->mutex);
  document->last_request = ports_.clock.Monotonic();
  return document;
}

absl::StatusOr<std::shared_ptr<LiveServer::Document>> LiveServer::Open(const Key& key) {
  {
    absl::MutexLock lock(&mutex_);
    const auto found = documents_.find(key);
    if (found != documents_.end()) return found->second;
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const std::shared_ptr<Document> loaded, Load(key));
  do {
    if (std::shared_ptr<Document> open = Insert(key, loaded)) return open;
  } while (MakeRoom());
  return absl::ResourceExhaustedError(
      "live documents: as many are open as may be, and all of them are in use; try again later");
}

std::shared_ptr<LiveServer::Document> LiveServer::Insert(const Key& key,
                                                         const std::shared_ptr<Document>& loaded) {
  absl::MutexLock lock(&mutex_);
  const auto found = documents_.find(key);
  // Another call may have been faster; its document has the writers.
  if (found != documents_.end()) return found->second;
  if (!HasRoom(*loaded)) return nullptr;
  documents_.emplace(key, loaded);
  return loaded;
}

bool LiveServer::HasRoom(Document& added) {
  if (documents_.empty()) return true;
  if (documents_.size() >= options_.documents_max) return false;
  uint64_t bytes = added.Size();
  for (const auto& [key, document] : documents_) bytes += document->Size();
  return bytes <= options_.open_bytes_max;
}

bool LiveServer::MakeRoom() {
  const absl::Duration now = ports_.clock.Monotonic();
  std::multimap<absl::Duration, std::shared_ptr<Document>> unused;
  for (const std::shared_ptr<Document>& document : All()) {
    absl::MutexLock lock(&document->mutex);
    if (now - document->last_request >= options_.make_room_after)
      unused.emplace(document->last_request, document);
  }
  for (const auto& [last_request, document] : unused) {
    // One that cannot be committed stays: its text is nowhere else.
    if (!Maintain(*document, When::kNow).ok()) continue;
    if (Close(*document, options_.make_room_after)) return true;
  }
  return false;
}

bool LiveServer::Close(Document& document, absl::Duration unused_for) {
  const absl::Duration now = ports_.clock.Monotonic();
  absl::MutexLock lock(&mutex_);
  absl::MutexLock document_lock(&document.mutex);
  const bool unused =
      !document.Changed() && !document.turn_taken && now - document.last_request >= unused_for;
  if (!unused || document.closed) return document.closed;
  document.closed = true;
  documents_.erase(document.key);
  return true;
}

absl::StatusOr<std::string> LiveServer::Exchange(const NamespaceId& id, const NodeId& node,
                                                 absl::string_view packet) {
  SYNCENGINE_RETURN_IF_ERROR(LinkOfRequest(packet).status());
  for (;;) {
    SYNCENGINE_ASSIGN_OR_RETURN(const std::shared_ptr<Document> document, Open({id, node}));
    SYNCENGINE_ASSIGN_OR_RETURN(std::optional<Outcome> outcome, Apply(*document, packet));
    if (!outcome) continue;  // Closed in between: open it again.
    if (outcome->changed) ports_.notifier.Publish(id);
    // The edits are in the hub whether this works or not; Tick reports what does not.
    if (outcome->due) Maintain(*document, When::kNow).IgnoreError();
    return std::move(outcome->reply);
  }
}

absl::StatusOr<std::optional<LiveServer::Outcome>> LiveServer::Apply(Document& document,
                                                                     absl::string_view packet) {
  absl::MutexLock lock(&document.mutex);
  if (document.closed) return std::nullopt;
  SYNCENGINE_ASSIGN_OR_RETURN(LiveAnswer answer, document.hub.Receive(packet));
  document.last_request = ports_.clock.Monotonic();
  Outcome outcome{.reply = std::move(answer.reply), .changed = !answer.applied.empty()};
  if (!outcome.changed) return outcome;
  document.last_change = document.last_request;
  for (const LiveSplice& splice : answer.applied) {
    document.bytes_since += splice.deleted + splice.inserted.size();
  }
  outcome.due = document.hub.sequence() - document.committed_sequence >= options_.changes_max ||
                document.bytes_since >= options_.bytes_max;
  return outcome;
}

uint64_t LiveServer::Sequence(const NamespaceId& id, const NodeId& node) {
  std::shared_ptr<Document> document;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = documents_.find({id, node});
    if (found == documents_.end()) return 0;
    document = found->second;
  }
  absl::MutexLock lock(&document->mutex);
  return document->hub.sequence();
}

std::vector<std::shared_ptr<LiveServer::Document>> LiveServer::All() {
  absl::MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<Document>> all;
  for (const auto& [key, document] : documents_) all.push_back(document);
  return all;
}

// A revision that somebody else committed becomes an edit of the hub.
absl::Status LiveServer::TakeIn(Document& document, const Revision& head) {
  if (head.id == document.head.id) return absl::OkStatus();
  std::string text = document.committed_text;
  if (!head.state.deleted) {
    absl::StatusOr<std::string> read = live::ReadText(ports_, document.opened, head);
    if (absl::IsFailedPrecondition(read.status())) return HandOver(document, head);
    SYNCENGINE_RETURN_IF_ERROR(read.status());
    text = *std::move(read);
  }
  const absl::StatusOr<bool> changed = document.MergeIn(text);
  if (!changed.ok()) return HandOver(document, head);
  document.head = head;
  document.committed_text = std::move(text);
  if (*changed) ports_.notifier.Publish(document.key.first);
  return absl::OkStatus();
}

absl::Status LiveServer::HandOver(Document& document, const Revision& head) {
  for (int attempt = 0; attempt < kCommitAttempts; ++attempt) {
    std::string text;
    uint64_t sequence = 0;
    bool changed = false;
    {
      absl::MutexLock lock(&document.mutex);
      text = document.hub.Text();
      sequence = document.hub.sequence();
      changed = document.Changed();
    }
    if (changed) {
      SYNCENGINE_RETURN_IF_ERROR(
          live::MergeText(ports_, document.opened, {document.head, head}, mergers_, text));
    }
    if (End(document, sequence)) return absl::OkStatus();
  }
  return absl::UnavailableError("live document: edited all the time while it ends; try again");
}

bool LiveServer::End(Document& document, uint64_t sequence) {
  absl::MutexLock lock(&mutex_);
  absl::MutexLock document_lock(&document.mutex);
  if (document.hub.sequence() != sequence) return false;
  document.closed = true;
  documents_.erase(document.key);
  return true;
}

absl::Status LiveServer::Commit(Document& document) {
  for (int attempt = 0; attempt < kCommitAttempts; ++attempt) {
    std::string text;
    uint64_t sequence = 0;
    {
      absl::MutexLock lock(&document.mutex);
      if (document.closed || !document.Changed()) return absl::OkStatus();
      text = document.hub.Text();
      sequence = document.hub.sequence();
    }
    SYNCENGINE_ASSIGN_OR_RETURN(const live::CommittedText result,
                                live::CommitText(ports_, document.opened, document.head, text));
    const ChangeOutcome& outcome = result.outcome;
    if (outcome.verdict == ChangeVerdict::kHeadMoved && outcome.head) {
      SYNCENGINE_RETURN_IF_ERROR(TakeIn(document, *outcome.head));
      continue;
    }
    if (outcome.verdict != ChangeVerdict::kCommitted) {
      return absl::FailedPreconditionError(
          absl::StrCat("live document ", document.head.state.name,
                       ": its place is taken or gone; move what is in the way"));
    }
    document.head.id = outcome.revision;
    document.head.sequence = outcome.sequence;
    document.head.state.deleted = false;
    document.head.state.content = result.content;
    document.committed_text = std::move(text);
    absl::MutexLock lock(&document.mutex);
    document.committed_sequence = sequence;
    document.bytes_since = 0;
    document.hub.MarkDurable(sequence);
    return absl::OkStatus();
  }
  return absl::UnavailableError("live document: others commit all the time; try again");
}

absl::Status LiveServer::Maintain(Document& document, When when) {
  {
    absl::MutexLock lock(&document.mutex);
    if (document.turn_taken) return absl::OkStatus();  // Its holder does what is to be done.
    document.turn_taken = true;
  }
  const absl::Status status = WithTurn(document, when);
  absl::MutexLock lock(&document.mutex);
  document.turn_taken = false;
  return status;
}

absl::Status LiveServer::WithTurn(Document& document, When when) {
  if (when == When::kNow) return Commit(document);
  SYNCENGINE_ASSIGN_OR_RETURN(
      const Revision head,
      document.opened.service->Stat(document.key.first, {.node = document.key.second}));
  if (!head.state.deleted) SYNCENGINE_RETURN_IF_ERROR(TakeIn(document, head));
  {
    absl::MutexLock lock(&document.mutex);
    const absl::Duration quiet = ports_.clock.Monotonic() - document.last_change;
    if (document.closed || !document.Changed() || quiet < options_.idle) return absl::OkStatus();
  }
  return Commit(document);
}

absl::Status LiveServer::Tick() {
  absl::Status first;
  for (const std::shared_ptr<Document>& document : All()) {
    first.Update(Maintain(*document, When::kDue));
    Close(*document, options_.close_after);
  }
  return first;
}

absl::Status LiveServer::Flush() {
  absl::Status first;
  for (const std::shared_ptr<Document>& document : All())
    first.Update(Maintain(*document, When::kNow));
  return first;
}

}  // namespace syncengine
