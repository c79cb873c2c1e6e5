#include "src/diffsync/live_text_state.h"

#include <algorithm>
#include <utility>

#include "src/diffsync/bring_together.h"

namespace syncengine {

using diffsync::Packet;
using diffsync::PacketKind;
using diffsync::PendingEdits;
using diffsync::Rope;
using diffsync::TextEdit;

namespace {

constexpr size_t kAnchorsMax = 32;  // Ropes that share most leaves.
// After so many refusals some other writer edits without pause; it is then no longer restoring.
constexpr int kRestoresMax = 8;

}  // namespace

// After a reply the shadow is the hub's text at the reply's sequence.
void LiveText::State::Note(const Packet& reply) {
  joined = true;
  shadow_unsure = false;
  if (reply.epoch != 0) epoch = reply.epoch;
  sequence = reply.sequence;
  durable = reply.durable;
  if (anchors.empty() || anchors.back().sequence < sequence) anchors.push_back({sequence, shadow});
  while (anchors.size() > 1 && anchors[1].sequence <= durable) anchors.pop_front();
  // Thinned out where they are dense; the first and the last are needed.
  if (anchors.size() > kAnchorsMax) anchors.erase(anchors.begin() + kAnchorsMax / 2);
}

std::string LiveText::State::NewRequest() {
  Packet request{.link = options.link, .number = ++number};
  OpenRequest next;
  if (joined) {
    request.kind = restores_left > 0 ? PacketKind::kRestore : PacketKind::kEdits;
    request.edit = next.edit = pending.Take();
    request.checksum = live.Checksum();
    next.result = live;
  } else {
    if (!shadow_unsure) request.checksum = shadow.Checksum();
    next.result = shadow;
  }
  next.packet = EncodePacket(request);
  open = std::move(next);
  return open->packet;
}

// The reply fits: the hub's edits go below everything that was edited here since the request.
void LiveText::State::Forward(const Packet& reply, Rope merged, LiveArrival& arrival) {
  auto moved = Transform(pending.Take(), reply.edit);
  pending = PendingEdits(std::move(moved.first_after));
  arrival.remote = ToSplices(moved.second_after);
  Apply(moved.second_after, live);
  shadow = std::move(merged);
  open.reset();
  restores_left = 0;
  Note(reply);
}

// The hub does not know the link, or not this number: ask it for a text to agree on.
void LiveText::State::Rejoin(uint64_t number_above) {
  ++resyncs;
  shadow_unsure = shadow_unsure || !open->edit.empty();
  pending = PendingEdits(Compose(open->edit, pending.Take()));
  open.reset();
  joined = false;
  number = std::max(number, number_above);
}

// The hub cannot take the open request: the shadow is what both ends have.
void LiveText::State::TakeBack(LiveArrival& arrival) {
  arrival.refused = true;
  arrival.kept = live.Text();
  arrival.remote =
      diffsync::ToSplices(diffsync::EditBetween(options.differ, *arrival.kept, shadow.Text()));
  live = shadow;
  pending = PendingEdits();
  open.reset();
  restores_left = 0;
}

// A text from which both ends came: what the writer began with, the shadow, or, when the hub went
// back behind the shadow, what it had stored for good.
std::optional<std::string> LiveText::State::CommonBase(const Packet& reply) const {
  const bool first = epoch == 0;
  if (first || (reply.epoch == epoch && reply.sequence >= sequence)) return shadow.Text();
  if (anchors.empty() || anchors.front().sequence > durable) return std::nullopt;
  return anchors.front().text.Text();
}

void LiveText::State::BringTogether(const Packet& reply, LiveArrival& arrival) {
  const std::string ours = live.Text();
  const bool went_back = epoch != 0 && (reply.epoch != epoch || reply.sequence < sequence);
  const bool edited = !open->edit.empty() || !pending.empty() || went_back;
  restores_left = went_back ? kRestoresMax : std::max(0, restores_left - 1);
  TextEdit mine;
  if (edited && ours != reply.text) {
    const std::optional<std::string> base = CommonBase(reply);
    mine = base ? diffsync::MergedEdit(options.differ, options.merger, *base, ours, reply.text)
                : diffsync::UnitedEdit(options.differ, ours, reply.text);
    arrival.kept = ours;
  }
  shadow = Rope(reply.text);
  Rope merged = shadow;
  Apply(mine, merged);
  arrival.remote = diffsync::ToSplices(diffsync::EditBetween(options.differ, ours, merged.Text()));
  live = std::move(merged);
  pending = PendingEdits(std::move(mine));
  open.reset();
  anchors.clear();
  Note(reply);
}

}  // namespace syncengine
