// What is left of the synced tree when the server shows another history: it was restored from a
// backup, or its journal was lost.
#ifndef SYNCENGINE_RECONCILE_HISTORY_H_
#define SYNCENGINE_RECONCILE_HISTORY_H_

#include <cstddef>
#include <vector>

#include "absl/container/btree_map.h"
#include "syncengine/reconcile/matching.h"
#include "syncengine/reconcile/observation.h"

namespace syncengine {

// How many earlier heads a row remembers: a backup that is older than that many edits of one file
// has no base in common with it, and both contents are kept side by side.
inline constexpr size_t kEarlierHeadsMax = 16;

// Makes `next`, which followed `parent` on the server and has everything in it that `row` has, the
// row's revision. Its state and fingerprint are left to the caller.
void FollowHead(SyncedNode& row, const RevisionId& next, const RevisionId& parent);

// Revisions that the server has of a node, newest first.
using ServerHistories = absl::btree_map<NodeId, std::vector<Revision>>;

// Whether the histories must have `node`, or else it counts as having no base in common.
bool NeedsHistory(const Revision& head, const SyncedNode& row);

// Keeps of `synced` what cannot cause a deletion, and makes the rest look as if it had never been
// agreed on, so that planning gives a union. `listed` holds all live heads of the server:
// - the head we know: nothing changes;
// - a head that ours grew from: ours is supplied again on top of it;
// - a head that has ours, or an older one that ours grew from, behind it: both sides changed since,
//   which is merged;
// - any other head, or none: no common base. Local content that the server lacks is new; content
//   that differs becomes a conflicted copy.
// Clocks have no say in it. Returns the heads that differ from the new synced tree.
RemoteChanges RebaseOnHistory(const RemoteChanges& listed, const ServerHistories& histories,
                              SyncedTree& synced);

// The same history, but too many changes to follow: a full listing instead of a journal. Nodes that
// are not listed stay as they are; the caller must ask for each (they may be deleted, or just have
// moved while the listing ran). Returns the heads that differ from `synced`.
RemoteChanges DifferingHeads(const RemoteChanges& listed, const SyncedTree& synced);

// Drops the rows of nodes that are neither present nor held, so that no deletion is planned: after
// a change of history an absence proves nothing.
void ForgetAbsent(const LocalNodes& local, SyncedTree& synced);

}  // namespace syncengine

#endif  // SYNCENGINE_RECONCILE_HISTORY_H_
