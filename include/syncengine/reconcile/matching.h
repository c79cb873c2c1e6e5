// Which node is which: gives every observed local name the id of the node it is, so that a rename
// is seen as one.
#ifndef SYNCENGINE_RECONCILE_MATCHING_H_
#define SYNCENGINE_RECONCILE_MATCHING_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/ids.h"
#include "syncengine/format/node.h"
#include "syncengine/reconcile/observation.h"

namespace syncengine {

// A local content that lost a conflict already: how its copy is called and which node it becomes.
// All of it comes from the losing revision, so that no two devices give it two names.
struct LostConflict {
  NodeId copy;
  std::string stamp;   // When it was committed: "YYYY-MM-DD HHMMSS" in UTC.
  std::string device;  // Who committed it.
};

// A node that is present on the disk.
struct LocalNode {
  Position position;
  NodeKind kind = NodeKind::kFile;
  Fingerprint print;
  // As the user sees them: where the disk could not keep the committed mode or time and nobody
  // changed it since, the committed one.
  Attributes attributes;
  bool is_new = false;               // Neither side knew it.
  bool content_changed = false;      // Against the synced content; true when there is none.
  bool equals_remote = false;        // Its content is that of the remote head.
  std::optional<LostConflict> lost;  // It was found that the two cannot be merged.
};

struct LocalNodes {
  absl::btree_map<NodeId, LocalNode> present;
  // Nodes that could not be observed cleanly or are ignored: nothing is done to them, on neither
  // side.
  absl::btree_set<NodeId> held;
};

struct MatchOptions {
  // Draws the ids of new nodes.
  std::function<NodeId()> new_id;
  // Whether a path ("a/b") is ignored, itself or because a directory above it is. May be empty.
  std::function<bool(absl::string_view path, NodeKind kind)> ignored;
};

// A name keeps its node while the same inode, or a new file of the same kind, has it; an inode that
// turns up elsewhere while its old name is gone or holds another known inode is a rename; a new
// name where the server has a node that was never here is that node (a first sync is a union).
// Pure; O(n log n).
LocalNodes MatchLocal(const SyncedTree& synced, const RemoteChanges& remote, const LocalTree& local,
                      const MatchOptions& options);

// A comparison of contents that only reading can decide.
struct ContentQuestion {
  NodeId node;
  bool with_remote = false;  // Against the remote head; otherwise against the synced content.
};

// What must be known before planning: touched files as big as before, and files that changed or are
// new on both sides and are equally big. Write the answers into `content_changed` and
// `equals_remote`. Ask twice: an answer about the synced content can raise or settle a question
// about the remote one.
std::vector<ContentQuestion> QuestionsAboutSynced(const SyncedTree& synced,
                                                  const LocalNodes& local);
std::vector<ContentQuestion> QuestionsAboutRemote(const SyncedTree& synced,
                                                  const RemoteChanges& remote,
                                                  const LocalNodes& local);

}  // namespace syncengine

#endif  // SYNCENGINE_RECONCILE_MATCHING_H_
