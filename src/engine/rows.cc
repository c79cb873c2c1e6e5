#include "src/engine/rows.h"

#include "absl/strings/str_cat.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::engine {
namespace {

constexpr absl::string_view kFormatMagic = "SERF";
constexpr uint8_t kRowVersion = 1;
constexpr size_t kDigestBytes = 32;

absl::Status Damaged(absl::string_view object, absl::string_view what) {
  return MakeError(Reason::kIntegrity, absl::StrCat(object, ": ", what));
}

ByteWriter NewRow() {
  ByteWriter writer;
  writer.U8(kRowVersion);
  return writer;
}

absl::Status ReadVersion(ByteReader& reader, absl::string_view object) {
  const uint8_t version = reader.U8();
  if (version > kRowVersion) {
    return MakeError(Reason::kVersion,
                     absl::StrCat(object, ": version ", version, "; upgrade this program"));
  }
  return version == kRowVersion ? absl::OkStatus() : Damaged(object, "unknown version");
}

template <typename IdType>
void WriteIds(ByteWriter& writer, absl::Span<const IdType> ids) {
  writer.U32(static_cast<uint32_t>(ids.size()));
  for (const IdType& id : ids) writer.Raw(id.bytes());
}

// Allocates only for ids whose bytes are there.
template <typename IdType>
std::vector<IdType> ReadIds(ByteReader& reader) {
  const uint32_t count = reader.U32();
  std::vector<IdType> ids;
  if (count > reader.remaining() / IdType::kSize) {
    reader.Raw(reader.remaining() + 1);  // Makes Finish fail.
    return ids;
  }
  ids.reserve(count);
  for (uint32_t i = 0; i < count; ++i) ids.push_back(reader.ReadId<IdType>());
  return ids;
}

// Another value than 0 and 1 makes Finish fail.
bool ReadFlag(ByteReader& reader) {
  const uint8_t flag = reader.U8();
  if (flag > 1) reader.Raw(reader.remaining() + 1);
  return flag == 1;
}

absl::Time ReadTime(ByteReader& reader) { return absl::FromUnixMicros(reader.I64()); }

}  // namespace

std::string EncodeRow(const FormatRow& row) {
  ByteWriter writer;
  writer.Raw(kFormatMagic);
  writer.U32(kLayoutVersion);
  writer.Raw(row.id.bytes());
  writer.I64(absl::ToUnixMicros(row.created));
  return std::move(writer).Take();
}

template <>
absl::StatusOr<FormatRow> DecodeRow<FormatRow>(absl::string_view bytes) {
  ByteReader reader(bytes, "format record");
  if (reader.Raw(kFormatMagic.size()) != kFormatMagic) {
    return Damaged("format record", "not a repository of syncengine");
  }
  const uint32_t version = reader.U32();
  if (version > kLayoutVersion) {
    return MakeError(Reason::kVersion,
                     absl::StrCat("repository: written in layout ", version,
                                  ", this program knows ", kLayoutVersion, "; upgrade it"));
  }
  if (version != kLayoutVersion) {
    return MakeError(Reason::kVersion,
                     absl::StrCat("repository: written in layout ", version,
                                  " of a version before the first release; copy its content with "
                                  "the program that wrote it into a new one"));
  }
  FormatRow row{.id = reader.ReadId<RepositoryId>(), .created = ReadTime(reader)};
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return row;
}

std::string EncodeRow(const NamespaceRow& row) {
  const NamespaceRecord& record = row.record;
  ByteWriter writer = NewRow();
  writer.Raw(record.id.bytes());
  writer.Short(record.name);
  writer.U8(static_cast<uint8_t>(record.key_holder));
  writer.U8(record.chunker_suite);
  writer.U32(record.average_block_bytes);
  writer.U16(static_cast<uint16_t>(record.key_slots.size()));
  for (const std::string& slot : record.key_slots) writer.Long(slot);
  writer.Long(row.wrapped_keys);
  return std::move(writer).Take();
}

template <>
absl::StatusOr<NamespaceRow> DecodeRow<NamespaceRow>(absl::string_view bytes) {
  ByteReader reader(bytes, "namespace record");
  SYNCENGINE_RETURN_IF_ERROR(ReadVersion(reader, "namespace record"));
  NamespaceRow row;
  row.record.id = reader.ReadId<NamespaceId>();
  row.record.name = std::string(reader.Short());
  row.record.key_holder = static_cast<KeyHolder>(reader.U8());
  row.record.chunker_suite = reader.U8();
  row.record.average_block_bytes = reader.U32();
  const uint16_t slots = reader.U16();
  for (uint16_t i = 0; i < slots && reader.ok(); ++i) {
    row.record.key_slots.emplace_back(reader.Long());
  }
  row.wrapped_keys = std::string(reader.Long());
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  if (row.record.key_holder != KeyHolder::kServer &&
      row.record.key_holder != KeyHolder::kEndToEnd) {
    return Damaged("namespace record", "unknown key holder");
  }
  return row;
}

