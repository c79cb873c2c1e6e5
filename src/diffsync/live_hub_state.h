// What a LiveHub holds between calls: the text, the log of its changes, and the links.
#ifndef SYNCENGINE_SRC_DIFFSYNC_LIVE_HUB_STATE_H_
#define SYNCENGINE_SRC_DIFFSYNC_LIVE_HUB_STATE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "src/diffsync/packet.h"
#include "src/diffsync/rope.h"
#include "src/diffsync/text_edit.h"
#include "syncengine/diffsync/live_hub.h"

namespace syncengine {

struct LiveHub::State {
  // One change of the text. The deleted bytes lead back to the texts before, of which the shadows
  // are some.
  struct Change {
    diffsync::TextEdit edit;
    std::string deleted;
    uint64_t checksum = 0;  // Of the text after it.

    size_t bytes() const {
      return sizeof(Change) + edit.runs().size() * sizeof(diffsync::Run) + edit.inserted().size() +
             deleted.size();
    }
  };
  struct Link {
    uint64_t number = 0;    // Of the last request that was answered,
    uint64_t request = 0;   // its fingerprint,
    std::string reply;      // and what it got.
    uint64_t sequence = 0;  // Of the shadow.
    diffsync::Rope shadow;
  };

  LiveHubOptions options;
  uint64_t epoch = 0;
  diffsync::Rope live;
  uint64_t durable = 0;
  // log[i] leads from sequence first + i to the next; first_checksum is that of the text at first.
  uint64_t first = 0;
  uint64_t first_checksum = 0;
  std::deque<Change> log;
  size_t log_bytes = 0;
  std::map<uint64_t, Link> links;
  uint64_t resyncs = 0;

  uint64_t sequence() const { return first + log.size(); }

  LiveAnswer Join(const diffsync::Packet& request, absl::string_view bytes);
  absl::StatusOr<LiveAnswer> Exchange(const diffsync::Packet& request, absl::string_view bytes);
  // Applies an edit that fits and logs it. An empty one changes nothing.
  void Record(const diffsync::TextEdit& edit);
  // Forgets what no link needs, and links that need too much.
  void Trim();

  std::string Save() const;
  absl::Status Load(absl::string_view bytes);

 private:
  // All changes after `sequence`, as one edit.
  diffsync::TextEdit Since(uint64_t sequence) const;
  // The newest sequence at which the text had this checksum.
  std::optional<uint64_t> Find(uint64_t checksum) const;
  LiveAnswer Answer(Link& link, diffsync::Packet reply, absl::string_view request);
  // The request is answered for good: the same bytes get the same answer, whatever the text is
  // then.
  LiveAnswer RefuseTooLong(Link& link, const diffsync::Packet& request, absl::string_view bytes);
  LiveAnswer Refuse(const diffsync::Packet& request, uint64_t number);
  absl::Status LoadLog(ByteReader& reader);
  absl::Status LoadLinks(ByteReader& reader);
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_DIFFSYNC_LIVE_HUB_STATE_H_
