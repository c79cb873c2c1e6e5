// The planner: three trees in, an ordered plan out. Pure, so every case can be tested without a
// disk or a server.
//
// How it decides (in the manner of Mutagen's reconciler, but by node instead of by path, so that
// renames are no deletions): for each node the three observations are merged into one target state;
// then the target is repaired until it is a tree (a surviving child keeps its directory, a cycle of
// concurrent moves falls back to the committed position, of two nodes under one name the committed
// one keeps it); then the target is compared with each side. What is left is put into an order in
// which every step is possible, parking a node under a temporary name where names are swapped.
#ifndef SYNCENGINE_RECONCILE_PLANNER_H_
#define SYNCENGINE_RECONCILE_PLANNER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "syncengine/base/ids.h"
#include "syncengine/format/node.h"
#include "syncengine/reconcile/matching.h"
#include "syncengine/reconcile/observation.h"

namespace syncengine {

enum class ActionKind : uint8_t {
  // On the disk.
  kMakeDirectoryHere,
  kMoveHere,
  kParkHere,        // Aside for a moment, because another node needs the name first.
  kAttributesHere,  // Mode and time only.
  kDeleteHere,
  kDownload,  // A new file or symlink, or new content of one.
  // On the server: each is one Change.
  kUpload,           // A new file, directory or symlink, or new content; moves it too.
  kMoveThere,        // No content travels.
  kParkThere,        // As kParkHere.
  kAttributesThere,  // Mode and time only.
  kDeleteThere,
  // In the synced tree only.
  kAdopt,   // Both sides agree: record the remote head.
  kForget,  // Gone on both sides.
  // On both sides, before anything else: the contents are merged, or found to be unmergeable
  // (LocalNode::lost); then observe and plan anew. Nothing else of a plan that merges may be done.
  kMerge,
};

// "download", "delete here", ...
absl::string_view ActionKindName(ActionKind kind);
bool IsHere(ActionKind kind);
bool IsThere(ActionKind kind);

struct Action {
  ActionKind kind = ActionKind::kAdopt;
  NodeId node;
  NodeKind node_kind = NodeKind::kFile;
  Position to;            // The place it has after this action (before it, for deletions).
  Attributes attributes;  // As they shall be.
  uint64_t size = 0;      // Bytes of content that this action concerns.
  std::string path;       // Where the node is to be in the end, "a/b": for messages.
  std::string from;       // Where it was; differs from `path` for moves.
  // The local loser of a conflict with `conflict_with` moves aside: that node's synced fingerprint
  // must be cleared first, or the loser would pass for it after a crash.
  bool is_conflict_copy = false;
  NodeId conflict_with;
  // Actions on the server of one wave concern each node once and may go in one request.
  int wave = 0;
  absl::string_view reason;  // A literal: why.
};

// An action that cannot be done because something unknown or ignored is in the way.
struct BlockedAction {
  Action action;
  std::string cause;
};

struct Plan {
  // In order: first here, then there. Downloads come last of what is done here.
  std::vector<Action> actions;
  // kAdopt and kForget: bookkeeping that nobody would notice, to be done last.
  std::vector<Action> records;
  std::vector<BlockedAction> blocked;
  size_t conflicts = 0;
  size_t merges = 0;  // Actions of kind kMerge.

  bool empty() const { return actions.empty() && blocked.empty(); }
};

enum class SyncMode : uint8_t {
  kTwoWay = 1,
  kUploadOnly = 2,    // The disk is never touched.
  kDownloadOnly = 3,  // The server is never touched.
};

struct PlanOptions {
  SyncMode mode = SyncMode::kTwoWay;
  // For names of conflicted copies where no revision lost: two nodes that claim one name.
  std::string conflict_stamp;  // "YYYY-MM-DD HHMMSS".
  std::string device;
  // Contents that changed on both sides give kMerge, until LocalNode::lost says that they cannot be
  // merged. kTwoWay only. Otherwise they give a conflicted copy at once.
  bool merge = false;
  std::function<NodeId()> new_id;
};

// Deterministic up to the ids drawn. An empty plan means that the trees agree, as far as they could
// be observed. O(n log n).
Plan MakePlan(const SyncedTree& synced, const RemoteChanges& remote, const LocalNodes& local,
              const PlanOptions& options);

}  // namespace syncengine

#endif  // SYNCENGINE_RECONCILE_PLANNER_H_
