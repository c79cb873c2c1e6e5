// What a LiveText holds between calls.
#ifndef SYNCENGINE_SRC_DIFFSYNC_LIVE_TEXT_STATE_H_
#define SYNCENGINE_SRC_DIFFSYNC_LIVE_TEXT_STATE_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "src/diffsync/packet.h"
#include "src/diffsync/pending_edits.h"
#include "src/diffsync/rope.h"
#include "src/diffsync/text_edit.h"
#include "syncengine/diffsync/live_text.h"

namespace syncengine {

struct LiveText::State {
  // A request without reply: what it said, and the text the hub has once it arrived.
  struct OpenRequest {
    std::string packet;
    diffsync::TextEdit edit;
    diffsync::Rope result;
  };
  // A text that the hub had at `sequence`.
  struct Anchor {
    uint64_t sequence = 0;
    diffsync::Rope text;
  };

  LiveTextOptions options;
  diffsync::Rope shadow;            // On which both ends agree,
  std::optional<OpenRequest> open;  // then what is on its way,
  diffsync::PendingEdits pending;   // then what was edited since:
  diffsync::Rope live;              // the present text.

  uint64_t number = 0;  // Of the last request.
  bool joined = false;
  // The hub may have got edits whose reply never came, so the shadow is no text it knows.
  bool shadow_unsure = false;
  // While above zero the edits to send may be what others bring back as well.
  int restores_left = 0;
  uint64_t epoch = 0;     // 0 before the first reply.
  uint64_t sequence = 0;  // Of the shadow, and of the last text stored for good.
  uint64_t durable = 0;
  // The newest text that the hub stored for good, and newer ones that it may still store.
  std::deque<Anchor> anchors;
  uint64_t resyncs = 0;

  std::string NewRequest();
  absl::Status Reopen(absl::string_view packet);
  void Forward(const diffsync::Packet& reply, diffsync::Rope merged, LiveArrival& arrival);
  void Rejoin(uint64_t number_above);
  void TakeBack(LiveArrival& arrival);
  void BringTogether(const diffsync::Packet& reply, LiveArrival& arrival);

 private:
  void Note(const diffsync::Packet& reply);
  std::optional<std::string> CommonBase(const diffsync::Packet& reply) const;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_DIFFSYNC_LIVE_TEXT_STATE_H_
