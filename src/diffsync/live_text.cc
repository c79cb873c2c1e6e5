#include "syncengine/diffsync/live_text.h"

#include <utility>

#include "src/diffsync/live_text_state.h"
#include "src/diffsync/packet.h"
#include "src/diffsync/text_edit.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine {

using diffsync::Packet;
using diffsync::PacketKind;
using diffsync::PendingEdits;
using diffsync::Rope;
using diffsync::TextEdit;

namespace {

constexpr absl::string_view kMagic = "SELT";

absl::Status CheckText(absl::string_view text) {
  return CheckFits(TextEdit::FromSplice({.inserted = std::string(text)}), Rope());
}

absl::Status TooManyPlaces() {
  return absl::ResourceExhaustedError(
      "live text: edited in too many places since the last packet; exchange packets, or commit the "
      "text as a file");
}

}  // namespace

LiveText::LiveText(std::unique_ptr<State> state) : state_(std::move(state)) {}
LiveText::LiveText(LiveText&&) noexcept = default;
LiveText& LiveText::operator=(LiveText&&) noexcept = default;
LiveText::~LiveText() = default;

absl::StatusOr<LiveText> LiveText::Create(const LiveTextOptions& options, absl::string_view text) {
  if (options.link == 0) {
    return absl::InvalidArgumentError("live text: the link is zero; draw it at random");
  }
  SYNCENGINE_RETURN_IF_ERROR(CheckText(text));
  auto state = std::make_unique<State>();
  state->options = options;
  state->shadow = Rope(text);
  state->live = state->shadow;
  return LiveText(std::move(state));
}

uint64_t LiveText::link() const { return state_->options.link; }
std::string LiveText::Text() const { return state_->live.Text(); }
size_t LiveText::size() const { return state_->live.size(); }
uint64_t LiveText::Checksum() const { return state_->live.Checksum(); }
bool LiveText::Waiting() const { return state_->open.has_value(); }
uint64_t LiveText::sequence() const { return state_->sequence; }
uint64_t LiveText::resyncs() const { return state_->resyncs; }
size_t LiveText::OffsetOfCodePoint(size_t index) const {
  return state_->live.OffsetOfCodePoint(index);
}
size_t LiveText::CodePointAtOffset(size_t offset) const {
  return state_->live.CodePointAtOffset(offset);
}

absl::Status LiveText::Splice(size_t position, size_t deleted, absl::string_view inserted) {
  if (deleted == 0 && inserted.empty() && position <= size()) return absl::OkStatus();
  LiveSplice splice{position, deleted, std::string(inserted)};
  SYNCENGINE_RETURN_IF_ERROR(CheckFits(TextEdit::FromSplice(splice), state_->live));
  if (state_->pending.runs_at_most() >= kUnsentRunsMax) return TooManyPlaces();
  state_->live.Replace(position, deleted, inserted);
  state_->pending.Add(std::move(splice));
  return absl::OkStatus();
}

absl::Status LiveText::Replace(absl::string_view text) {
  SYNCENGINE_RETURN_IF_ERROR(CheckText(text));
  if (state_->pending.runs_at_most() >= kUnsentRunsMax) return TooManyPlaces();
  TextEdit edit = diffsync::EditBetween(state_->options.differ, Text(), text);
  const bool scattered = edit.runs().size() + state_->pending.runs_at_most() > kUnsentRunsMax;
  if (scattered) edit = diffsync::EditBetween(DifferByEnds, Text(), text);
  for (LiveSplice& splice : diffsync::ToSplices(edit)) {
    state_->live.Replace(splice.position, splice.deleted, splice.inserted);
    state_->pending.Add(std::move(splice));
  }
  return absl::OkStatus();
}

bool LiveText::HasUnsent() const {
  return !state_->joined || state_->open.has_value() || !state_->pending.empty();
}

std::string LiveText::NextPacket() {
  return state_->open ? state_->open->packet : state_->NewRequest();
}

