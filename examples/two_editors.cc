// Two editors write in one document at the same time over a network that loses a third of all
// packets.
#include <cstdio>
#include <string>

#include "syncengine/diffsync/live_hub.h"
#include "syncengine/diffsync/live_text.h"
#include "syncengine/live/line_differ.h"

namespace {

int packets = 0;
bool Lost() {
  ++packets;
  return (packets * 7 + packets / 5) % 3 == 0;
}

// One round trip; nothing is wrong when either half of it is lost.
void Exchange(syncengine::LiveText& editor, syncengine::LiveHub& hub, const char* name) {
  const std::string request = editor.NextPacket();
  if (Lost()) return;
  const auto answer = hub.Receive(request);
  if (!answer.ok() || Lost()) return;
  const auto arrival = editor.Receive(answer->reply);
  if (!arrival.ok()) return;
  for (const syncengine::LiveSplice& splice : arrival->remote) {
    std::printf("%s sees: at %zu, %zu bytes give way to \"%s\"\n", name, splice.position,
                splice.deleted, splice.inserted.c_str());
  }
}

}  // namespace

int main() {
  const std::string start = "Shopping\n- bread\n- milk\n";
  // Links and epochs are random numbers in a program that is more than an example.
  auto hub = syncengine::LiveHub::Create({.epoch = 7}, start);
  auto ann = syncengine::LiveText::Create({.link = 1, .differ = syncengine::DifferByLines}, start);
  auto ben = syncengine::LiveText::Create({.link = 2, .differ = syncengine::DifferByLines}, start);
  if (!hub.ok() || !ann.ok() || !ben.ok()) return 1;

  // Ann's editor says what she did; Ben's can only say what the whole text is.
  if (!ann->Splice(start.find("bread"), 5, "two breads").ok()) return 1;
  if (!ben->Replace("Shopping\n- bread\n- milk\n- tea\n").ok()) return 1;
  for (int i = 0; i < 12; ++i) {
    Exchange(*ann, *hub, "Ann");
    Exchange(*ben, *hub, "Ben");
  }
  std::printf("%s", ann->Text().c_str());
  const bool right = ann->Text() == "Shopping\n- two breads\n- milk\n- tea\n";
  return right && ben->Text() == ann->Text() && hub->Text() == ann->Text() ? 0 : 1;
}
