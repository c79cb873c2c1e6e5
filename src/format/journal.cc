#include "syncengine/format/journal.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/name.h"

namespace syncengine {
namespace {

constexpr uint8_t kEntryVersion = 1;

absl::Status Damaged(absl::string_view what) {
  return MakeError(Reason::kIntegrity, absl::StrCat("journal entry: ", what));
}

absl::Status BadCursor() {
  return absl::InvalidArgumentError(
      "cursor: expected 32 hex digits, a dot and a number; pass a cursor as it was received");
}

// The fields that only one kind of entry has.
void EncodeDetails(const JournalEntry& entry, ByteWriter& writer) {
  switch (entry.kind) {
    case JournalKind::kUploading:
      writer.Raw(entry.upload.bytes());
      writer.Raw(entry.parent.bytes());
      writer.Short(entry.name);
      writer.U64(entry.size);
      break;
    case JournalKind::kCommitted:
    case JournalKind::kAside:
      writer.Raw(entry.revision.bytes());
      break;
    case JournalKind::kAborted:
      writer.Raw(entry.upload.bytes());
      break;
  }
}

absl::Status ReadDetails(ByteReader& reader, JournalEntry& entry) {
  switch (entry.kind) {
    case JournalKind::kUploading:
      entry.upload = reader.ReadId<UploadId>();
      entry.parent = reader.ReadId<NodeId>();
      entry.name = std::string(reader.Short());
      entry.size = reader.U64();
      return ValidateName(entry.name).ok() ? absl::OkStatus() : Damaged("the name is not valid");
    case JournalKind::kCommitted:
    case JournalKind::kAside:
      entry.revision = reader.ReadId<RevisionId>();
      return absl::OkStatus();
    case JournalKind::kAborted:
      entry.upload = reader.ReadId<UploadId>();
      return absl::OkStatus();
  }
  return Damaged("unknown kind");
}

}  // namespace

std::string FormatCursor(const Cursor& cursor) {
  return absl::StrCat(cursor.history.ToHex(), ".", cursor.sequence);
}

absl::StatusOr<Cursor> ParseCursor(absl::string_view text) {
  constexpr size_t kHexDigits = 2 * HistoryId::kSize;
  if (text.size() < kHexDigits + 2 || text[kHexDigits] != '.') return BadCursor();
  auto history = HistoryId::FromHex(text.substr(0, kHexDigits));
  if (!history.ok()) return BadCursor();
  Cursor cursor{.history = *history};
  // Only the one form that FormatCursor gives: no sign, blank, leading zero or upper case.
  if (!absl::SimpleAtoi(text.substr(kHexDigits + 1), &cursor.sequence) ||
      FormatCursor(cursor) != text) {
    return BadCursor();
  }
  return cursor;
}

std::string EncodeJournalEntry(const JournalEntry& entry) {
  ByteWriter writer;
  writer.U8(kEntryVersion);
  writer.U8(static_cast<uint8_t>(entry.kind));
  writer.U64(entry.sequence);
  writer.Raw(entry.node.bytes());
  writer.Raw(entry.device.bytes());
  writer.I64(absl::ToUnixMicros(entry.time));
  EncodeDetails(entry, writer);
  return std::move(writer).Take();
}

absl::StatusOr<JournalEntry> DecodeJournalEntry(absl::string_view bytes) {
  ByteReader reader(bytes, "journal entry");
  const uint8_t version = reader.U8();
  if (version > kEntryVersion) {
    return MakeError(Reason::kVersion,
                     absl::StrCat("journal entry: version ", version, "; upgrade this program"));
  }
  if (version != kEntryVersion) return Damaged("unknown version");
  JournalEntry entry;
  entry.kind = static_cast<JournalKind>(reader.U8());
  entry.sequence = reader.U64();
  entry.node = reader.ReadId<NodeId>();
  entry.device = reader.ReadId<DeviceId>();
  entry.time = absl::FromUnixMicros(reader.I64());
  SYNCENGINE_RETURN_IF_ERROR(ReadDetails(reader, entry));
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return entry;
}

}  // namespace syncengine
