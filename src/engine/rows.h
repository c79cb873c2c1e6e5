// The values of the metadata rows that keys.h lists, and their bytes. Each begins with a version.
#ifndef SYNCENGINE_ENGINE_ROWS_H_
#define SYNCENGINE_ENGINE_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "syncengine/base/error.h"
#include "syncengine/base/ids.h"
#include "syncengine/engine/engine.h"
#include "syncengine/format/frame.h"
#include "syncengine/format/journal.h"
#include "syncengine/format/node.h"
#include "syncengine/ports/metadata_store.h"
#include "syncengine/ports/service_values.h"

namespace syncengine::engine {

// The newest layout of the metadata that this library reads and the one it writes.
inline constexpr uint32_t kLayoutVersion = 2;

// Names one run of a collector.
using CollectorId = Id<struct CollectorIdTag, 16>;

struct FormatRow {
  RepositoryId id;
  absl::Time created;
};

struct NamespaceRow {
  NamespaceRecord record;    // Without history and head: those are in HeadRow.
  std::string wrapped_keys;  // The slot of KeyProvider::Wrap; empty when end-to-end.
};

struct DeviceRow {
  DeviceId id;
  std::string name;
  absl::Time created;
  bool revoked = false;
  std::string nonce_hash;    // Of the nonce it was added with.
  std::string masked_token;  // Readable with that nonce only.
};

struct HeadRow {
  HistoryId history;
  uint64_t sequence = 0;        // Of the newest journal row.
  uint64_t first_sequence = 1;  // Of the oldest that is kept.
  uint64_t operations = 0;      // Stored so far: the next ordinal.
  uint64_t epoch = 0;           // Grows with every collection; blocks remember it when used.
};

struct UsageRow {
  Usage usage;
};

struct NodeRow {
  uint64_t sequence = 0;  // Of the head.
  uint64_t digest = 0;    // XXH3 of its row: finds a revision that changed by itself.
};

enum class BlockState : uint8_t {
  kPresent = 1,
  kCondemned = 2,  // Unreferenced and to be collected, unless somebody uses it.
  kDeleting = 3,   // As good as gone: may be stored anew, in another segment.
};

struct BlockRow {
  BlockState state = BlockState::kPresent;
  FrameKind kind = FrameKind::kData;
  SegmentId segment;
  uint32_t offset = 0;  // Of its frame in the segment.
  uint32_t length = 0;  // Of its frame.
  uint8_t depth = 0;    // kDelta: frames to open before this one, at most; otherwise 0.
  uint64_t refs = 0;
  // HeadRow::epoch when somebody last wanted it, or when it was condemned.
  uint64_t touch_epoch = 0;

