#include "src/diffsync/live_hub_state.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "src/kernels/checksum.h"
#include "syncengine/base/error.h"

namespace syncengine {

using diffsync::Packet;
using diffsync::PacketKind;
using diffsync::TextEdit;

namespace {

// Kept even when no link needs it: who comes back with a text of that time gets edits, not a text.
constexpr size_t kRecentBytes = 64u << 10;

}  // namespace

void LiveHub::State::Record(const TextEdit& edit) {
  if (edit.empty()) return;
  Change change{.edit = edit, .deleted = DeletedBy(edit, live)};
  Apply(edit, live);
  change.checksum = live.Checksum();
  log_bytes += change.bytes();
  log.push_back(std::move(change));
}

TextEdit LiveHub::State::Since(uint64_t sequence) const {
  std::vector<TextEdit> edits;
  edits.reserve(log.size() - (sequence - first));
  for (size_t i = sequence - first; i < log.size(); ++i) edits.push_back(log[i].edit);
  return ComposeAll(std::move(edits));
}

std::optional<uint64_t> LiveHub::State::Find(uint64_t checksum) const {
  for (size_t i = log.size(); i > 0; --i) {
    if (log[i - 1].checksum == checksum) return first + i;
  }
  if (first_checksum == checksum) return first;
  return std::nullopt;
}

void LiveHub::State::Trim() {
  const auto furthest = [this] {
    return std::min_element(links.begin(), links.end(), [](const auto& a, const auto& b) {
      return a.second.sequence < b.second.sequence;
    });
  };
  while (links.size() > options.links_max) links.erase(furthest());
  while (log_bytes > options.log_bytes_max && !links.empty() &&
         furthest()->second.sequence < sequence()) {
    const uint64_t behind = furthest()->second.sequence;
    std::erase_if(links, [behind](const auto& link) { return link.second.sequence == behind; });
    const uint64_t needed = links.empty() ? sequence() : furthest()->second.sequence;
    for (; first < needed; ++first) {
      log_bytes -= log.front().bytes();
      first_checksum = log.front().checksum;
      log.pop_front();
    }
  }
  const uint64_t needed = links.empty() ? sequence() : furthest()->second.sequence;
  for (; first < needed && log_bytes > std::min(kRecentBytes, options.log_bytes_max); ++first) {
    log_bytes -= log.front().bytes();
    first_checksum = log.front().checksum;
    log.pop_front();
  }
}

// The link's shadow is the present text from here on, and a repeated request gets the same bytes.
LiveAnswer LiveHub::State::Answer(Link& link, Packet reply, absl::string_view request) {
  reply.sequence = sequence();
  reply.durable = durable;
  reply.checksum = live.Checksum();
  link.number = reply.number;
  link.request = kernels::Xxh3(request);
  link.sequence = sequence();
  link.shadow = live;
  link.reply = EncodePacket(reply);
  LiveAnswer answer{.reply = link.reply};
  Trim();
  return answer;
}

LiveAnswer LiveHub::State::Refuse(const Packet& request, uint64_t number) {
  // Older numbers are packets that took long; their sender has gone on.
  if (request.number > number) ++resyncs;
  return {.reply = diffsync::EncodePacket({.kind = PacketKind::kRejoin,
                                           .link = request.link,
                                           .number = request.number,
                                           .sequence = number})};
}

LiveAnswer LiveHub::State::RefuseTooLong(Link& link, const Packet& request,
                                         absl::string_view bytes) {
  link.number = request.number;
  link.request = kernels::Xxh3(bytes);
  link.reply = diffsync::EncodePacket(
      {.kind = PacketKind::kTooLong, .link = request.link, .number = request.number});
  return {.reply = link.reply};
}

LiveAnswer LiveHub::State::Join(const Packet& request, absl::string_view bytes) {
  const auto found = links.find(request.link);
  if (found != links.end() && request.number <= found->second.number) {
    const Link& link = found->second;
    const bool repeated = request.number == link.number && kernels::Xxh3(bytes) == link.request;
    return repeated ? LiveAnswer{.reply = link.reply} : Refuse(request, link.number);
  }
  Packet reply{.link = request.link, .number = request.number, .epoch = epoch};
  const auto known = request.checksum ? Find(*request.checksum) : std::nullopt;
  if (known) {
    reply.kind = PacketKind::kJoined;
    reply.edit = Since(*known);
  } else {
    reply.kind = PacketKind::kWhole;
    reply.text = live.Text();
  }
  return Answer(links[request.link], std::move(reply), bytes);
}

absl::StatusOr<LiveAnswer> LiveHub::State::Exchange(const Packet& request,
                                                    absl::string_view bytes) {
  const auto found = links.find(request.link);
  if (found == links.end()) return Refuse(request, 0);
  Link& link = found->second;
  if (request.number == link.number && kernels::Xxh3(bytes) == link.request) {
    return LiveAnswer{.reply = link.reply};
  }
  if (request.number != link.number + 1) return Refuse(request, link.number);
  if (request.kind == PacketKind::kRestore && link.sequence != sequence()) {
    return Refuse(request, link.number);
  }
  diffsync::Rope result = link.shadow;
  const absl::Status fits = CheckFits(request.edit, result);
  if (absl::IsResourceExhausted(fits)) return RefuseTooLong(link, request, bytes);
  if (fits.ok()) Apply(request.edit, result);
  if (!fits.ok() || result.Checksum() != *request.checksum) return Refuse(request, link.number);
  auto moved = Transform(request.edit, Since(link.sequence));
  const absl::Status together = CheckFits(moved.first_after, live);
  if (absl::IsResourceExhausted(together)) return RefuseTooLong(link, request, bytes);
  SYNCENGINE_RETURN_IF_ERROR(together);
  Record(moved.first_after);
  LiveAnswer answer = Answer(link,
                             {.kind = PacketKind::kMerged,
                              .link = request.link,
                              .number = request.number,
                              .edit = std::move(moved.second_after)},
                             bytes);
  answer.applied = ToSplices(moved.first_after);
  return answer;
}

}  // namespace syncengine
