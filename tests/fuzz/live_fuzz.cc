// Live documents: packets and snapshots take anything and have one form, edits obey their laws, and
// a hub with two writers on a bad network ends with one text.
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "src/diffsync/packet.h"
#include "src/diffsync/rope.h"
#include "src/diffsync/text_edit.h"
#include "src/diffsync/utf8.h"
#include "src/kernels/checksum.h"
#include "syncengine/diffsync/live_hub.h"
#include "syncengine/diffsync/live_text.h"
#include "syncengine/live/line_differ.h"
#include "tests/fuzz/fuzz.h"

namespace syncengine::fuzz {
namespace {

using diffsync::Rope;
using diffsync::TextEdit;

// The low bytes of the checksum behind `bytes`, as whoever forges a packet or a snapshot puts it.
std::string Sealed(absl::string_view bytes, size_t check_bytes) {
  std::string sealed(bytes);
  const uint64_t check = kernels::Xxh3(bytes);
  for (size_t i = 0; i < check_bytes; ++i) sealed.push_back(static_cast<char>(check >> (8 * i)));
  return sealed;
}
std::string Packet(absl::string_view bytes) { return Sealed(bytes, 4); }

void CheckPacket(absl::string_view bytes) {
  const auto packet = diffsync::DecodePacket(bytes);
  if (!packet.ok()) return;
  Require(diffsync::EncodePacket(*packet) == bytes, "a packet has one form");
  const auto link = LinkOfRequest(bytes);
  Require(link.ok() == diffsync::IsRequest(packet->kind), "requests name their link");
}

// Somebody who sends a hub anything at all.
void CheckHub(Input& input) {
  auto hub = LiveHub::Create({.epoch = 7, .log_bytes_max = 2000, .links_max = 3}, "a b\nc \u00e9");
  uint64_t sequence = hub->sequence();
  while (!input.empty()) {
    const std::string packet = Packet(input.Piece());
    const std::string before = hub->Text();
    const auto answer = hub->Receive(packet);
    if (!answer.ok()) {
      Require(hub->Text() == before, "a refused packet changes nothing");
      continue;
    }
    const auto reply = diffsync::DecodePacket(answer->reply);
    Require(reply.ok() && !diffsync::IsRequest(reply->kind), "an answer is a reply");
    Require(diffsync::IsUtf8(hub->Text()), "the text stays UTF-8");
    Require(hub->sequence() >= sequence && hub->links() <= 3, "the bounds hold");
    sequence = hub->sequence();
  }
  const auto again = LiveHub::Restore({}, hub->Snapshot());
  Require(again.ok() && again->Text() == hub->Text(), "a hub goes on from its snapshot");
}

void CheckHubSnapshot(absl::string_view bytes) {
  auto hub = LiveHub::Restore({}, Sealed(bytes, 8));
  if (!hub.ok()) return;
  Require(diffsync::IsUtf8(hub->Text()), "a restored text is UTF-8");
  const std::string snapshot = hub->Snapshot();
  const auto again = LiveHub::Restore({}, snapshot);
  Require(again.ok() && again->Snapshot() == snapshot, "a snapshot has one form");
  Require(hub->Splice(0, 0, "x").ok() && hub->Text().substr(0, 1) == "x", "it can go on");
}

void CheckTextSnapshot(absl::string_view bytes) {
  auto text = LiveText::Restore({}, Sealed(bytes, 8));
  if (!text.ok()) return;
  Require(diffsync::IsUtf8(text->Text()), "a restored text is UTF-8");
  const std::string snapshot = text->Snapshot();
  auto again = LiveText::Restore({}, snapshot);
  Require(again.ok() && again->Snapshot() == snapshot, "a snapshot has one form");
  const std::string packet = text->NextPacket();
  Require(again->NextPacket() == packet, "it sends the same packet again");
  auto hub = LiveHub::Create({.epoch = 3}, "of the hub");
  const auto answer = hub->Receive(packet);
  Require(answer.ok(), "a hub takes what a writer sends");
  Require(text->Receive(answer->reply).ok(), "and the writer takes the reply");
}

// A writer whose hub sends anything at all.
void CheckReplies(Input& input) {
  auto text = LiveText::Create({.link = 5}, "one two");
  while (!input.empty()) {
    const size_t step = input.Below(4);
    if (step == 0) (void)text->Splice(input.Byte(), input.Below(3), "\u00e4b");
    if (step == 1) text->NextPacket();
    if (step >= 2) {
      const std::string packet = Packet(input.Piece());
      const std::string before = text->Text();
      const auto arrival = text->Receive(packet);
      if (!arrival.ok()) Require(text->Text() == before, "a refused packet changes nothing");
      if (arrival.ok()) {
        std::string shown = before;
        for (const LiveSplice& splice : arrival->remote) {
          Require(splice.position + splice.deleted <= shown.size(), "splices lie in the text");
          shown.replace(splice.position, splice.deleted, splice.inserted);
        }
        Require(shown == text->Text(), "splices lead to the text");
      }
    }
    Require(diffsync::IsUtf8(text->Text()), "the text stays UTF-8");
  }
  auto again = LiveText::Restore({}, text->Snapshot());
  Require(again.ok() && again->Text() == text->Text(), "a writer goes on from its snapshot");
}

std::string After(const Rope& text, const TextEdit& edit) {
  Require(CheckFits(edit, text).ok(), "an edit that follows fits");
  Rope after = text;
  Apply(edit, after);
  return after.Text();
}

// The laws of text_edit.h for any two edits of one text.
void CheckEdits(Input& input) {
  const Rope base(input.Piece());
  if (!diffsync::IsUtf8(base.Text())) return;
  ByteReader first_bytes(input.Piece(), "edit"), second_bytes(input.Rest(), "edit");
  const auto first = diffsync::ReadEdit(first_bytes), second = diffsync::ReadEdit(second_bytes);
  if (!first || !second) return;
  if (!CheckFits(*first, base).ok() || !CheckFits(*second, base).ok()) return;
  const Rope one(After(base, *first)), other(After(base, *second));
  const diffsync::Transformed moved = Transform(*first, *second);
  const std::string both = After(one, moved.second_after);
  Require(both == After(other, moved.first_after), "two edits meet");
  Require(After(base, Compose(*first, moved.second_after)) == both, "edits compose");
  const TextEdit back = Invert(*first, DeletedBy(*first, base));
  Require(After(one, back) == base.Text(), "an inverted edit leads back");
  std::string spliced = base.Text();
  for (const LiveSplice& splice : ToSplices(*first)) {
    spliced.replace(splice.position, splice.deleted, splice.inserted);
  }
  Require(spliced == one.Text(), "splices are the edit");
  ByteWriter writer;
  WriteEdit(*first, writer);
  ByteReader written(writer.bytes(), "edit");
  const auto read = diffsync::ReadEdit(written);
  Require(read && *read == *first, "an edit reads back");
}

struct Writer {
  LiveText text;
  std::deque<std::string> to_hub, to_writer;
};

// Two writers, one hub, packets that get lost, doubled and delayed, and processes that begin again.
class World {
 public:
  explicit World(bool by_lines)
      : differ_(by_lines ? DifferByLines : DifferByEnds),
        merger_(by_lines ? LiveMerger(MergeByLines) : LiveMerger()) {
    for (uint64_t link = 1; link <= 2; ++link) {
      writers_.push_back(
          {*LiveText::Create({.link = link, .differ = differ_, .merger = merger_}, kBegin),
           {},
           {}});
    }
  }

