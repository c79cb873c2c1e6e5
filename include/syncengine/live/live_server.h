// LiveServer: the hubs of live documents over any Service, so that what is written live is a file
// like every other: it begins with the head's content, becomes revisions as it grows, and takes in
// what comes from elsewhere.
#ifndef SYNCENGINE_LIVE_LIVE_SERVER_H_
#define SYNCENGINE_LIVE_LIVE_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "syncengine/merge/merger.h"
#include "syncengine/ports/clock.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/executor.h"
#include "syncengine/ports/live_documents.h"
#include "syncengine/ports/notifier.h"
#include "syncengine/ports/service.h"

namespace syncengine {

// When the text becomes a revision: nobody has edited for `idle`, or that many changes or bytes
// have come together since the last one.
struct LiveServerOptions {
  absl::Duration idle = absl::Seconds(5);
  uint64_t changes_max = 1000;
  uint64_t bytes_max = 256u << 10;
  // A document without requests for so long is closed; who returns opens it again.
  absl::Duration close_after = absl::Minutes(10);
  // So many documents are open at a time, with so many bytes of text when one more is opened.
  // Beyond that those without requests for `make_room_after` are committed and closed, the longest
  // unused first; when all are in use, opening another one is refused.
  size_t documents_max = 1024;
  uint64_t open_bytes_max = 512u << 20;
  absl::Duration make_room_after = absl::Seconds(60);
};

struct LiveServerPorts {
  Service& service;  // Reads heads and commits revisions; its device is their author.
  Executor& executor;
  Entropy& entropy;
  Clock& clock;
  Notifier& notifier;  // Hints that a document changed, under its namespace.
};

// Thread-safe; no lock is held while the service is asked. Memory: each open document's text, the
// last committed one and the shadows of its links, which share what is equal.
//
// When somebody else commits what cannot be taken in (no text, or together too long), the document
// ends: what was not committed yet is merged three-way with that revision, as for a device that
// was offline, and kept as a conflict where that fails.
class LiveServer final : public LiveDocuments {
 public:
  // What `ports` names outlives the server.
  explicit LiveServer(LiveServerPorts ports, LiveServerOptions options = {});
  ~LiveServer() override;

  // As LiveDocuments; kResourceExhausted when too many documents are in use.
  absl::StatusOr<std::string> Exchange(const NamespaceId& id, const NodeId& node,
                                       absl::string_view packet) override;
  uint64_t Sequence(const NamespaceId& id, const NodeId& node) override;

  // Commits what is due, takes in revisions that others committed, closes what nobody uses. Call it
  // every second or so. One document's trouble does not stop the others; the first error is
  // returned, and what could not be committed is tried again the next time.
  absl::Status Tick();
  // Commits all that is not committed yet: before a server ends.
  absl::Status Flush();

 private:
  struct Document;
  using Key = std::pair<NamespaceId, NodeId>;
  enum class When { kDue, kNow };
  // What a packet led to.
  struct Outcome {
    std::string reply;
    bool changed = false;
    bool due = false;
  };

  absl::StatusOr<std::shared_ptr<Document>> Open(const Key& key);
  absl::StatusOr<std::shared_ptr<Document>> Load(const Key& key);
  // The open document of this key: `loaded` unless there is one; null when there is no room.
  std::shared_ptr<Document> Insert(const Key& key, const std::shared_ptr<Document>& loaded);
  bool HasRoom(Document& added) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Commits and closes the document that was unused longest; false when all are in use.
  bool MakeRoom();
  std::vector<std::shared_ptr<Document>> All();
  absl::StatusOr<std::optional<Outcome>> Apply(Document& document, absl::string_view packet);
  absl::Status Maintain(Document& document, When when);
  absl::Status WithTurn(Document& document, When when);
  absl::Status TakeIn(Document& document, const Revision& head);
  // Ends the document with `head`, which cannot be taken in.
  absl::Status HandOver(Document& document, const Revision& head);
  absl::Status Commit(Document& document);
  // Takes it out of the map unless it is in use or has something to commit.
  bool Close(Document& document, absl::Duration unused_for);
  // Takes it out of the map unless it was edited after `sequence`; for who has the turn.
  bool End(Document& document, uint64_t sequence);

  const LiveServerPorts ports_;
  const LiveServerOptions options_;
  const MergerRegistry mergers_;
  absl::Mutex mutex_;
  // Shared by the map and the calls that use a document while it is closed.
  std::map<Key, std::shared_ptr<Document>> documents_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace syncengine

#endif  // SYNCENGINE_LIVE_LIVE_SERVER_H_
