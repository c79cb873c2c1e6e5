#include "syncengine/diffsync/live_hub.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/diffsync/bring_together.h"
#include "src/diffsync/live_hub_state.h"
#include "syncengine/base/error.h"

namespace syncengine {

using diffsync::Packet;
using diffsync::PacketKind;
using diffsync::Rope;
using diffsync::TextEdit;

LiveHub::LiveHub(std::unique_ptr<State> state) : state_(std::move(state)) {}
LiveHub::LiveHub(LiveHub&&) noexcept = default;
LiveHub& LiveHub::operator=(LiveHub&&) noexcept = default;
LiveHub::~LiveHub() = default;

absl::StatusOr<LiveHub> LiveHub::Create(const LiveHubOptions& options, absl::string_view text) {
  if (options.epoch == 0) {
    return absl::InvalidArgumentError("live hub: the epoch is zero; draw it at random");
  }
  const TextEdit all = TextEdit::FromSplice({.inserted = std::string(text)});
  SYNCENGINE_RETURN_IF_ERROR(CheckFits(all, Rope()));
  auto state = std::make_unique<State>();
  state->options = options;
  state->epoch = options.epoch;
  state->live = Rope(text);
  state->first_checksum = state->live.Checksum();
  return LiveHub(std::move(state));
}

absl::StatusOr<LiveHub> LiveHub::Restore(const LiveHubOptions& options, absl::string_view bytes) {
  auto state = std::make_unique<State>();
  state->options = options;
  SYNCENGINE_RETURN_IF_ERROR(state->Load(bytes));
  if (options.epoch != 0) state->epoch = options.epoch;
  return LiveHub(std::move(state));
}

absl::StatusOr<LiveAnswer> LiveHub::Receive(absl::string_view packet) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Packet request, diffsync::DecodePacket(packet));
  if (request.kind == PacketKind::kJoin) return state_->Join(request, packet);
  if (request.kind == PacketKind::kEdits || request.kind == PacketKind::kRestore) {
    return state_->Exchange(request, packet);
  }
  return absl::InvalidArgumentError("live packet: a reply; hand it to the LiveText that asked");
}

std::string LiveHub::Text() const { return state_->live.Text(); }
size_t LiveHub::size() const { return state_->live.size(); }
uint64_t LiveHub::Checksum() const { return state_->live.Checksum(); }
uint64_t LiveHub::sequence() const { return state_->sequence(); }
size_t LiveHub::links() const { return state_->links.size(); }
uint64_t LiveHub::resyncs() const { return state_->resyncs; }
void LiveHub::MarkDurable(uint64_t sequence) {
  state_->durable = std::clamp(sequence, state_->durable, state_->sequence());
}
std::string LiveHub::Snapshot() const { return state_->Save(); }
size_t LiveHub::OffsetOfCodePoint(size_t index) const {
  return state_->live.OffsetOfCodePoint(index);
}
size_t LiveHub::CodePointAtOffset(size_t offset) const {
  return state_->live.CodePointAtOffset(offset);
}

absl::Status LiveHub::Splice(size_t position, size_t deleted, absl::string_view inserted) {
  const TextEdit edit = TextEdit::FromSplice({position, deleted, std::string(inserted)});
  SYNCENGINE_RETURN_IF_ERROR(CheckFits(edit, state_->live));
  state_->Record(edit);
  state_->Trim();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<LiveSplice>> LiveHub::Merge(absl::string_view base,
                                                       absl::string_view text) {
  for (const absl::string_view part : {base, text}) {
    const TextEdit all = TextEdit::FromSplice({.inserted = std::string(part)});
    SYNCENGINE_RETURN_IF_ERROR(CheckFits(all, Rope()));
  }
  const TextEdit edit =
      diffsync::MergedEdit(state_->options.differ, state_->options.merger, base, text, Text());
  SYNCENGINE_RETURN_IF_ERROR(CheckFits(edit, state_->live));
  state_->Record(edit);
  state_->Trim();
  return ToSplices(edit);
}

absl::StatusOr<uint64_t> LinkOfRequest(absl::string_view packet) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Packet request, diffsync::DecodePacket(packet));
  if (IsRequest(request.kind)) return request.link;
  return absl::InvalidArgumentError("live packet: a reply, not a request");
}

}  // namespace syncengine
