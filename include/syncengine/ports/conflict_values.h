// Conflicts as values: two revisions of one node that grew from one base and could not be merged.
#ifndef SYNCENGINE_PORTS_CONFLICT_VALUES_H_
#define SYNCENGINE_PORTS_CONFLICT_VALUES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "syncengine/base/ids.h"
#include "syncengine/format/node.h"

namespace syncengine {

// Why two contents were not merged.
enum class ConflictReason : uint8_t {
  kOverlap = 1,     // Both changed the same place in different ways.
  kBinary = 2,      // Not a kind of content that a merger understands.
  kTooLarge = 3,    // Longer than a merger takes.
  kNoBase = 4,      // No common ancestor, or none that is still there.
  kNotAFile = 5,    // Two targets of one symlink, or a file and a directory of one name.
  kUnreadable = 6,  // One of the versions is damaged or could not be fetched.
};

// A place that both changed: bytes [begin, end) of each version. Nothing of their content.
struct ConflictHunk {
  uint64_t base_begin = 0;
  uint64_t base_end = 0;
  uint64_t ours_begin = 0;
  uint64_t ours_end = 0;
  uint64_t theirs_begin = 0;
  uint64_t theirs_end = 0;

  friend bool operator==(const ConflictHunk&, const ConflictHunk&) = default;
};

// What the losing side tells of a conflict when it commits its version aside.
struct ConflictNote {
  ConflictReason reason = ConflictReason::kOverlap;
  RevisionId theirs;  // The winner; must be the head when the note is committed.
  bool copy = false;  // Ours is also kept as a file of its own: node ConflictCopyNode(ours).
  std::vector<ConflictHunk> hunks;  // At most limits::kConflictHunksMax; kOverlap only.

  friend bool operator==(const ConflictNote&, const ConflictNote&) = default;
};

// The node that the losing content `ours` becomes a file of; the same for every device, so that
// there is one copy only, and none is made anew once it was deleted.
inline NodeId ConflictCopyNode(const RevisionId& ours) {
  return NodeId::FromBytes(ours.bytes()).value_or(NodeId());
}

enum class ConflictDecision : uint8_t {
  kOpen = 0,    // Undecided; as a request: takes a decision back (Service::Resolve).
  kTheirs = 1,  // The winner stays; the copy goes.
  kOurs = 2,    // The loser's content becomes the head; the copy goes.
  kBoth = 3,    // Everything stays as it is.
  kMerged = 4,  // A content made from both becomes the head; the copy goes.
};

struct ConflictRecord {
  RevisionId id;            // Of the losing revision.
  NodeId node;              // What both are revisions of.
  std::string path;         // Where the node is now, or was when it was deleted.
  RevisionId head;          // Of the node, now: what Resolve compares with.
  Revision ours;            // The loser, kept aside; its parent is the base.
  Revision theirs;          // The winner.
  std::string ours_device;  // Names of the devices that committed them; empty for the owner.
  std::string theirs_device;
  ConflictReason reason = ConflictReason::kOverlap;
  std::vector<ConflictHunk> hunks;
  // The node of the conflicted copy; absent when none was made, or it is deleted.
  std::optional<NodeId> copy;
  std::string copy_path;
  ConflictDecision decision = ConflictDecision::kOpen;
  RevisionId resolution;  // The head that the decision made, or left.
  absl::Time decided_at;  // Whole microseconds; the epoch while open.
  DeviceId decided_by;

  friend bool operator==(const ConflictRecord&, const ConflictRecord&) = default;
};

struct ConflictsRequest {
  std::optional<NodeId> node;  // Absent: all.
  bool decided_too = false;    // Those that are resolved as well.
  RevisionId after;            // Continue behind this id.
  int limit = 100;             // 1 to limits::kConflictsPageMax.
};

struct ConflictPage {
  std::vector<ConflictRecord> conflicts;
  RevisionId next;  // Continue behind this id.
  bool more = false;
};

struct ResolveRequest {
  RevisionId conflict;
  ConflictDecision decision = ConflictDecision::kTheirs;
  RevisionId expected_head;         // ConflictRecord::head as it was looked at.
  std::optional<NodeState> merged;  // kMerged: the new state, its blocks already sent.
};

struct ResolveResult {
  bool resolved = false;
  RevisionId revision;           // The head from now on.
  std::optional<Revision> head;  // When it moved: what it is now; nothing was done.
  std::vector<BlockId> missing;  // Blocks of `merged` that are not there; nothing was done.
  bool copy_kept = false;        // The copy was changed since it was made, and stays.
};

}  // namespace syncengine

#endif  // SYNCENGINE_PORTS_CONFLICT_VALUES_H_
