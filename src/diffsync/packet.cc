#include "src/diffsync/packet.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "src/diffsync/utf8.h"
#include "src/kernels/checksum.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::diffsync {
namespace {

constexpr uint8_t kPacketVersion = 1;
constexpr uint8_t kSnapshotVersion = 1;
constexpr size_t kCheckBytes = 4;
constexpr size_t kMagicBytes = 4;
constexpr size_t kSealBytes = 8;

uint32_t CheckOf(absl::string_view bytes) { return static_cast<uint32_t>(kernels::Xxh3(bytes)); }

absl::Status Refuse(absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("live packet: ", why, "; send what NextPacket or Receive gave, unchanged"));
}

bool HasPlace(PacketKind kind) {
  return kind == PacketKind::kMerged || kind == PacketKind::kJoined || kind == PacketKind::kWhole;
}

// The fields after the number; false when one is not as EncodePacket writes it.
bool ReadBody(ByteReader& reader, Packet& packet) {
  const PacketKind kind = packet.kind;
  if (kind == PacketKind::kRejoin) {
    const auto above = ReadVarint(reader, limits::kLiveNumberMax);
    packet.sequence = above.value_or(0);
    return above.has_value();
  }
  if (kind == PacketKind::kTooLong) return true;
  if (kind == PacketKind::kJoined || kind == PacketKind::kWhole) packet.epoch = reader.U64();
  if (HasPlace(kind)) {
    const auto sequence = ReadVarint(reader, limits::kLiveNumberMax);
    const auto durable = ReadVarint(reader, sequence.value_or(0));
    if (!sequence || !durable) return false;
    packet.sequence = *sequence;
    packet.durable = *durable;
  }
  if (kind == PacketKind::kJoin) {
    const uint8_t has_text = reader.U8();
    if (has_text > 1) return false;
    if (has_text == 1) packet.checksum = reader.U64();
    return true;
  }
  packet.checksum = reader.U64();
  if (kind == PacketKind::kWhole) {
    packet.text = std::string(reader.Raw(reader.remaining()));
    return packet.text.size() <= limits::kLiveTextBytesMax && IsUtf8(packet.text);
  }
  auto edit = ReadEdit(reader);
  if (!edit) return false;
  packet.edit = *std::move(edit);
  return true;
}

}  // namespace

void WriteVarint(uint64_t value, ByteWriter& writer) {
  for (; value >= 0x80; value >>= 7) writer.U8(static_cast<uint8_t>(value | 0x80));
  writer.U8(static_cast<uint8_t>(value));
}

std::optional<uint64_t> ReadVarint(ByteReader& reader, uint64_t most) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = reader.U8();
    const uint64_t bits = byte & 0x7F;
    if (shift == 63 && bits > 1) return std::nullopt;
    value |= bits << shift;
    if (byte >= 0x80) continue;
    const bool padded = byte == 0 && shift > 0;
    if (padded || !reader.ok() || value > most) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

void WriteEdit(const TextEdit& edit, ByteWriter& writer) {
  WriteVarint(edit.runs().size(), writer);
  absl::string_view inserted = edit.inserted();
  for (const Run& run : edit.runs()) {
    WriteVarint(uint64_t{run.size} << 2 | static_cast<uint64_t>(run.kind), writer);
    if (run.kind != RunKind::kInsert) continue;
    writer.Raw(inserted.substr(0, run.size));
    inserted.remove_prefix(run.size);
  }
}

std::optional<TextEdit> ReadEdit(ByteReader& reader) {
  const auto count = ReadVarint(reader, limits::kLiveRunsMax);
  if (!count || *count > reader.remaining()) return std::nullopt;
  TextEdit edit;
  for (uint64_t i = 0; i < *count; ++i) {
    const auto word = ReadVarint(reader, limits::kLiveTextBytesMax << 2 | 3);
    if (!word || *word >> 2 == 0) return std::nullopt;
    const auto size = static_cast<size_t>(*word >> 2);
    switch (*word & 3) {
      case 0:
        edit.Keep(size);
        break;
      case 1:
        edit.Delete(size);
        break;
      case 2:
        if (size > reader.remaining()) return std::nullopt;
        edit.Insert(reader.Raw(size));
        break;
      default:
        return std::nullopt;
    }
  }
  // Runs that touch, and a kept one at the end, have another form.
  if (edit.runs().size() != *count) return std::nullopt;
  return edit;
}

