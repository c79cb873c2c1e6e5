// Nodes (files, directories, symlinks) and their revisions.
#ifndef SYNCENGINE_FORMAT_NODE_H_
#define SYNCENGINE_FORMAT_NODE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "syncengine/base/ids.h"
#include "syncengine/format/content.h"

namespace syncengine {

enum class NodeKind : uint8_t { kFile = 1, kDirectory = 2, kSymlink = 3 };

// "file", "directory", "symlink".
absl::string_view NodeKindName(NodeKind kind);

// Attributes that travel with content. Times order nothing; they are the user's own.
struct Attributes {
  int64_t mtime_ns = 0;        // Since 1970, may be negative.
  uint32_t mode = 0;           // Permission bits (07777).
  std::string symlink_target;  // Symlinks only.
  std::string sealed;  // End-to-end namespaces: all of the above, sealed; they are then zero.

  friend bool operator==(const Attributes&, const Attributes&) = default;
};

// The whole state of a node at one revision. In an end-to-end namespace the server sees `name` as a
// sealed token that is equal for equal names.
struct NodeState {
  NodeKind kind = NodeKind::kFile;
  NodeId parent;  // kRootNode for the top level.
  std::string name;
  bool deleted = false;  // A tombstone keeps kind, parent and name of what was deleted.
  Attributes attributes;
  ContentRef content;  // Files only.

  friend bool operator==(const NodeState&, const NodeState&) = default;
};

// OK when `state` can be stored and read back: a known kind, a valid name (format/name.h), mode
// bits within 07777, sizes within base/limits.h, a symlink target on symlinks only, plain
// attributes zero when they are sealed, content on files only with sorted distinct blocks and a
// manifest that is empty exactly when the size is 0. kInvalidArgument says which is broken. Check
// every state that comes from outside; EncodeRevision does not.
absl::Status ValidateNodeState(const NodeState& state);

// One committed state of one node. Immutable.
struct Revision {
  RevisionId id;
  NodeId node;
  RevisionId parent;        // The revision it replaced; zero for the first.
  RevisionId merged_from;   // Second parent of a merge; otherwise zero.
  uint64_t sequence = 0;    // Place in the namespace's journal.
  DeviceId device;          // Who committed it.
  absl::Time committed_at;  // Whole microseconds.
  NodeState state;
  // Kept beside the heads and never one itself: a version that went into a merge or lost a
  // conflict. `parent` is then what it grew from, zero when that is unknown.
  bool aside = false;

  friend bool operator==(const Revision&, const Revision&) = default;
};

// The stored form of a revision with a valid state (docs/FORMAT.md). Decode: Reason::kIntegrity on
// bytes that no encoder writes, Reason::kVersion on a newer version.
std::string EncodeRevision(const Revision& revision);
absl::StatusOr<Revision> DecodeRevision(absl::string_view bytes);

}  // namespace syncengine

#endif  // SYNCENGINE_FORMAT_NODE_H_
