// Keeps the remote tree: follows the journal, or lists everything where the journal does not reach.
#ifndef SYNCENGINE_SRC_FOLDER_REMOTE_OBSERVER_H_
#define SYNCENGINE_SRC_FOLDER_REMOTE_OBSERVER_H_

#include <stop_token>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/folder/state.h"
#include "syncengine/reconcile/history.h"
#include "syncengine/transfer/opened_namespace.h"

namespace syncengine::folder {

// Single-threaded.
class RemoteObserver {
 public:
  // The references outlive the object.
  RemoteObserver(const OpenedNamespace& opened, State& state) : opened_(opened), state_(state) {}

  // Brings `state.remote()` to the newest head and flushes it with the cursor. After a change of
  // the server's history `history_changed()` is set until ClearHistoryChanged: absences prove
  // nothing then.
  absl::Status Update(std::stop_token stop);
  // Takes what a long poll already brought.
  absl::Status Take(const ChangesPage& page);

  bool history_changed() const { return history_changed_; }
  void ClearHistoryChanged() { history_changed_ = false; }

 private:
  enum class Why { kFirst, kExpired, kNewHistory };

  Service& service() const { return *opened_.service; }
  const NamespaceId& id() const { return opened_.record.id; }
  absl::Status Follow(std::stop_token stop);
  absl::Status Relist(Why why, std::stop_token stop);
  absl::StatusOr<Cursor> PresentCursor();
  absl::StatusOr<RemoteChanges> ListAll(std::stop_token stop);
  // Heads of nodes that a listing did not show: they are deleted, or moved while it ran.
  absl::Status AskForMissing(const RemoteChanges& listed, RemoteChanges& heads,
                             std::stop_token stop);
  // What the server still knows of nodes whose head is not the one known here.
  absl::StatusOr<ServerHistories> AskForHistories(const RemoteChanges& listed,
                                                  std::stop_token stop);
  void ReplaceTrees(SyncedTree synced, const RemoteChanges& heads);
  void Note(const Revision& head);
  // True when `head` is a commit of ours whose answer never came: then it is agreed on.
  bool RecogniseOwn(const Revision& head);
  void NoteForgotten(const JournalEntry& entry);
  void TakeAsAgreed(const NodeId& node, const SentChange& sent, const RevisionId& revision);

  const OpenedNamespace& opened_;
  State& state_;
  bool history_changed_ = false;
};

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_REMOTE_OBSERVER_H_