std::string EncodeRow(const DeviceRow& row) {
  ByteWriter writer = NewRow();
  writer.Raw(row.id.bytes());
  writer.Short(row.name);
  writer.I64(absl::ToUnixMicros(row.created));
  writer.U8(row.revoked ? 1 : 0);
  writer.Raw(row.nonce_hash);
  writer.Raw(row.masked_token);
  return std::move(writer).Take();
}

template <>
absl::StatusOr<DeviceRow> DecodeRow<DeviceRow>(absl::string_view bytes) {
  ByteReader reader(bytes, "device record");
  SYNCENGINE_RETURN_IF_ERROR(ReadVersion(reader, "device record"));
  DeviceRow row;
  row.id = reader.ReadId<DeviceId>();
  row.name = std::string(reader.Short());
  row.created = ReadTime(reader);
  row.revoked = ReadFlag(reader);
  row.nonce_hash = std::string(reader.Raw(kDigestBytes));
  row.masked_token = std::string(reader.Raw(kDigestBytes));
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return row;
}

std::string EncodeRow(const HeadRow& row) {
  ByteWriter writer = NewRow();
  writer.Raw(row.history.bytes());
  writer.U64(row.sequence);
  writer.U64(row.first_sequence);
  writer.U64(row.operations);
  writer.U64(row.epoch);
  return std::move(writer).Take();
}

template <>
absl::StatusOr<HeadRow> DecodeRow<HeadRow>(absl::string_view bytes) {
  ByteReader reader(bytes, "namespace head");
  SYNCENGINE_RETURN_IF_ERROR(ReadVersion(reader, "namespace head"));
  HeadRow row{.history = reader.ReadId<HistoryId>(),
              .sequence = reader.U64(),
              .first_sequence = reader.U64(),
              .operations = reader.U64(),
              .epoch = reader.U64()};
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return row;
}

std::string EncodeRow(const UsageRow& row) {
  const Usage& usage = row.usage;
  ByteWriter writer = NewRow();
  for (const uint64_t count : {usage.logical_bytes, usage.stored_bytes, usage.blocks,
                               usage.segments, usage.revisions, usage.nodes}) {
    writer.U64(count);
  }
  return std::move(writer).Take();
}

template <>
absl::StatusOr<UsageRow> DecodeRow<UsageRow>(absl::string_view bytes) {
  ByteReader reader(bytes, "usage");
  SYNCENGINE_RETURN_IF_ERROR(ReadVersion(reader, "usage"));
  UsageRow row{.usage = {.logical_bytes = reader.U64(),
                         .stored_bytes = reader.U64(),
                         .blocks = reader.U64(),
                         .segments = reader.U64(),
                         .revisions = reader.U64(),
                         .nodes = reader.U64()}};
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return row;
}

std::string EncodeRow(const NodeRow& row) {
  ByteWriter writer = NewRow();
  writer.U64(row.sequence);
  writer.U64(row.digest);
  return std::move(writer).Take();
}

template <>
absl::StatusOr<NodeRow> DecodeRow<NodeRow>(absl::string_view bytes) {
  ByteReader reader(bytes, "node row");
  SYNCENGINE_RETURN_IF_ERROR(ReadVersion(reader, "node row"));
  NodeRow row{.sequence = reader.U64(), .digest = reader.U64()};
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return row;
}

namespace {
bool IsShort(const BlockRow& row) { return row.refs <= UINT8_MAX && row.touch_epoch <= UINT16_MAX; }
}  // namespace

// There are more of these rows than of all others. State (2 bits), kind (2) and depth (4) share a
// byte, and counts that are small, as they mostly are, take few.
std::string EncodeRow(const BlockRow& row) {
  ByteWriter writer = NewRow();
  writer.U8(static_cast<uint8_t>(static_cast<uint8_t>(row.state) |
                                 static_cast<uint8_t>(row.kind) << 2 | row.depth << 4));
  writer.Raw(row.segment.bytes());
  writer.U32(row.offset);
  writer.U32(row.length);
  if (IsShort(row)) {
    writer.U8(static_cast<uint8_t>(row.refs));
    writer.U16(static_cast<uint16_t>(row.touch_epoch));
  } else {
    writer.U64(row.refs);
    writer.U64(row.touch_epoch);
  }
  return std::move(writer).Take();
}

