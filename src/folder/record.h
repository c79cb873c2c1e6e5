// Writes down that a node is now the same on both sides.
#ifndef SYNCENGINE_SRC_FOLDER_RECORD_H_
#define SYNCENGINE_SRC_FOLDER_RECORD_H_

#include <optional>
#include <utility>

#include "src/folder/state.h"
#include "syncengine/base/ids.h"
#include "syncengine/reconcile/history.h"
#include "syncengine/reconcile/observation.h"

namespace syncengine::folder {

// The newest head of `node` becomes its synced row. Without `print` the old fingerprint stays: a
// local edit has still to go the other way and must be seen as one. Nothing happens when the head
// is unknown or a deletion.
inline void RecordHead(State& state, const NodeId& node, const std::optional<Fingerprint>& print,
                       bool racy) {
  auto change = state.remote().find(node);
  auto known = state.synced().find(node);
  const bool moved_on = change != state.remote().end();
  if (!moved_on && known == state.synced().end()) return;
  if (moved_on && change->second.state.deleted) return;
  SyncedNode row;
  if (known != state.synced().end()) row = known->second;
  if (moved_on) {
    FollowHead(row, change->second.id, change->second.parent);
    row.committed_at = change->second.committed_at;
    row.state = change->second.state;
  }
  if (print.has_value()) {
    // A mode that was changed here and has still to go the other way must go on looking changed.
    const bool mode_waits = known != state.synced().end() &&
                            print->mode != known->second.print.mode &&
                            print->mode != row.state.attributes.mode;
    row.print = *print;
    row.racy = racy;
    if (mode_waits) row.print.mode = known->second.print.mode;
  }
  state.PutSynced(node, std::move(row));
  state.EraseRemote(node);
}

inline void RecordGone(State& state, const NodeId& node) {
  state.EraseSynced(node);
  state.EraseRemote(node);
}

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_RECORD_H_
