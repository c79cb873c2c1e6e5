#include "tests/diffsync/link_world.h"

#include <utility>

namespace syncengine::diffsync_test {
namespace {

constexpr size_t kNetworkMax = 64;  // Packets under way to one end; older ones get lost.

void Deliver(const WorldOptions& options, Generator& random, std::string packet,
             std::deque<std::string>& queue) {
  if (random.Percent(options.loss)) return;
  if (random.Percent(options.doubling)) queue.push_back(packet);
  queue.push_back(std::move(packet));
  while (queue.size() > kNetworkMax) queue.pop_front();
}

// Any of the packets under way: they overtake each other.
std::string TakeAny(Generator& random, std::deque<std::string>& queue) {
  const size_t at = random.Percent(60) ? 0 : random.Below(queue.size());
  std::string packet = std::move(queue[at]);
  queue.erase(queue.begin() + static_cast<ptrdiff_t>(at));
  return packet;
}

}  // namespace

LinkWorld::LinkWorld(const WorldOptions& options, absl::string_view text)
    : options_(options),
      random_(options.seed * 1000003),
      hub_(*LiveHub::Create({.epoch = 1, .differ = options.differ}, text)) {
  for (size_t i = 0; i < options.writers; ++i)
    writers_.push_back({*LiveText::Create({.link = i + 1, .differ = options.differ}, text)});
}

void LinkWorld::Step(size_t index) {
  Writer& writer = writers_[index];
  if (random_.Percent(options_.restarts)) Restart(index);
  const bool online = writer.offline == 0;
  const size_t what = random_.Below(3);
  if (what == 0 && online) {
    Deliver(options_, random_, Ask(index), writer.to_hub);
  } else if (what == 1 && !writer.to_hub.empty()) {
    auto answer = Answer(index, TakeAny(random_, writer.to_hub));
    if (answer.ok() && online)
      Deliver(options_, random_, std::move(answer->reply), writer.to_writer);
  } else if (what == 2 && !writer.to_writer.empty() && online) {
    Arrive(index, TakeAny(random_, writer.to_writer));
  }
}

void LinkWorld::Edited(size_t index) {
  Writer& writer = writers_[index];
  if (writer.offline > 0) {
    --writer.offline;
  } else if (options_.offline_edits > 0 && random_.Percent(options_.offline)) {
    writer.offline = 1 + random_.Below(options_.offline_edits);
  }
}

Verdict LinkWorld::Settle() {
  for (int round = 0; round < 6; ++round) {
    for (size_t i = 0; i < writers_.size(); ++i) {
      ComeOnline(i);
      const auto answer = Answer(i, Ask(i));
      if (answer.ok()) Arrive(i, answer->reply);
    }
  }
  Verdict verdict{.converged = failure_.empty(), .kept = kept_, .why = failure_};
  for (Writer& writer : writers_) {
    verdict.resyncs += writer.text.resyncs();
    if (writer.text.Text() == hub_.Text() && !writer.text.HasUnsent()) continue;
    verdict.converged = false;
    verdict.why = "a writer differs from the hub";
  }
  return verdict;
}

std::string LinkWorld::Ask(size_t index) {
  std::string packet = writers_[index].text.NextPacket();
  if (on_packet) on_packet(index, packet);
  return packet;
}

absl::StatusOr<LiveAnswer> LinkWorld::Answer(size_t index, const std::string& packet) {
  auto answer = hub_.Receive(packet);
  if (!answer.ok()) failure_ = answer.status().ToString();
  if (answer.ok() && on_answer) on_answer(index, packet, answer->reply);
  return answer;
}

void LinkWorld::Arrive(size_t index, const std::string& reply) {
  const auto arrival = writers_[index].text.Receive(reply);
  if (!arrival.ok()) {
    failure_ = arrival.status().ToString();
    return;
  }
  kept_ += arrival->kept.has_value() ? 1 : 0;
  if (arrival->answered && on_arrival) on_arrival(index, reply, *arrival);
}

void LinkWorld::Restart(size_t index) {
  if (random_.Percent(20)) {
    hub_ = *LiveHub::Restore({.differ = options_.differ}, hub_.Snapshot());
  } else {
    LiveText& text = writers_[index].text;
    text = *LiveText::Restore({.differ = options_.differ}, text.Snapshot());
  }
}

}  // namespace syncengine::diffsync_test