  void Step(Input& input) {
    Writer& writer = writers_[input.Below(2)];
    switch (input.Below(8)) {
      case 0:
      case 1:
        return Edit(writer, input);
      case 2:
        return writer.to_hub.push_back(writer.text.NextPacket());
      case 3:
        return Deliver(writer, input.Below(4));
      case 4:
        return Arrive(writer, input.Below(4));
      case 5:
        writer.text =
            *LiveText::Restore({.differ = differ_, .merger = merger_}, writer.text.Snapshot());
        return;
      case 6:
        hub_ = *LiveHub::Restore({.differ = differ_, .merger = merger_}, hub_.Snapshot());
        return;
      default:  // Nothing after the snapshot was kept: another epoch.
        hub_ = *LiveHub::Restore({.epoch = ++epoch_, .differ = differ_, .merger = merger_}, saved_);
        saved_ = hub_.Snapshot();
    }
  }

  void Settle() {
    for (int round = 0; round < 24; ++round) {
      for (Writer& writer : writers_) {
        const auto answer = hub_.Receive(writer.text.NextPacket());
        Require(answer.ok() && writer.text.Receive(answer->reply).ok(), "packets are taken");
      }
    }
    for (Writer& writer : writers_) {
      Require(writer.text.Text() == hub_.Text(), "all ends hold one text");
      Require(!writer.text.HasUnsent(), "nothing is left to send");
    }
  }

