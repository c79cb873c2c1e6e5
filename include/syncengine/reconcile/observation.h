// What was observed of a folder: the synced tree (the last state both sides agreed on), the remote
// tree (the heads on the server) and the local tree (what a walk of the disk saw).
#ifndef SYNCENGINE_RECONCILE_OBSERVATION_H_
#define SYNCENGINE_RECONCILE_OBSERVATION_H_

#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/time/time.h"
#include "syncengine/base/ids.h"
#include "syncengine/format/node.h"

namespace syncengine {

// A place in a tree: which directory, under which name.
struct Position {
  NodeId parent;
  std::string name;

  friend auto operator<=>(const Position&, const Position&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Position& position) {
    return H::combine(std::move(h), position.parent, position.name);
  }
};

// What the disk says about a file without reading it. Equal fingerprints mean equal content unless
// the observation was racy. The zero inode matches nothing.
struct Fingerprint {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  int64_t mtime_ns = 0;
  int64_t ctime_ns = 0;
  uint32_t mode = 0;

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

// A node as both sides last agreed on it.
struct SyncedNode {
  RevisionId revision;
  absl::Time committed_at;
  // Earlier heads that `revision` grew from, newest first, as far as they were seen here
  // (reconcile/history.h).
  std::vector<RevisionId> earlier;
  NodeState state;    // As committed; its mode and mtime may be finer than the disk can keep.
  Fingerprint print;  // Of the local file that had this content; zero when there was none.
  // The fingerprint is so young that a later write may have left it as it is: read the content.
  bool racy = false;

  Position position() const { return {state.parent, state.name}; }
};

using SyncedTree = absl::btree_map<NodeId, SyncedNode>;

// Heads that differ from the synced tree, tombstones included; every other node's head is its
// synced revision.
using RemoteChanges = absl::btree_map<NodeId, Revision>;

// One name that a walk of the folder saw.
struct LocalEntry {
  int parent = -1;  // Index in LocalTree::entries; -1 for the root.
  std::string name;
  NodeKind kind = NodeKind::kFile;
  Fingerprint print;
  std::string symlink_target;
  // Something is there but could not be examined: neither present nor absent, and so is everything
  // below.
  bool unknown = false;
  // A directory that could not be listed: it is present, its children are unknown.
  bool children_unknown = false;
  // A directory that holds ignored names and nothing else: not worth creating elsewhere.
  bool only_ignored = false;
};

// Parents before children, siblings by name. Ignored names are left out.
struct LocalTree {
  std::vector<LocalEntry> entries;
};

}  // namespace syncengine

#endif  // SYNCENGINE_RECONCILE_OBSERVATION_H_
