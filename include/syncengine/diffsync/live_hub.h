// LiveHub: the end of a live document where all writers' links meet (live_text.h).
//
// The hub applies requests in the order they arrive. For each link it keeps the shadow, the number
// of the last request, and the reply to it; edits that others made since then are in one log that
// all links share. A link that stays away longer than the log reaches back is forgotten and brought
// together anew when it returns.
#ifndef SYNCENGINE_DIFFSYNC_LIVE_HUB_H_
#define SYNCENGINE_DIFFSYNC_LIVE_HUB_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/diffsync/live_splice.h"

namespace syncengine {

struct LiveHubOptions {
  // Drawn at random when a hub begins from a text. Links that knew another epoch compare texts
  // instead of trusting numbers.
  uint64_t epoch = 0;
  LiveDiffer differ = DifferByEnds;  // As in LiveTextOptions.
  LiveMerger merger = nullptr;
  // Beyond these the links that are furthest behind are forgotten.
  size_t log_bytes_max = size_t{4} << 20;
  size_t links_max = 1024;
};

// What a request led to.
struct LiveAnswer {
  // Goes back to the link.
  std::string reply;
  // What it changed in the hub's text; empty for a repeated request.
  std::vector<LiveSplice> applied;
};

// Single-threaded. Cost of a request: its edits, and those of others since the link's last one.
class LiveHub {
 public:
  // kInvalidArgument for a zero epoch or a text that is no UTF-8 or longer than
  // limits::kLiveTextBytesMax.
  static absl::StatusOr<LiveHub> Create(const LiveHubOptions& options, absl::string_view text);
  // Continues from Snapshot(). `options.epoch` zero keeps the epoch: the snapshot is the last that
  // was taken and no reply left after it. Any other epoch says that later replies may have left.
  // kDataLoss for bytes that are not a snapshot; Reason::kVersion for a newer library's.
  static absl::StatusOr<LiveHub> Restore(const LiveHubOptions& options, absl::string_view bytes);

  LiveHub(LiveHub&&) noexcept;
  LiveHub& operator=(LiveHub&&) noexcept;
  ~LiveHub();

  // Answers a packet of any link. kInvalidArgument, and no change, for bytes that are no request.
  // Edits with which the text would become longer than limits::kLiveTextBytesMax are refused in the
  // reply (LiveArrival::refused), and do not change the text.
  absl::StatusOr<LiveAnswer> Receive(absl::string_view packet);

  std::string Text() const;
  size_t size() const;
  uint64_t Checksum() const;
  // Counts the changes of the text.
  uint64_t sequence() const;
  size_t links() const;
  // Requests that did not fit the shadow or the number of their link.
  uint64_t resyncs() const;

  // Edits made at the hub itself; errors as LiveText::Splice. Links get them with their next reply.
  absl::Status Splice(size_t position, size_t deleted, absl::string_view inserted);
  // Brings in a text that somebody made from `base`, a text this hub once had: what changed from
  // base to `text` is mapped through what changed from base to the text here. Returns what changed.
  absl::StatusOr<std::vector<LiveSplice>> Merge(absl::string_view base, absl::string_view text);

  // Says that the text as of `sequence` is stored for good: a hub that begins again will begin from
  // it or from something later. Links keep this state to compare with.
  void MarkDurable(uint64_t sequence);

  // Everything that is needed to go on after a restart, with version and checksum.
  std::string Snapshot() const;

  size_t OffsetOfCodePoint(size_t index) const;
  size_t CodePointAtOffset(size_t offset) const;

 private:
  struct State;
  explicit LiveHub(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

// The link that a request names, for routing; kInvalidArgument for bytes that are no request.
absl::StatusOr<uint64_t> LinkOfRequest(absl::string_view packet);

}  // namespace syncengine

#endif  // SYNCENGINE_DIFFSYNC_LIVE_HUB_H_
