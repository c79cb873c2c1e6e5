#include "tests/http/fake_backend.h"

#include <utility>

#include "syncengine/base/error.h"

namespace syncengine::http {
namespace {

constexpr char kNotUtf8[] = "caf\xe9 \xff";

NodeState TestState(uint8_t seed) {
  NodeState state;
  state.kind = NodeKind::kSymlink;
  state.parent = TestId<NodeId>(seed);
  state.name = kNotUtf8;
  state.deleted = true;
  state.attributes = {.mtime_ns = -1'234'567'890'123'456'789,
                      .mode = 0751,
                      .symlink_target = "../\xf0\x9f\x98\x80",
                      .sealed = std::string("\0\1\2", 3)};
  state.content = {.size = ~uint64_t{0},
                   .blocks = {TestId<BlockId>(1), TestId<BlockId>(seed)},
                   .manifest = std::string("\xff\0manifest", 10)};
  return state;
}

ChangesEntry TestEntry(uint64_t sequence, bool committed) {
  ChangesEntry entry;
  entry.entry = {.sequence = sequence,
                 .kind = committed ? JournalKind::kCommitted : JournalKind::kUploading,
                 .node = TestId<NodeId>(5),
                 .revision = committed ? TestId<RevisionId>(6) : RevisionId(),
                 .upload = committed ? UploadId() : TestId<UploadId>(7),
                 .device = TestId<DeviceId>(8),
                 .time = absl::FromUnixMicros(1'700'000'000'123'456),
                 .parent = TestId<NodeId>(9),
                 .name = kNotUtf8,
                 .size = 1u << 30};
  if (committed) entry.revision = TestRevision(9);
  entry.path = "/a/\"b\"\\\n";
  return entry;
}

std::vector<DeviceRecord> TestDevices() {
  DeviceRecord busy{.id = TestId<DeviceId>(3),
                    .name = "laptop",
                    .revoked = true,
                    .created = absl::FromUnixMicros(1'600'000'000'000'001),
                    .last_seen = absl::FromUnixMicros(1'700'000'000'000'002),
                    .places = {}};
  busy.places.push_back(
      {.id = TestId<NamespaceId>(4), .cursor = {TestId<HistoryId>(5), 77}, .backlog = 12});
  return {busy, DeviceRecord{.id = TestId<DeviceId>(9), .name = "phone"}};
}

ConflictPage TestConflicts(const Revision& revision) {
  ConflictRecord open{.id = TestId<RevisionId>(0x61),
                      .node = revision.node,
                      .path = kNotUtf8,
                      .head = TestId<RevisionId>(0x62),
                      .ours = revision,
                      .theirs = TestRevision(0x63),
                      .ours_device = "laptop",
                      .theirs_device = "phone",
                      .reason = ConflictReason::kOverlap,
                      .hunks = {{1, 2, 3, 4, 5, ~uint64_t{0}}, {}},
                      .copy = TestId<NodeId>(0x61),
                      .copy_path = "/copy"};
  ConflictRecord decided{.id = TestId<RevisionId>(0x64),
                         .ours = revision,
                         .theirs = revision,
                         .reason = ConflictReason::kUnreadable,
                         .decision = ConflictDecision::kMerged,
                         .resolution = TestId<RevisionId>(0x65),
                         .decided_at = absl::FromUnixMicros(1'700'000'000'000'009),
                         .decided_by = TestId<DeviceId>(0x66)};
  open.ours.aside = true;
  return {.conflicts = {open, decided}, .next = decided.id, .more = true};
}

}  // namespace

Revision TestRevision(uint8_t seed) {
  return Revision{.id = TestId<RevisionId>(seed),
                  .node = TestId<NodeId>(2),
                  .parent = TestId<RevisionId>(3),
                  .merged_from = TestId<RevisionId>(4),
                  .sequence = (uint64_t{1} << 60) + seed,
                  .device = TestId<DeviceId>(5),
                  .committed_at = absl::FromUnixMicros(1'712'345'678'901'234),
                  .state = TestState(seed)};
}

Canned TestAnswers() {
  Canned canned;
  canned.record = {.id = TestId<NamespaceId>(1),
                   .name = "main",
                   .history = TestId<HistoryId>(2),
                   .key_holder = KeyHolder::kEndToEnd,
                   .key_slots = {std::string("slot\0one", 8), "two"},
                   .chunker_suite = 2,
                   .average_block_bytes = 65'536,
                   .head_sequence = 99};
  canned.bundle = std::string("\0bundle\xff", 8);
  canned.revision = TestRevision(0xab);
  canned.list.entries = {{.path = kNotUtf8, .revision = TestRevision(1)},
                         {.path = "plain/path", .revision = Revision()}};
  canned.list.more = true;
  canned.revisions = {.revisions = {TestRevision(2), TestRevision(3)}, .more = true};
  canned.upload = TestId<UploadId>(0x31);
  canned.missing = {TestId<BlockId>(7), TestId<BlockId>(6)};
  canned.put = {.stored = true, .blocks_new = 17, .missing = {TestId<BlockId>(8)}};
  canned.commit.committed = true;
  canned.commit.outcomes = {{.verdict = ChangeVerdict::kCommitted,
                             .revision = TestId<RevisionId>(1),
                             .sequence = 55,
                             .head = std::nullopt,
                             .missing = {}},
                            {.verdict = ChangeVerdict::kNameTaken,
                             .revision = {},
                             .sequence = 0,
                             .head = TestRevision(4),
                             .missing = {TestId<BlockId>(3)}}};
  canned.frames = {.frames = {std::string("\0frame\xff", 7), "", std::string(300'000, 'f')},
                   .answered = 2};
  canned.usage = {.logical_bytes = 1,
                  .stored_bytes = 2,
                  .blocks = 3,
                  .segments = 4,
                  .revisions = 5,
                  .nodes = ~uint64_t{0}};
  canned.devices = TestDevices();
  canned.conflicts = TestConflicts(canned.revision);
  canned.resolved = {.resolved = true,
                     .revision = TestId<RevisionId>(0x51),
                     .head = canned.revision,
                     .missing = {TestId<BlockId>(0x52)},
                     .copy_kept = true};
  return canned;
}

// One caller's view of the backend.
class FakeSession final : public Service {
 public:
  FakeSession(FakeBackend& backend, std::string token)
      : backend_(backend), token_(std::move(token)) {}

  absl::StatusOr<NamespaceRecord> CreateNamespace(const NamespaceRecord& record,
                                                  const Secret& bundle) override {
    return Answer(backend_.canned.record, [&](Seen& seen) {
      seen.record = record;
      seen.bundle = std::string(bundle.bytes());
    });
  }
  absl::StatusOr<std::vector<NamespaceRecord>> ListNamespaces() override {
    return Answer(std::vector<NamespaceRecord>{backend_.canned.record, backend_.canned.record},
                  [](Seen&) {});
  }
  absl::StatusOr<Secret> FetchKeys(const NamespaceId& id) override {
    SYNCENGINE_ASSIGN_OR_RETURN(const std::string bundle,
                                Answer(backend_.canned.bundle, [&](Seen& seen) { seen.id = id; }));
    return Secret(bundle);
  }
  absl::StatusOr<Revision> Stat(const NamespaceId& id, const NodeTarget& target) override {
    return Answer(backend_.canned.revision, [&](Seen& seen) {
      seen.id = id;
      seen.target = target;
    });
  }
  absl::StatusOr<ListPage> List(const NamespaceId& id, const ListRequest& request) override {
    return Answer(backend_.canned.list, [&](Seen& seen) {
      seen.id = id;
      seen.list = request;
    });
  }
  absl::StatusOr<RevisionPage> Revisions(const NamespaceId& id,
                                         const RevisionsRequest& request) override {
    return Answer(backend_.canned.revisions, [&](Seen& seen) {
      seen.id = id;
      seen.revisions = request;
    });
  }
  absl::StatusOr<UploadId> BeginUpload(const NamespaceId& id,
                                       const UploadRequest& request) override {
    return Answer(backend_.canned.upload, [&](Seen& seen) {
      seen.id = id;
      seen.upload_request = request;
    });
  }
  absl::StatusOr<std::vector<BlockId>> MissingBlocks(const NamespaceId& id, const UploadId& upload,
                                                     absl::Span<const BlockId> ids) override {
    return Answer(backend_.canned.missing, [&](Seen& seen) {
      seen.id = id;
      seen.upload = upload;
      seen.ids.assign(ids.begin(), ids.end());
    });
  }
  absl::StatusOr<PutSegmentResult> PutSegment(const NamespaceId& id, const UploadId& upload,
                                              absl::string_view segment) override {
    return Answer(backend_.canned.put, [&](Seen& seen) {
      seen.id = id;
      seen.upload = upload;
      seen.segment = std::string(segment);
      ++seen.segments;
    });
  }
  absl::StatusOr<CommitResult> Commit(const NamespaceId& id,
                                      const CommitRequest& request) override {
    return Answer(backend_.canned.commit, [&](Seen& seen) {
      seen.id = id;
      seen.commit = request;
    });
  }
  absl::Status AbortUpload(const NamespaceId& id, const UploadId& upload) override {
    return Answer(true,
                  [&](Seen& seen) {
                    seen.id = id;
                    seen.upload = upload;
                  })
        .status();
  }
  absl::StatusOr<FramesReply> GetFrames(const NamespaceId& id,
                                        absl::Span<const BlockId> ids) override {
    return Answer(backend_.canned.frames, [&](Seen& seen) {
      seen.id = id;
      seen.ids.assign(ids.begin(), ids.end());
    });
  }
  absl::StatusOr<ChangesPage> Changes(const NamespaceId& id,
                                      const ChangesRequest& request) override {
    SYNCENGINE_RETURN_IF_ERROR(Answer(true, [&](Seen& seen) {
                                 seen.id = id;
                                 seen.changes = request;
                               }).status());
    return backend_.Page(request);
  }
  absl::StatusOr<ChangesPage> WaitChanges(const NamespaceId& id, const ChangesRequest& request,
                                          absl::Duration timeout, std::stop_token stop) override {
    const absl::Time deadline = absl::Now() + timeout;
    absl::Mutex mutex;
    bool rung = false;
    const auto ring = [&] {
      absl::MutexLock lock(&mutex);
      rung = true;
    };
    const auto subscription = backend_.notifier_.Subscribe(id, ring);
    const std::stop_callback on_stop(stop, ring);
    for (;;) {
      absl::StatusOr<ChangesPage> page = Changes(id, request);
      if (!page.ok() || !page->entries.empty() || absl::Now() >= deadline) return page;
      absl::MutexLock lock(&mutex);
      mutex.AwaitWithDeadline(absl::Condition(&rung), deadline);
      if (stop.stop_requested()) return absl::CancelledError("stopped");
      rung = false;
    }
  }
  absl::Status AcknowledgeChanges(const NamespaceId& id, const Cursor& cursor) override {
    return Answer(true,
                  [&](Seen& seen) {
                    seen.id = id;
                    seen.acknowledged = cursor;
                  })
        .status();
  }
  absl::StatusOr<ConflictPage> ListConflicts(const NamespaceId& id,
                                             const ConflictsRequest& request) override {
    return Answer(backend_.canned.conflicts, [&](Seen& seen) {
      seen.id = id;
      seen.conflicts = request;
    });
  }
  absl::StatusOr<ResolveResult> Resolve(const NamespaceId& id,
                                        const ResolveRequest& request) override {
    return Answer(backend_.canned.resolved, [&](Seen& seen) {
      seen.id = id;
      seen.resolve = request;
    });
  }
  absl::StatusOr<Usage> GetUsage(const NamespaceId& id) override {
    return Answer(backend_.canned.usage, [&](Seen& seen) { seen.id = id; });
  }
  absl::StatusOr<NewDevice> AddDevice(absl::string_view name, const OpId& nonce) override {
    SYNCENGINE_RETURN_IF_ERROR(Answer(true, [&](Seen& seen) {
                                 seen.name = std::string(name);
                                 seen.nonce = nonce;
                               }).status());
    return NewDevice{.id = TestId<DeviceId>(0x21), .token = Secret("se1_new")};
  }
  absl::StatusOr<std::vector<DeviceRecord>> ListDevices() override {
    return Answer(backend_.canned.devices, [](Seen&) {});
  }
  absl::Status RevokeDevice(absl::string_view name) override {
    return Answer(true, [&](Seen& seen) { seen.name = std::string(name); }).status();
  }

 private:
  // `answer` after `remember` noted the arguments, unless this call is to fail.
  template <typename T, typename Remember>
  absl::StatusOr<T> Answer(T answer, Remember remember) {
    SYNCENGINE_RETURN_IF_ERROR(backend_.Begin());
    absl::MutexLock lock(&backend_.mutex_);
    remember(backend_.seen_);
    return answer;
  }

  FakeBackend& backend_;
  const std::string token_;
};

absl::StatusOr<std::unique_ptr<Service>> FakeBackend::OpenSession(absl::string_view token) {
  absl::MutexLock lock(&mutex_);
  if (!tokens_.contains(std::string(token))) {
    return MakeError(Reason::kBadToken, "token: unknown or revoked");
  }
  return std::make_unique<FakeSession>(*this, std::string(token));
}

void FakeBackend::AddToken(std::string token) {
  absl::MutexLock lock(&mutex_);
  tokens_.insert(std::move(token));
}

void FakeBackend::RevokeToken(const std::string& token) {
  absl::MutexLock lock(&mutex_);
  tokens_.erase(token);
}

void FakeBackend::FailNext(int count, absl::Status status) {
  absl::MutexLock lock(&mutex_);
  failures_ = count;
  failure_ = std::move(status);
}

absl::Status FakeBackend::Begin() {
  absl::MutexLock lock(&mutex_);
  ++seen_.calls;
  if (failures_ == 0) return absl::OkStatus();
  --failures_;
  return failure_;
}

absl::StatusOr<ChangesPage> FakeBackend::Page(const ChangesRequest& request) {
  absl::MutexLock lock(&mutex_);
  const uint64_t after = request.after.has_value() ? request.after->sequence : 0;
  ChangesPage page;
  for (uint64_t i = after; i < journal_.size(); ++i) page.entries.push_back(journal_[i]);
  page.next = {history, journal_.size()};
  page.head = journal_.size();
  return page;
}

void FakeBackend::Append(const NamespaceId& id, bool publish) {
  {
    absl::MutexLock lock(&mutex_);
    const uint64_t sequence = journal_.size() + 1;
    journal_.push_back(TestEntry(sequence, /*committed=*/sequence % 2 == 1));
  }
  if (publish) notifier_.Publish(id);
}

Seen FakeBackend::seen() const {
  absl::MutexLock lock(&mutex_);
  return seen_;
}

}  // namespace syncengine::http
