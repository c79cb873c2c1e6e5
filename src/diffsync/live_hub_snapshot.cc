// The hub's state as bytes: the text and the log that leads back to every shadow.
#include <utility>
#include <vector>

#include "src/diffsync/live_hub_state.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine {

using diffsync::Rope;
using diffsync::TextEdit;

namespace {

constexpr absl::string_view kMagic = "SELH";

absl::Status BadSnapshot() {
  return MakeError(Reason::kIntegrity,
                   "live hub snapshot: its parts do not fit together; begin from a revision");
}

}  // namespace

std::string LiveHub::State::Save() const {
  ByteWriter writer;
  writer.U64(epoch);
  writer.U64(first);
  writer.U64(first_checksum);
  writer.U64(durable);
  writer.U64(resyncs);
  writer.Long(live.Text());
  writer.U32(static_cast<uint32_t>(log.size()));
  for (const Change& change : log) {
    WriteEdit(change.edit, writer);
    writer.Long(change.deleted);
    writer.U64(change.checksum);
  }
  writer.U32(static_cast<uint32_t>(links.size()));
  for (const auto& [name, link] : links) {
    writer.U64(name);
    writer.U64(link.number);
    writer.U64(link.request);
    writer.U64(link.sequence);
    writer.Long(link.reply);
  }
  return diffsync::SealSnapshot(kMagic, std::move(writer));
}

absl::Status LiveHub::State::Load(absl::string_view bytes) {
  SYNCENGINE_ASSIGN_OR_RETURN(const absl::string_view content,
                              diffsync::OpenSnapshot(kMagic, bytes));
  ByteReader reader(content, "live hub snapshot");
  epoch = reader.U64();
  first = reader.U64();
  first_checksum = reader.U64();
  durable = reader.U64();
  resyncs = reader.U64();
  const absl::string_view text = reader.Long();
  const TextEdit all = TextEdit::FromSplice({.inserted = std::string(text)});
  if (epoch == 0 || !CheckFits(all, Rope()).ok()) return BadSnapshot();
  live = Rope(text);
  SYNCENGINE_RETURN_IF_ERROR(LoadLog(reader));
  SYNCENGINE_RETURN_IF_ERROR(LoadLinks(reader));
  return reader.Finish();
}

absl::Status LiveHub::State::LoadLog(ByteReader& reader) {
  const uint32_t count = reader.U32();
  if (count > reader.remaining() || first > limits::kLiveNumberMax) return BadSnapshot();
  for (uint32_t i = 0; i < count; ++i) {
    auto edit = diffsync::ReadEdit(reader);
    if (!edit) return BadSnapshot();
    Change change{.edit = *std::move(edit), .deleted = std::string(reader.Long())};
    change.checksum = reader.U64();
    log_bytes += change.bytes();
    log.push_back(std::move(change));
  }
  if (durable > sequence() || !reader.ok()) return BadSnapshot();
  return absl::OkStatus();
}

absl::Status LiveHub::State::LoadLinks(ByteReader& reader) {
  const uint32_t count = reader.U32();
  if (count > reader.remaining()) return BadSnapshot();
  std::multimap<uint64_t, uint64_t> by_sequence;
  for (uint32_t i = 0; i < count; ++i) {
    Link link;
    const uint64_t name = reader.U64();
    link.number = reader.U64();
    link.request = reader.U64();
    link.sequence = reader.U64();
    link.reply = std::string(reader.Long());
    if (name == 0 || link.sequence < first || link.sequence > sequence() ||
        link.number > limits::kLiveNumberMax) {
      return BadSnapshot();
    }
    by_sequence.emplace(link.sequence, name);
    links[name] = std::move(link);
  }
  // Back through the log; each text on the way must be the one that was there.
  Rope text = live;
  for (uint64_t at = sequence();; --at) {
    const uint64_t expected = at == first ? first_checksum : log[at - first - 1].checksum;
    if (text.Checksum() != expected) return BadSnapshot();
    const auto [begin, end] = by_sequence.equal_range(at);
    for (auto it = begin; it != end; ++it) links[it->second].shadow = text;
    if (at == first) return absl::OkStatus();
    const Change& change = log[at - first - 1];
    const TextEdit back = Invert(change.edit, change.deleted);
    if (!CheckFits(back, text).ok()) return BadSnapshot();
    Apply(back, text);
    if (!CheckFits(change.edit, text).ok()) return BadSnapshot();
  }
}

}  // namespace syncengine
