// What is left of the synced tree when the server shows another history: it was restored from a
// backup, or its journal was lost.
#ifndef SYNCENGINE_RECONCILE_HISTORY_H_
#define SYNCENGINE_RECONCILE_HISTORY_H_

#include "syncengine/reconcile/matching.h"
#include "syncengine/reconcile/observation.h"

namespace syncengine {

// Keeps of `synced` what cannot cause a deletion, and makes the rest look as if it had never been
// agreed on, so that planning gives a union. `listed` holds all live heads of the server:
// - the head we know: nothing changes;
// - an older head of a node we know: ours is supplied again on top of it;
// - another head, or none: no common base. Local content that the server lacks is new; content that
//   differs becomes a conflicted copy.
// Returns the heads that differ from the new synced tree.
RemoteChanges RebaseOnHistory(const RemoteChanges& listed, SyncedTree& synced);

// The same history, but too many changes to follow: a full listing instead of a journal. Nodes that
// are not listed stay as they are; the caller must ask for each (they may be deleted, or just have
// moved while the listing ran). Returns the heads that differ from `synced`.
RemoteChanges DifferingHeads(const RemoteChanges& listed, const SyncedTree& synced);

// Drops the rows of nodes that are neither present nor held, so that no deletion is planned: after
// a change of history an absence proves nothing.
void ForgetAbsent(const LocalNodes& local, SyncedTree& synced);

}  // namespace syncengine

#endif  // SYNCENGINE_RECONCILE_HISTORY_H_