 private:
  static constexpr char kBegin[] = "one\ntwo \u00e9\nthree\n";

  void Edit(Writer& writer, Input& input) {
    const std::string text = writer.text.Text();
    const size_t at = input.Byte() % (text.size() + 1);
    const size_t deleted = input.Below(6);
    const absl::string_view inserted = input.Piece().substr(0, 40);
    const absl::Status done = writer.text.Splice(at, deleted, inserted);
    if (!done.ok()) Require(writer.text.Text() == text, "a refused splice changes nothing");
  }
  // A packet of the queue, kept there when `how` says that the network doubles it.
  static std::string Take(std::deque<std::string>& queue, size_t how) {
    const size_t at = how == 1 ? queue.size() - 1 : 0;
    std::string packet = queue[at];
    if (how != 2) queue.erase(queue.begin() + static_cast<ptrdiff_t>(at));
    return packet;
  }
  void Deliver(Writer& writer, size_t how) {
    if (writer.to_hub.empty()) return;
    const std::string packet = Take(writer.to_hub, how);
    if (how == 3) return;  // Lost.
    const auto answer = hub_.Receive(packet);
    Require(answer.ok(), "a hub takes what a writer sent");
    writer.to_writer.push_back(answer->reply);
  }
  void Arrive(Writer& writer, size_t how) {
    if (writer.to_writer.empty()) return;
    const std::string packet = Take(writer.to_writer, how);
    if (how != 3) Require(writer.text.Receive(packet).ok(), "a writer takes what a hub sent");
  }

  const LiveDiffer differ_;
  const LiveMerger merger_;
  uint64_t epoch_ = 1;
  LiveHub hub_ = *LiveHub::Create({.epoch = 1, .differ = differ_, .merger = merger_}, kBegin);
  std::string saved_ = hub_.Snapshot();
  std::vector<Writer> writers_;
};

void CheckWorld(Input& input) {
  World world(input.Below(2) == 1);
  for (int steps = 0; steps < 200 && !input.empty(); ++steps) world.Step(input);
  world.Settle();
}

}  // namespace
}  // namespace syncengine::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace syncengine::fuzz;
  Input input(data, size);
  const size_t mode = input.Below(8);
  if (mode == 0) CheckPacket(input.Rest());
  if (mode == 1) CheckPacket(Packet(input.Rest()));
  if (mode == 2) CheckHub(input);
  if (mode == 3) CheckHubSnapshot(input.Rest());
  if (mode == 4) CheckTextSnapshot(input.Rest());
  if (mode == 5) CheckReplies(input);
  if (mode == 6) CheckEdits(input);
  if (mode == 7) CheckWorld(input);
  return 0;
}