absl::StatusOr<LiveArrival> LiveText::Receive(absl::string_view bytes) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Packet reply, diffsync::DecodePacket(bytes));
  if (reply.link != link() || diffsync::IsRequest(reply.kind)) {
    return absl::InvalidArgumentError(
        "live packet: not a reply to this link; hand each reply to the one that asked");
  }
  LiveArrival arrival;
  if (!state_->open || reply.number != state_->number) return arrival;
  arrival.answered = true;
  if (reply.kind == PacketKind::kWhole) {
    state_->BringTogether(reply, arrival);
    return arrival;
  }
  if (reply.kind == PacketKind::kRejoin) {
    state_->Rejoin(reply.sequence);
    return arrival;
  }
  if (reply.kind == PacketKind::kTooLong) {
    state_->TakeBack(arrival);
    return arrival;
  }
  Rope merged = state_->open->result;
  const bool fits = CheckFits(reply.edit, merged).ok();
  if (fits) Apply(reply.edit, merged);
  if (fits && merged.Checksum() == *reply.checksum) {
    state_->Forward(reply, std::move(merged), arrival);
  } else {
    state_->Rejoin(0);
  }
  return arrival;
}

std::string LiveText::Snapshot() const {
  ByteWriter writer;
  const State& state = *state_;
  writer.U64(state.options.link);
  writer.U64(state.number);
  writer.U8(state.joined ? 1 : 0);
  writer.U8(state.shadow_unsure ? 1 : 0);
  writer.U8(static_cast<uint8_t>(state.restores_left));
  writer.U64(state.epoch);
  writer.U64(state.sequence);
  writer.U64(state.durable);
  writer.U64(state.resyncs);
  writer.Long(state.shadow.Text());
  writer.Long(state.open ? absl::string_view(state.open->packet) : absl::string_view());
  WriteEdit(state.pending.Whole(), writer);
  const bool anchored = !state.anchors.empty() && state.anchors.front().sequence <= state.durable;
  writer.U8(anchored ? 1 : 0);
  if (anchored) {
    writer.U64(state.anchors.front().sequence);
    writer.Long(state.anchors.front().text.Text());
  }
  return diffsync::SealSnapshot(kMagic, std::move(writer));
}

namespace {

absl::Status BadSnapshot() {
  return MakeError(Reason::kIntegrity,
                   "live snapshot: its parts do not fit together; begin again from a revision");
}

}  // namespace

// The open request of a snapshot, checked against the shadow; `live` moves on to its result.
absl::Status LiveText::State::Reopen(absl::string_view packet) {
  if (packet.empty()) return absl::OkStatus();
  const auto request = diffsync::DecodePacket(packet);
  if (!request.ok() || request->link != options.link || request->number != number ||
      !CheckFits(request->edit, shadow).ok()) {
    return BadSnapshot();
  }
  Apply(request->edit, live);
  open = OpenRequest{std::string(packet), request->edit, live};
  return absl::OkStatus();
}

absl::StatusOr<LiveText> LiveText::Restore(const LiveTextOptions& options,
                                           absl::string_view bytes) {
  SYNCENGINE_ASSIGN_OR_RETURN(const absl::string_view content,
                              diffsync::OpenSnapshot(kMagic, bytes));
  ByteReader reader(content, "live snapshot");
  auto state = std::make_unique<State>();
  state->options = options;
  state->options.link = reader.U64();
  state->number = reader.U64();
  state->joined = reader.U8() != 0;
  state->shadow_unsure = reader.U8() != 0;
  state->restores_left = reader.U8();
  state->epoch = reader.U64();
  state->sequence = reader.U64();
  state->durable = reader.U64();
  state->resyncs = reader.U64();
  const absl::string_view shadow = reader.Long();
  const absl::string_view packet = reader.Long();
  auto pending = diffsync::ReadEdit(reader);
  if (!pending || state->options.link == 0 || !CheckText(shadow).ok()) return BadSnapshot();
  if (state->number > limits::kLiveNumberMax) return BadSnapshot();
  if (reader.U8() != 0) {
    const uint64_t sequence = reader.U64();
    const absl::string_view text = reader.Long();
    if (!CheckText(text).ok()) return BadSnapshot();
    state->anchors.push_back({sequence, Rope(text)});
  }
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  state->shadow = Rope(shadow);
  state->live = state->shadow;
  SYNCENGINE_RETURN_IF_ERROR(state->Reopen(packet));
  if (!CheckFits(*pending, state->live).ok()) return BadSnapshot();
  Apply(*pending, state->live);
  state->pending = PendingEdits(*std::move(pending));
  return LiveText(std::move(state));
}

}  // namespace syncengine
