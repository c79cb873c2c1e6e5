// LiveText: one writer's end of a live document.
//
// Differential synchronization (Neil Fraser, 2009) with two parts replaced. As in the paper both
// ends of a link keep a shadow, the text on which they agreed last; edits since then travel against
// it, a checksum guards every exchange, and all links meet in one hub (live_hub.h). Edits are not
// patched fuzzily, though: the receiver holds the text they were made on, so they are mapped
// through its own newer edits to exact places. And there is no backup shadow: requests are
// numbered, the hub keeps the one last reply of each link, and a lost request or reply is healed by
// repeating the same bytes. A number is never used for two contents, so late and doubled packets
// change nothing.
//
// The network belongs to the caller: carry NextPacket() to the hub, hand its reply to Receive(), in
// any order, as often as it takes; packets may be lost, doubled, delayed and reordered.
//
//   LiveText text = *LiveText::Create({.link = random}, "Hello");
//   text.Splice(5, 0, ", world");
//   StatusOr<LiveArrival> arrival = text.Receive(hub_reply_to(text.NextPacket()));
//   for (const LiveSplice& splice : arrival->remote) editor.Apply(splice);
//
// Laws: ends that have exchanged everything hold the same text; every inserted byte that nobody
// deleted is there once; what one writer inserts in one run stays together; of two runs inserted at
// one place by two writers, the one that reached the hub later stands first.
#ifndef SYNCENGINE_DIFFSYNC_LIVE_TEXT_H_
#define SYNCENGINE_DIFFSYNC_LIVE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/limits.h"
#include "syncengine/diffsync/live_splice.h"

namespace syncengine {

struct LiveTextOptions {
  // Names the link to the hub: random, never zero, never used again for another LiveText.
  uint64_t link = 0;
  // Used by Replace, and when the two ends must be brought together anew.
  LiveDiffer differ = DifferByEnds;
  // Asked first when the two ends must be brought together anew; without one, or where it has no
  // answer, the differ's edits of both sides are applied.
  LiveMerger merger = nullptr;
};

// What a packet from the hub brought.
struct LiveArrival {
  // Edits of others, already applied to the text here; apply them to an editor and its cursors.
  std::vector<LiveSplice> remote;
  // False for a packet that answers no open request: a late or doubled one.
  bool answered = false;
  // Set when the ends had to be brought together anew while there were edits here that the hub may
  // not have: the text as it was before. The edits have been merged; keep this as a revision, so
  // that nothing depends on that merge being right.
  std::optional<std::string> kept;
  // True when the hub cannot take the edits made here, because with those of others the text would
  // be longer than limits::kLiveTextBytesMax. They are taken back (see `remote`) and `kept` is the
  // text with them: commit it as a file's next version, which the ordinary three-way merge or a
  // conflicted copy takes care of.
  bool refused = false;
};

// Single-threaded. Texts are valid UTF-8 of at most limits::kLiveTextBytesMax bytes; positions
// count bytes. Cost: a splice touches a few kilobytes of text whatever its size is; a packet costs
// the edits in it. Copies of unchanged text are shared between text and shadow.
class LiveText {
 public:
  // A quarter of what a packet may hold, because edits of others can divide these runs.
  static constexpr size_t kUnsentRunsMax = limits::kLiveRunsMax / 4;

  // Starts from `text`: what the hub has, or any other text (the first exchange brings the hub's).
  // kInvalidArgument for a zero link or a text that is no UTF-8 or too long.
  static absl::StatusOr<LiveText> Create(const LiveTextOptions& options, absl::string_view text);
  // Continues from Snapshot(). kDataLoss for bytes that are not a snapshot, whole and unchanged;
  // Reason::kVersion for one of a newer library. `options.link` is ignored.
  static absl::StatusOr<LiveText> Restore(const LiveTextOptions& options, absl::string_view bytes);

  LiveText(LiveText&&) noexcept;
  LiveText& operator=(LiveText&&) noexcept;
  ~LiveText();

  uint64_t link() const;
  std::string Text() const;
  size_t size() const;
  // Of the present text; equal on two ends that hold the same text.
  uint64_t Checksum() const;

  // What the writer did. kInvalidArgument, and no change, when the range is outside the text, cuts
  // a code point, or `inserted` is no UTF-8; kResourceExhausted when the text would be too long, or
  // was edited in more than kUnsentRunsMax places since the last packet.
  absl::Status Splice(size_t position, size_t deleted, absl::string_view inserted);
  // For writers that only say what the whole text is now: `text` must come from an editor that
  // showed Text(), otherwise it undoes what the editor did not show.
  absl::Status Replace(absl::string_view text);

  // True when there is something for the hub: edits, a request without reply, or the first request.
  bool HasUnsent() const;
  // True while a request has no reply: NextPacket() repeats it.
  bool Waiting() const;
  // Of the hub's text when it last replied: what to wait behind for news.
  uint64_t sequence() const;
  // The packet for the hub: the open request again, byte for byte, or a new one with the edits
  // since the last; without edits it asks for those of others. Never waits for anything.
  std::string NextPacket();
  // A packet from the hub. kInvalidArgument, and no change, for bytes that are no packet for this
  // link.
  absl::StatusOr<LiveArrival> Receive(absl::string_view packet);

  // How often a checksum or number did not fit and the ends were brought together anew.
  uint64_t resyncs() const;

  // Everything that is needed to go on after a restart, with version and checksum. To survive a
  // crash at any time store one before a packet leaves; one that is older than packets already sent
  // is noticed by the hub and the ends are brought together anew.
  std::string Snapshot() const;

  // Byte offset of the code point with this index, and back; the text's ends at most.
  size_t OffsetOfCodePoint(size_t index) const;
  size_t CodePointAtOffset(size_t offset) const;

 private:
  struct State;
  explicit LiveText(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_DIFFSYNC_LIVE_TEXT_H_