std::string EncodePacket(const Packet& packet) {
  ByteWriter writer;
  writer.U8(kPacketVersion);
  writer.U8(static_cast<uint8_t>(packet.kind));
  writer.U64(packet.link);
  WriteVarint(packet.number, writer);
  if (packet.kind == PacketKind::kRejoin) WriteVarint(packet.sequence, writer);
  if (packet.kind == PacketKind::kJoined || packet.kind == PacketKind::kWhole) {
    writer.U64(packet.epoch);
  }
  if (HasPlace(packet.kind)) {
    WriteVarint(packet.sequence, writer);
    WriteVarint(packet.durable, writer);
  }
  if (packet.kind == PacketKind::kJoin) writer.U8(packet.checksum.has_value() ? 1 : 0);
  if (packet.kind != PacketKind::kRejoin && packet.checksum) writer.U64(*packet.checksum);
  if (packet.kind == PacketKind::kWhole) writer.Raw(packet.text);
  if (packet.kind == PacketKind::kEdits || packet.kind == PacketKind::kRestore ||
      packet.kind == PacketKind::kMerged || packet.kind == PacketKind::kJoined) {
    WriteEdit(packet.edit, writer);
  }
  writer.U32(CheckOf(writer.bytes()));
  return std::move(writer).Take();
}

absl::StatusOr<Packet> DecodePacket(absl::string_view bytes) {
  if (bytes.size() > limits::kLivePacketBytesMax) {
    return Refuse(absl::StrCat(bytes.size(), " bytes, ", limits::kLivePacketBytesMax, " at most"));
  }
  if (bytes.size() < kCheckBytes) return Refuse("cut short");
  const absl::string_view content = bytes.substr(0, bytes.size() - kCheckBytes);
  ByteReader check(bytes.substr(content.size()), "live packet");
  if (check.U32() != CheckOf(content)) return Refuse("damaged on its way");
  ByteReader reader(content, "live packet");
  const uint8_t version = reader.U8(), kind = reader.U8();
  if (version != kPacketVersion) return Refuse(absl::StrCat("version ", version, ", expected 1"));
  if (kind < 1 || kind > 8) return Refuse(absl::StrCat("unknown kind ", kind));
  Packet packet{.kind = static_cast<PacketKind>(kind), .link = reader.U64()};
  const auto number = ReadVarint(reader, limits::kLiveNumberMax);
  if (packet.link == 0 || !number || *number == 0) return Refuse("no link or number");
  packet.number = *number;
  if (!ReadBody(reader, packet) || !reader.Finish().ok()) return Refuse("malformed");
  return packet;
}

std::string SealSnapshot(absl::string_view magic, ByteWriter content) {
  ByteWriter sealed;
  sealed.Raw(magic);
  sealed.U8(kSnapshotVersion);
  sealed.Raw(content.bytes());
  sealed.U64(kernels::Xxh3(sealed.bytes()));
  return std::move(sealed).Take();
}

absl::StatusOr<absl::string_view> OpenSnapshot(absl::string_view magic, absl::string_view bytes) {
  const size_t frame = kMagicBytes + 1 + kSealBytes;
  if (bytes.size() < frame || bytes.substr(0, kMagicBytes) != magic) {
    return MakeError(Reason::kIntegrity, "live snapshot: expected bytes that Snapshot gave");
  }
  ByteReader seal(bytes.substr(bytes.size() - kSealBytes), "live snapshot");
  if (seal.U64() != kernels::Xxh3(bytes.substr(0, bytes.size() - kSealBytes))) {
    return MakeError(Reason::kIntegrity, "live snapshot: damaged; begin again from a revision");
  }
  if (static_cast<uint8_t>(bytes[kMagicBytes]) != kSnapshotVersion) {
    return MakeError(Reason::kVersion,
                     "live snapshot: written by a newer library; update this one");
  }
  return bytes.substr(kMagicBytes + 1, bytes.size() - frame);
}

}  // namespace syncengine::diffsync