template <>
absl::StatusOr<BlockRow> DecodeRow<BlockRow>(absl::string_view bytes) {
  ByteReader reader(bytes, "block row");
  SYNCENGINE_RETURN_IF_ERROR(ReadVersion(reader, "block row"));
  const uint8_t packed = reader.U8();
  BlockRow row{.state = static_cast<BlockState>(packed & 3),
               .kind = static_cast<FrameKind>(packed >> 2 & 3),
               .segment = reader.ReadId<SegmentId>(),
               .offset = reader.U32(),
               .length = reader.U32(),
               .depth = static_cast<uint8_t>(packed >> 4)};
  const bool is_short = reader.remaining() == 3;
  row.refs = is_short ? reader.U8() : reader.U64();
  row.touch_epoch = is_short ? reader.U16() : reader.U64();
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  if (row.state < BlockState::kPresent || row.state > BlockState::kDeleting) {
    return Damaged("block row", "unknown state");
  }
  if (row.kind < FrameKind::kData || row.kind > FrameKind::kDelta) {
    return Damaged("block row", "unknown kind");
  }
  if (is_short != IsShort(row)) return Damaged("block row", "counts in another form");
  if ((row.depth == 0) != (row.kind != FrameKind::kDelta) || row.depth > limits::kDeltaDepthMax) {
    return Damaged("block row", "a depth that its kind cannot have");
  }
  return row;
}

std::string EncodeRow(const ChildrenRow& row) {
  ByteWriter writer = NewRow();
  WriteIds<BlockId>(writer, row.ids);
  return std::move(writer).Take();
}

template <>
absl::StatusOr<ChildrenRow> DecodeRow<ChildrenRow>(absl::string_view bytes) {
  ByteReader reader(bytes, "children row");
  SYNCENGINE_RETURN_IF_ERROR(ReadVersion(reader, "children row"));
  ChildrenRow row{.ids = ReadIds<BlockId>(reader)};
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return row;
}

std::string EncodeRow(const DeltaRow& row) {
  ByteWriter writer = NewRow();
  writer.U32(row.blocks);
  WriteIds<BlockId>(writer, row.bases);
  return std::move(writer).Take();
}

template <>
absl::StatusOr<DeltaRow> DecodeRow<DeltaRow>(absl::string_view bytes) {
  ByteReader reader(bytes, "delta row");
  SYNCENGINE_RETURN_IF_ERROR(ReadVersion(reader, "delta row"));
  DeltaRow row{.blocks = reader.U32(), .bases = ReadIds<BlockId>(reader)};
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return row;
}

std::string EncodeRow(const SegmentRow& row) {
  ByteWriter writer = NewRow();
  writer.U64(row.size);
  writer.U32(row.frames);
  writer.U64(row.blocks_new);
  writer.Raw(row.upload.bytes());
  writer.Raw(row.sha256);
  writer.U64(row.blocks_live);
  writer.U64(row.epoch);
  return std::move(writer).Take();
}

template <>
absl::StatusOr<SegmentRow> DecodeRow<SegmentRow>(absl::string_view bytes) {
  ByteReader reader(bytes, "segment row");
  SYNCENGINE_RETURN_IF_ERROR(ReadVersion(reader, "segment row"));
  SegmentRow row;
  row.size = reader.U64();
  row.frames = reader.U32();
  row.blocks_new = reader.U64();
  row.upload = reader.ReadId<UploadId>();
  row.sha256 = std::string(reader.Raw(kDigestBytes));
  row.blocks_live = reader.U64();
  row.epoch = reader.U64();
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return row;
}

std::string EncodeRow(const DoomRow& row) {
  ByteWriter writer = NewRow();
  writer.U8(static_cast<uint8_t>(row.state));
  writer.U64(row.epoch);
  writer.I64(absl::ToUnixMicros(row.time));
  writer.U64(row.size);
  return std::move(writer).Take();
}

template <>
absl::StatusOr<DoomRow> DecodeRow<DoomRow>(absl::string_view bytes) {
  ByteReader reader(bytes, "doom row");
  SYNCENGINE_RETURN_IF_ERROR(ReadVersion(reader, "doom row"));
  DoomRow row{.state = static_cast<DoomState>(reader.U8()),
              .epoch = reader.U64(),
              .time = ReadTime(reader),
              .size = reader.U64()};
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  if (row.state < DoomState::kSuspect || row.state > DoomState::kGone) {
    return Damaged("doom row", "unknown state");
  }
  return row;
}

std::string EncodeRow(const EpochRow& row) {
  ByteWriter writer = NewRow();
  writer.I64(absl::ToUnixMicros(row.completed));
  writer.U64(row.blocks);
  writer.U64(row.condemned);
  return std::move(writer).Take();
}