  // Whether a commit may name it. A condemned block is revived by that.
  bool usable() const { return state != BlockState::kDeleting; }
  friend bool operator==(const BlockRow&, const BlockRow&) = default;
};

struct ChildrenRow {
  std::vector<BlockId> ids;
};

struct DeltaRow {
  uint32_t blocks = 0;         // Block rows that are at this place.
  std::vector<BlockId> bases;  // Each counts as one reference.
};

struct SegmentRow {
  uint64_t size = 0;
  uint32_t frames = 0;
  uint64_t blocks_new = 0;  // What PutSegment answered.
  UploadId upload;
  std::string sha256;        // Of the whole object.
  uint64_t blocks_live = 0;  // Block rows that name it and are present or condemned.
  uint64_t epoch = 0;        // HeadRow::epoch when it was stored.
};

enum class DoomState : uint8_t {
  kSuspect = 1,  // An object without a segment row: left by a request, or still to get one.
  kDoomed = 2,   // Waits to be deleted. No request may register a segment of this id any more.
  kGone = 3,     // Deleted. Stays, because the id must never be used again.
};

struct DoomRow {
  DoomState state = DoomState::kSuspect;
  uint64_t epoch = 0;  // HeadRow::epoch when it came into this state.
  absl::Time time;     // The same moment.
  uint64_t size = 0;   // Of the object, when known.
};

struct EpochRow {
  absl::Time completed;
  uint64_t blocks = 0;     // That were usable.
  uint64_t condemned = 0;  // Of them, in this run.
};

struct LeaseRow {
  CollectorId holder;  // Zero: nobody.
  uint64_t token = 0;  // Grows with every holder: an older one must not write any more.
  absl::Time until;
};

struct UploadRow {
  DeviceId device;
  absl::Time touched;           // Of the last request that named it.
  std::vector<NodeId> pending;  // Announced and not yet committed.
  uint64_t epoch = 0;           // HeadRow::epoch when it began.
  // Blocks used since then are not condemned. Cleared by a commit, set by the next segment.
  bool holds = true;
};

struct OperationRow {
  uint64_t ordinal = 0;
  UploadId upload;              // BeginUpload.
  uint64_t first_sequence = 0;  // Commit; zero for BeginUpload.
  std::vector<RevisionId> revisions;
};

struct PlaceRow {
  Cursor cursor;
  absl::Time time;
};

std::string EncodeRow(const FormatRow& row);
std::string EncodeRow(const NamespaceRow& row);
std::string EncodeRow(const DeviceRow& row);
std::string EncodeRow(const HeadRow& row);
std::string EncodeRow(const UsageRow& row);
std::string EncodeRow(const NodeRow& row);
std::string EncodeRow(const BlockRow& row);
std::string EncodeRow(const ChildrenRow& row);
std::string EncodeRow(const DeltaRow& row);
std::string EncodeRow(const SegmentRow& row);
std::string EncodeRow(const DoomRow& row);
std::string EncodeRow(const EpochRow& row);
std::string EncodeRow(const LeaseRow& row);
std::string EncodeRow(const UploadRow& row);
std::string EncodeRow(const OperationRow& row);
std::string EncodeRow(const PlaceRow& row);

// Reason::kIntegrity on bytes EncodeRow does not write, Reason::kVersion on a newer version. Also
// decodes Revision, JournalEntry and the bare ids that some rows are.
template <typename Row>
absl::StatusOr<Row> DecodeRow(absl::string_view bytes);
template <>
absl::StatusOr<FormatRow> DecodeRow<FormatRow>(absl::string_view bytes);
template <>
absl::StatusOr<NamespaceRow> DecodeRow<NamespaceRow>(absl::string_view bytes);
template <>
absl::StatusOr<DeviceRow> DecodeRow<DeviceRow>(absl::string_view bytes);
template <>
absl::StatusOr<HeadRow> DecodeRow<HeadRow>(absl::string_view bytes);
template <>
absl::StatusOr<UsageRow> DecodeRow<UsageRow>(absl::string_view bytes);
template <>
absl::StatusOr<NodeRow> DecodeRow<NodeRow>(absl::string_view bytes);
template <>
absl::StatusOr<BlockRow> DecodeRow<BlockRow>(absl::string_view bytes);
template <>
absl::StatusOr<ChildrenRow> DecodeRow<ChildrenRow>(absl::string_view bytes);
template <>
absl::StatusOr<DeltaRow> DecodeRow<DeltaRow>(absl::string_view bytes);
template <>
absl::StatusOr<SegmentRow> DecodeRow<SegmentRow>(absl::string_view bytes);
template <>
absl::StatusOr<DoomRow> DecodeRow<DoomRow>(absl::string_view bytes);
template <>
absl::StatusOr<EpochRow> DecodeRow<EpochRow>(absl::string_view bytes);
template <>
absl::StatusOr<LeaseRow> DecodeRow<LeaseRow>(absl::string_view bytes);
template <>
absl::StatusOr<UploadRow> DecodeRow<UploadRow>(absl::string_view bytes);
template <>
absl::StatusOr<OperationRow> DecodeRow<OperationRow>(absl::string_view bytes);
template <>
absl::StatusOr<PlaceRow> DecodeRow<PlaceRow>(absl::string_view bytes);
template <>
absl::StatusOr<Revision> DecodeRow<Revision>(absl::string_view bytes);
template <>
absl::StatusOr<JournalEntry> DecodeRow<JournalEntry>(absl::string_view bytes);
template <>
absl::StatusOr<NodeId> DecodeRow<NodeId>(absl::string_view bytes);
template <>
absl::StatusOr<DeviceId> DecodeRow<DeviceId>(absl::string_view bytes);
template <>
absl::StatusOr<OpId> DecodeRow<OpId>(absl::string_view bytes);

// The row at `key`, if there is one.
template <typename Row>
absl::StatusOr<std::optional<Row>> ReadRow(MetadataReader& rows, absl::string_view key) {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, rows.Get(key));
  if (!bytes.has_value()) return std::nullopt;
  SYNCENGINE_ASSIGN_OR_RETURN(Row row, DecodeRow<Row>(*bytes));
  return std::optional<Row>(std::move(row));
}

// One for each key, in one round trip.
template <typename Row>
absl::StatusOr<std::vector<std::optional<Row>>> ReadRows(MetadataReader& rows,
                                                         absl::Span<const std::string> keys) {
  std::vector<std::optional<Row>> found(keys.size());
  if (keys.empty()) return found;
  SYNCENGINE_ASSIGN_OR_RETURN(const auto values, rows.GetMany(keys));
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!values[i].has_value()) continue;
    SYNCENGINE_ASSIGN_OR_RETURN(found[i], DecodeRow<Row>(*values[i]));
  }
  return found;
}

}  // namespace syncengine::engine

#endif  // SYNCENGINE_ENGINE_ROWS_H_
