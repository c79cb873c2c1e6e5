// What travels between a LiveText and its hub, as values and as bytes (docs/PROTOCOL.md).
#ifndef SYNCENGINE_SRC_DIFFSYNC_PACKET_H_
#define SYNCENGINE_SRC_DIFFSYNC_PACKET_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "src/diffsync/text_edit.h"
#include "syncengine/base/coding.h"

namespace syncengine::diffsync {

enum class PacketKind : uint8_t {
  kJoin = 1,    // to the hub: begin this link; `checksum` of a text the sender has, if any
  kEdits = 2,   // to the hub: `edit` of the shadow, `checksum` of the result
  kMerged = 3,  // from the hub: `edit` of that result, `checksum` of the new shadow
  kJoined = 4,  // from the hub: as kMerged, `edit` of the text that the join named
  kWhole = 5,   // from the hub: `text` is the new shadow
  kRejoin = 6,  // from the hub: join with a number above `sequence`
  // To the hub, as kEdits, but only as long as nobody else changed the text: edits that others may
  // be bringing back as well.
  kRestore = 7,
  // From the hub: with these edits the text would be longer than it may be. Nothing changed; the
  // shadow is what it was before the request.
  kTooLong = 8,
};

// True for what goes to the hub.
constexpr bool IsRequest(PacketKind kind) {
  return kind == PacketKind::kJoin || kind == PacketKind::kEdits || kind == PacketKind::kRestore;
}

struct Packet {
  PacketKind kind = PacketKind::kJoin;
  uint64_t link = 0;
  uint64_t number = 0;  // Of the request, from 1 on.
  uint64_t epoch = 0;   // kJoined, kWhole
  // Of the hub's text after this exchange, and of the last one stored for good.
  uint64_t sequence = 0;
  uint64_t durable = 0;
  std::optional<uint64_t> checksum;  // Absent only in a kJoin.
  TextEdit edit;
  std::string text;

  friend bool operator==(const Packet&, const Packet&) = default;
};

std::string EncodePacket(const Packet& packet);
// kInvalidArgument for everything that EncodePacket does not write.
absl::StatusOr<Packet> DecodePacket(absl::string_view bytes);

// Seven bits a byte, the lowest first, the high bit set in all bytes but the last; one encoding for
// each value.
void WriteVarint(uint64_t value, ByteWriter& writer);
// None when there is no valid one or it is above `most`.
std::optional<uint64_t> ReadVarint(ByteReader& reader, uint64_t most);

void WriteEdit(const TextEdit& edit, ByteWriter& writer);
// None when the bytes are no edit, or one in another form than WriteEdit gives it.
std::optional<TextEdit> ReadEdit(ByteReader& reader);

// Bytes with a frame that finds damage: `magic` of four characters, version, content, checksum.
std::string SealSnapshot(absl::string_view magic, ByteWriter content);
// The content. kDataLoss when they are not whole and unchanged; Reason::kVersion.
absl::StatusOr<absl::string_view> OpenSnapshot(absl::string_view magic, absl::string_view bytes);

}  // namespace syncengine::diffsync

#endif  // SYNCENGINE_SRC_DIFFSYNC_PACKET_H_