template <>
absl::StatusOr<EpochRow> DecodeRow<EpochRow>(absl::string_view bytes) {
  ByteReader reader(bytes, "epoch row");
  SYNCENGINE_RETURN_IF_ERROR(ReadVersion(reader, "epoch row"));
  EpochRow row{.completed = ReadTime(reader), .blocks = reader.U64(), .condemned = reader.U64()};
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return row;
}

std::string EncodeRow(const LeaseRow& row) {
  ByteWriter writer = NewRow();
  writer.Raw(row.holder.bytes());
  writer.U64(row.token);
  writer.I64(absl::ToUnixMicros(row.until));
  return std::move(writer).Take();
}

template <>
absl::StatusOr<LeaseRow> DecodeRow<LeaseRow>(absl::string_view bytes) {
  ByteReader reader(bytes, "collector lease");
  SYNCENGINE_RETURN_IF_ERROR(ReadVersion(reader, "collector lease"));
  LeaseRow row{
      .holder = reader.ReadId<CollectorId>(), .token = reader.U64(), .until = ReadTime(reader)};
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return row;
}

std::string EncodeRow(const UploadRow& row) {
  ByteWriter writer = NewRow();
  writer.Raw(row.device.bytes());
  writer.I64(absl::ToUnixMicros(row.touched));
  WriteIds<NodeId>(writer, row.pending);
  writer.U64(row.epoch);
  writer.U8(row.holds ? 1 : 0);
  return std::move(writer).Take();
}

template <>
absl::StatusOr<UploadRow> DecodeRow<UploadRow>(absl::string_view bytes) {
  ByteReader reader(bytes, "upload row");
  SYNCENGINE_RETURN_IF_ERROR(ReadVersion(reader, "upload row"));
  UploadRow row{.device = reader.ReadId<DeviceId>(),
                .touched = ReadTime(reader),
                .pending = ReadIds<NodeId>(reader),
                .epoch = reader.U64(),
                .holds = ReadFlag(reader)};
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return row;
}

std::string EncodeRow(const OperationRow& row) {
  ByteWriter writer = NewRow();
  writer.U64(row.ordinal);
  writer.Raw(row.upload.bytes());
  writer.U64(row.first_sequence);
  WriteIds<RevisionId>(writer, row.revisions);
  return std::move(writer).Take();
}

template <>
absl::StatusOr<OperationRow> DecodeRow<OperationRow>(absl::string_view bytes) {
  ByteReader reader(bytes, "operation row");
  SYNCENGINE_RETURN_IF_ERROR(ReadVersion(reader, "operation row"));
  OperationRow row{.ordinal = reader.U64(),
                   .upload = reader.ReadId<UploadId>(),
                   .first_sequence = reader.U64(),
                   .revisions = ReadIds<RevisionId>(reader)};
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return row;
}

std::string EncodeRow(const PlaceRow& row) {
  ByteWriter writer = NewRow();
  writer.Raw(row.cursor.history.bytes());
  writer.U64(row.cursor.sequence);
  writer.I64(absl::ToUnixMicros(row.time));
  return std::move(writer).Take();
}

template <>
absl::StatusOr<PlaceRow> DecodeRow<PlaceRow>(absl::string_view bytes) {
  ByteReader reader(bytes, "device place");
  SYNCENGINE_RETURN_IF_ERROR(ReadVersion(reader, "device place"));
  PlaceRow row{.cursor = {.history = reader.ReadId<HistoryId>(), .sequence = reader.U64()},
               .time = ReadTime(reader)};
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return row;
}

template <>
absl::StatusOr<Revision> DecodeRow<Revision>(absl::string_view bytes) {
  return DecodeRevision(bytes);
}

template <>
absl::StatusOr<JournalEntry> DecodeRow<JournalEntry>(absl::string_view bytes) {
  return DecodeJournalEntry(bytes);
}

template <>
absl::StatusOr<NodeId> DecodeRow<NodeId>(absl::string_view bytes) {
  auto id = NodeId::FromBytes(bytes);
  return id.ok() ? id : Damaged("name row", id.status().message());
}

template <>
absl::StatusOr<DeviceId> DecodeRow<DeviceId>(absl::string_view bytes) {
  auto id = DeviceId::FromBytes(bytes);
  return id.ok() ? id : Damaged("device name row", id.status().message());
}

template <>
absl::StatusOr<OpId> DecodeRow<OpId>(absl::string_view bytes) {
  auto id = OpId::FromBytes(bytes);
  return id.ok() ? id : Damaged("operation ordinal row", id.status().message());
}

}  // namespace syncengine::engine
