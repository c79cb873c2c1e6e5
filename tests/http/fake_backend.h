// A SessionOpener whose sessions remember what they were asked and give fixed, rich answers, with
// a journal that tests append to.
#ifndef SYNCENGINE_TESTS_HTTP_FAKE_BACKEND_H_
#define SYNCENGINE_TESTS_HTTP_FAKE_BACKEND_H_

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "syncengine/ports/notifier.h"
#include "syncengine/ports/session_opener.h"

namespace syncengine::http {

// The arguments of the last call of each kind.
struct Seen {
  int calls = 0;
  int segments = 0;
  NamespaceId id;
  NamespaceRecord record;
  std::string bundle;
  NodeTarget target;
  ListRequest list;
  RevisionsRequest revisions;
  UploadRequest upload_request;
  UploadId upload;
  std::vector<BlockId> ids;
  std::string segment;
  CommitRequest commit;
  ChangesRequest changes;
  ConflictsRequest conflicts;
  ResolveRequest resolve;
  Cursor acknowledged;
  std::string name;
  OpId nonce;
};

// The fixed answers.
struct Canned {
  NamespaceRecord record;
  std::string bundle;
  Revision revision;
  ListPage list;
  RevisionPage revisions;
  UploadId upload;
  std::vector<BlockId> missing;
  PutSegmentResult put;
  CommitResult commit;
  FramesReply frames;
  ConflictPage conflicts;
  ResolveResult resolved;
  Usage usage;
  std::vector<DeviceRecord> devices;
};

// An id whose bytes are all `byte`.
template <typename IdType>
IdType TestId(uint8_t byte) {
  std::array<uint8_t, IdType::kSize> bytes;
  bytes.fill(byte);
  return IdType(bytes);
}

// A revision with every field set and a name that is not UTF-8.
Revision TestRevision(uint8_t seed);
Canned TestAnswers();

// Thread-safe.
class FakeBackend final : public SessionOpener {
 public:
  explicit FakeBackend(Notifier& notifier) : notifier_(notifier) {}

  absl::StatusOr<std::unique_ptr<Service>> OpenSession(absl::string_view token) override;

  void AddToken(std::string token);
  void RevokeToken(const std::string& token);
  // The next `count` verb calls fail with `status`.
  void FailNext(int count, absl::Status status);
  // Appends one entry to the journal and publishes it.
  void Append(const NamespaceId& id, bool publish = true);
  Seen seen() const;

  const Canned canned = TestAnswers();
  const HistoryId history = TestId<HistoryId>(0x77);

 private:
  friend class FakeSession;

  // What an armed failure says about this call.
  absl::Status Begin();
  absl::StatusOr<ChangesPage> Page(const ChangesRequest& request);

  Notifier& notifier_;
  mutable absl::Mutex mutex_;
  std::set<std::string> tokens_ ABSL_GUARDED_BY(mutex_);
  Seen seen_ ABSL_GUARDED_BY(mutex_);
  int failures_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::vector<ChangesEntry> journal_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace syncengine::http

#endif  // SYNCENGINE_TESTS_HTTP_FAKE_BACKEND_H_
