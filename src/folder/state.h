// What the client remembers between runs: the synced tree, heads not yet applied, the cursor,
// intents, and who it is.
#ifndef SYNCENGINE_SRC_FOLDER_STATE_H_
#define SYNCENGINE_SRC_FOLDER_STATE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "syncengine/base/ids.h"
#include "syncengine/folder/sync_report.h"
#include "syncengine/format/journal.h"
#include "syncengine/ports/metadata_store.h"
#include "syncengine/reconcile/matching.h"
#include "syncengine/reconcile/observation.h"

namespace syncengine::folder {

// Something that a crash could leave half done. Names refer to the folder.
struct Intent {
  enum class Kind : uint8_t {
    kSwap = 1,  // `temporary` is about to be exchanged with what `expected` describes at `path`.
    kPark = 2,  // The node at `path` is about to wait at `temporary`.
  };
  Kind kind = Kind::kSwap;
  std::string path;
  std::string temporary;
  Fingerprint arrived;   // kSwap: the new file.
  Fingerprint expected;  // kSwap: the old one.
  NodeId node;           // kSwap: whose content it is,
  RevisionId revision;   // and as of which head.
};

// A change that was sent and whose answer may never come: its revision is known again by this.
struct SentChange {
  RevisionId base;
  NodeState state;    // As committed.
  Fingerprint print;  // Of the local file that it was read from.
  absl::Time at;
};

// A local content that was found to be unmergeable, until its conflicted copy is in the namespace.
struct Unmerged {
  LostConflict lost;
  Fingerprint print;  // Of the file that has the content.
};

struct Identity {
  NamespaceId name_space;
  std::string root_marker;  // Hex; what `.syncengine/root` must hold.
  uint64_t root_inode = 0;
  std::string boot;                              // Of the machine when the folder was last open.
  bool clean = false;                            // It was closed in order.
  absl::Time checkpoint = absl::InfinitePast();  // The last sync that ended.
};

// A write-back copy in memory: changes are seen at once and are durable after Flush, all of them or
// none. Single-threaded.
class State {
 public:
  // Reads everything. Reason::kIntegrity when a row is damaged: remove the state, the next sync is
  // a first sync.
  static absl::StatusOr<State> Load(MetadataStore& store);

  const SyncedTree& synced() const { return synced_; }
  const RemoteChanges& remote() const { return remote_; }
  const std::optional<Cursor>& cursor() const { return cursor_; }
  const std::optional<Identity>& identity() const { return identity_; }
  const std::map<uint64_t, Intent>& intents() const { return intents_; }
  const std::vector<Issue>& issues() const { return issues_; }
  const std::map<NodeId, Unmerged>& unmerged() const { return unmerged_; }
  const std::map<NodeId, std::vector<SentChange>>& sent() const { return sent_; }

  void PutSynced(const NodeId& node, SyncedNode row);
  void EraseSynced(const NodeId& node);
  void PutRemote(const Revision& head);
  void EraseRemote(const NodeId& node);
  // As if `node` had never been here: its head, if any, is one that has still to be applied.
  void Forget(const NodeId& node);
  void SetCursor(const std::optional<Cursor>& cursor);
  void SetIdentity(const Identity& identity);
  void SetIssues(std::vector<Issue> issues);
  void PutUnmerged(const NodeId& node, Unmerged unmerged);
  void ClearUnmerged();
  // Keeps the newest few of each node: an old request may still be on its way.
  void PutSent(const NodeId& node, SentChange sent);
  void EraseSent(const NodeId& node);
  // Forgets the changes that can come true no more, and those sent before `oldest`.
  void TidySent(absl::Time oldest);
  uint64_t AddIntent(Intent intent);
  void EraseIntent(uint64_t number);
  // As if nothing had ever been agreed on; the identity stays.
  void ForgetTrees();

  // The head of `node`, applied or not; null when there is none or it is unknown.
  const NodeState* Head(const NodeId& node) const;
  RevisionId HeadId(const NodeId& node) const;

  absl::Status Flush();
  // For what others keep beside it.
  MetadataStore& store() const { return *store_; }

 private:
  explicit State(MetadataStore& store) : store_(&store) {}

  absl::Status Read(MetadataReader& reader);
  absl::Status ReadRow(absl::string_view key, absl::string_view value);
  absl::Status ReadPlace(absl::string_view key, absl::string_view value);

  MetadataStore* store_;
  SyncedTree synced_;
  RemoteChanges remote_;
  std::optional<Cursor> cursor_;
  std::optional<Identity> identity_;
  std::map<uint64_t, Intent> intents_;
  std::vector<Issue> issues_;
  std::map<NodeId, Unmerged> unmerged_;
  std::map<NodeId, std::vector<SentChange>> sent_;
  uint64_t last_intent_ = 0;
  // By key; absent values are deletions.
  std::map<std::string, std::optional<std::string>> pending_;
};

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_STATE_H_
