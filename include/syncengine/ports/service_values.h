// The requests and answers of Service (ports/service.h).
#ifndef SYNCENGINE_PORTS_SERVICE_VALUES_H_
#define SYNCENGINE_PORTS_SERVICE_VALUES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "syncengine/base/ids.h"
#include "syncengine/base/secret.h"
#include "syncengine/format/journal.h"
#include "syncengine/format/node.h"
#include "syncengine/ports/conflict_values.h"

namespace syncengine {

// Who can read a namespace's content.
enum class KeyHolder : uint8_t {
  kServer = 1,    // The server keeps the keys and gives them to its devices.
  kEndToEnd = 2,  // Only clients that can open a key slot.
};

struct NamespaceRecord {
  NamespaceId id;
  std::string name;   // 1 to limits::kNamespaceNameMax bytes of [a-z0-9._-].
  HistoryId history;  // Chosen by the server; ignored in a request.
  KeyHolder key_holder = KeyHolder::kServer;
  // End-to-end: one slot for each way in (format/key_slot.h). Empty for server-held keys.
  std::vector<std::string> key_slots;
  uint8_t chunker_suite = 1;  // chunking/chunker.h: 1 fast, 2 PRF.
  uint32_t average_block_bytes = 16u << 10;
  uint64_t head_sequence = 0;  // Of the journal, when the record was read; ignored in a request.
};

// Names a node by path or by id.
struct NodeTarget {
  std::string path;  // "/a/b"; used when `node` is absent.
  std::optional<NodeId> node;
};

struct ListRequest {
  NodeId directory;
  std::string after;  // Continue behind this name.
  int limit = 1000;   // 1 to limits::kListPageMax.
  // All descendants, depth first by name; `after` is then the relative path of the last entry
  // ("a/b"), and entries carry paths relative to `directory`.
  bool recursive = false;
};

struct ListEntry {
  std::string path;  // The name, or the relative path when recursive.
  Revision revision;
};

struct ListPage {
  std::vector<ListEntry> entries;
  bool more = false;
};

struct RevisionsRequest {
  NodeId node;
  uint64_t before_sequence = 0;  // Continue with older ones; 0 starts at the newest.
  int limit = 100;               // 1 to limits::kListPageMax.
};

struct RevisionPage {
  std::vector<Revision> revisions;
  bool more = false;
};

// A file whose new content is on its way.
struct Announcement {
  NodeId node;
  NodeId parent;
  std::string name;
  uint64_t size = 0;
};

struct UploadRequest {
  OpId op;
  std::vector<Announcement> announcements;  // At most limits::kAnnouncementsMax.
};

struct PutSegmentResult {
  bool stored = false;
  uint64_t blocks_new = 0;       // Blocks that the namespace did not have before.
  std::vector<BlockId> missing;  // Why it was not stored.
};

// The next state of one node. With a zero `base` the node must be new (the caller drew its id at
// random); otherwise `base` must be its head. Creating, editing, moving, deleting and restoring are
// all this.
struct Change {
  NodeId node;
  RevisionId base;
  RevisionId merged_from;  // Second parent when this state merges another revision.
  NodeState state;
  // Keeps `state` as a revision beside the head (Revision::aside), which stays where it is; the
  // node must exist, and `base` is what the state grew from. A change of the same node later in the
  // request then merges it: its `merged_from` is filled in.
  bool aside = false;
  std::optional<ConflictNote> conflict;  // With `aside`: why it could not be merged.
};

struct CommitRequest {
  OpId op;
  UploadId upload;  // Zero when there was none.
  // Applied in order: a directory may be created before its children, and must be emptied before it
  // is deleted. At most limits::kCommitChangesMax.
  std::vector<Change> changes;
};

enum class ChangeVerdict : uint8_t {
  kCommitted = 1,
  kHeadMoved = 2,      // `head` is the present head of the node.
  kNameTaken = 3,      // `head` is of the live node that has this parent and name.
  kParentGone = 4,     // The parent directory is missing, deleted, or no directory.
  kNotEmpty = 5,       // A deleted directory still has children.
  kCycle = 6,          // A directory would become its own ancestor.
  kMissingBlocks = 7,  // `missing` lists blocks that are not in the namespace.
  kNotTried = 8,       // Another change of the request failed.
};

struct ChangeOutcome {
  ChangeVerdict verdict = ChangeVerdict::kNotTried;
  RevisionId revision;    // kCommitted.
  uint64_t sequence = 0;  // kCommitted.
  std::optional<Revision> head;
  std::vector<BlockId> missing;
};

struct CommitResult {
  bool committed = false;
  std::vector<ChangeOutcome> outcomes;  // One for each change, in order.
};

struct FramesReply {
  std::vector<std::string> frames;  // Sealed frames, self-describing (format/frame.h).
  size_t answered = 0;              // How many of the ids, from the first on, are in these frames.
};

struct ChangesRequest {
  std::optional<Cursor> after;  // Absent: from the beginning of the present history.
  int limit = 1000;             // 1 to limits::kChangesPageMax.
};

struct ChangesEntry {
  JournalEntry entry;
  std::optional<Revision> revision;  // kCommitted and kAside.
  // Where the node is now (or was, when it is deleted), as the server sees names.
  std::string path;
};

struct ChangesPage {
  std::vector<ChangesEntry> entries;
  Cursor next;  // Ask again after this.
  uint64_t head =
      0;  // Newest sequence when the page was read; next.sequence == head: nothing is left.
};

struct Usage {
  uint64_t logical_bytes = 0;  // Sum of the sizes of all live heads.
  uint64_t stored_bytes = 0;   // Sum of the sizes of all segments.
  uint64_t blocks = 0;
  uint64_t segments = 0;
  uint64_t revisions = 0;
  uint64_t nodes = 0;  // Live ones.
};

struct NewDevice {
  DeviceId id;
  Secret token;
};

struct DeviceRecord {
  DeviceId id;
  std::string name;
  bool revoked = false;
  absl::Time created;
  absl::Time last_seen;  // Of the last acknowledgement; the creation time before it.
  struct Place {
    NamespaceId id;
    Cursor cursor;
    uint64_t backlog = 0;  // Journal entries behind the cursor: the offline queue.
  };
  std::vector<Place> places;  // One for each namespace the device acknowledged something of.
};

}  // namespace syncengine

#endif  // SYNCENGINE_PORTS_SERVICE_VALUES_H_
