#include "src/engine/conflict_row.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::engine {
namespace {

constexpr uint8_t kConflictVersion = 1;

absl::Status Damaged(absl::string_view what) {
  return MakeError(Reason::kIntegrity, absl::StrCat("conflict row: ", what));
}

absl::Status ReadVersion(ByteReader& reader) {
  const uint8_t version = reader.U8();
  if (version == kConflictVersion) return absl::OkStatus();
  if (version == 0) return Damaged("unknown version");
  return MakeError(Reason::kVersion,
                   absl::StrCat("conflict row: version ", version, "; upgrade this program"));
}

absl::StatusOr<ConflictNote> ReadNote(ByteReader& reader) {
  ConflictNote note;
  note.reason = static_cast<ConflictReason>(reader.U8());
  if (note.reason < ConflictReason::kOverlap || note.reason > ConflictReason::kUnreadable) {
    return Damaged("unknown reason");
  }
  note.theirs = reader.ReadId<RevisionId>();
  const uint8_t copy = reader.U8();
  if (copy > 1) return Damaged("unknown flags");
  note.copy = copy == 1;
  const uint16_t count = reader.U16();
  if (count > limits::kConflictHunksMax) return Damaged("too many hunks");
  for (uint16_t i = 0; i < count; ++i) {
    note.hunks.push_back({.base_begin = reader.U64(),
                          .base_end = reader.U64(),
                          .ours_begin = reader.U64(),
                          .ours_end = reader.U64(),
                          .theirs_begin = reader.U64(),
                          .theirs_end = reader.U64()});
  }
  return note;
}

}  // namespace

std::string EncodeRow(const ConflictRow& row) {
  ByteWriter writer;
  writer.U8(kConflictVersion);
  writer.Raw(row.node.bytes());
  writer.U64(row.ours_sequence);
  writer.U64(row.theirs_sequence);
  writer.U8(static_cast<uint8_t>(row.note.reason));
  writer.Raw(row.note.theirs.bytes());
  writer.U8(row.note.copy ? 1 : 0);
  writer.U16(static_cast<uint16_t>(row.note.hunks.size()));
  for (const ConflictHunk& hunk : row.note.hunks) {
    for (const uint64_t bound : {hunk.base_begin, hunk.base_end, hunk.ours_begin, hunk.ours_end,
                                 hunk.theirs_begin, hunk.theirs_end}) {
      writer.U64(bound);
    }
  }
  writer.U8(static_cast<uint8_t>(row.decision));
  writer.Raw(row.resolution.bytes());
  writer.I64(absl::ToUnixMicros(row.decided_at));
  writer.Raw(row.decided_by.bytes());
  return std::move(writer).Take();
}

template <>
absl::StatusOr<ConflictRow> DecodeRow<ConflictRow>(absl::string_view bytes) {
  ByteReader reader(bytes, "conflict row");
  SYNCENGINE_RETURN_IF_ERROR(ReadVersion(reader));
  ConflictRow row{.node = reader.ReadId<NodeId>(),
                  .ours_sequence = reader.U64(),
                  .theirs_sequence = reader.U64()};
  SYNCENGINE_ASSIGN_OR_RETURN(row.note, ReadNote(reader));
  row.decision = static_cast<ConflictDecision>(reader.U8());
  row.resolution = reader.ReadId<RevisionId>();
  row.decided_at = absl::FromUnixMicros(reader.I64());
  row.decided_by = reader.ReadId<DeviceId>();
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  if (row.decision > ConflictDecision::kMerged) return Damaged("unknown decision");
  return row;
}

}  // namespace syncengine::engine
