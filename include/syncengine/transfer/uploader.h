// Sends new states of nodes: content is chunked, deduplicated, compressed, sealed, stored and
// committed.
#ifndef SYNCENGINE_TRANSFER_UPLOADER_H_
#define SYNCENGINE_TRANSFER_UPLOADER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "syncengine/base/progress.h"
#include "syncengine/ports/clock.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/executor.h"
#include "syncengine/transfer/opened_namespace.h"

namespace syncengine {

// A stream of content. Thread-compatible; used by one thread at a time.
class ContentSource {
 public:
  virtual ~ContentSource() = default;
  // Up to `size` bytes; 0 at the end.
  virtual absl::StatusOr<size_t> Read(char* buffer, size_t size) = 0;
  // Called after the last Read: OK when what was read is one instant's content. An error skips the
  // item (R08); kAborted says that the file changed while it was read.
  virtual absl::Status Finish() { return absl::OkStatus(); }
};

// One node to commit. Directories, symlinks, moves and deletions come with their final `state`; a
// file with `open` set gets its content from there, one without keeps `change.state.content`.
struct UploadItem {
  Change change;
  uint64_t size_hint = 0;  // For progress and announcements.
  std::string label;       // For messages: usually the path.
  std::function<absl::StatusOr<std::unique_ptr<ContentSource>>()> open;
  // When set, asked once, on any thread, if the content has new blocks: the content that it
  // replaces or resembles. What is new is then stored as a difference from it where that is
  // smaller.
  std::function<absl::StatusOr<ContentRef>()> replaced;
  // When set, asked once before the content is read: UploadResult::outline of the content that it
  // replaces, empty when that is not known. Which blocks the service has is then not asked but
  // assumed, and asked when it turns out to be wrong.
  std::function<std::string()> outline;
  // When set, asked once with the content that was read, before it is committed: true when the head
  // has it already, so that nothing is committed.
  std::function<absl::StatusOr<bool>(const ContentRef&)> already_there;
};

// What became of an item: an error when it was not tried (unreadable, changed while read),
// otherwise the verdict of the commit, which need not be kCommitted.
struct UploadResult {
  absl::Status status;
  ChangeOutcome outcome;
  ContentRef content;    // As committed.
  bool skipped = false;  // `already_there` said so; there is no outcome.
  // What to remember of the content when `UploadItem::outline` is set; empty when it is so small
  // that nothing is worth it. 12 bytes for each block.
  std::string outline;
};

// Gives the items in the order of commits (a directory before its children). Called on the thread
// that runs Upload only.
class UploadPlan {
 public:
  virtual ~UploadPlan() = default;
  virtual std::optional<UploadItem> Next() = 0;
  // Tells the end of each item, in order of commits, as soon as it is durable or has failed.
  virtual void Finished(const UploadItem& item, const UploadResult& result) = 0;
};

struct UploaderOptions {
  int compression_level = 3;
  uint64_t announce_bytes = 1u << 20;  // Files at least this big are announced as kUploading.
  uint64_t buffer_bytes = 64u << 20;   // Plaintext and sealed bytes in flight, about.
  size_t commit_changes = 4096;        // Items per commit at most.
  bool deltas = true;                  // Fetch what content replaces, to store differences only.
  bool verify_sealed = false;          // Open every frame in memory before it is sent.
  // When set, called before each request that commits, on the thread that runs Upload, with the
  // changes as they go out: for who must know his own commits again when no answer comes. An error
  // ends the upload before the request is sent.
  std::function<absl::Status(absl::Span<const Change> changes)> before_commit;
};

struct UploadStats {
  uint64_t files = 0;         // Files whose content was read.
  uint64_t bytes = 0;         // Plaintext bytes read.
  uint64_t blocks = 0;        // Blocks they were cut into.
  uint64_t blocks_new = 0;    // Of those, sent.
  uint64_t stored_bytes = 0;  // Sealed bytes sent in segments.
  uint64_t sent_bytes =
      0;  // stored_bytes and the requests around them, as far as the library knows.
  uint64_t fetched_bytes = 0;  // Old content that was fetched for differences.
  uint64_t sequence = 0;       // Of the last commit.
  uint64_t announced = 0;      // Files that were announced.
};

// Thread-compatible; one Upload at a time. Memory is about options.buffer_bytes. Reading happens on
// the calling thread; hashing, sealing and sending overlap on the executor.
class Uploader {
 public:
  // The references outlive the uploader.
  Uploader(const OpenedNamespace& opened, Executor& executor, Entropy& entropy, Clock& clock,
           UploaderOptions options = {});

  // Uploads all items of `plan`. One item that fails does not stop the others: see Finished. An
  // error status means that the service failed; what was committed before stays, and running the
  // same plan again re-sends at most the segments that were in flight.
  absl::StatusOr<UploadStats> Upload(UploadPlan& plan, const ProgressCallback& progress = {},
                                     std::stop_token stop = {});

 private:
  const OpenedNamespace& opened_;
  Executor& executor_;
  Entropy& entropy_;
  Clock& clock_;
  const UploaderOptions options_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_TRANSFER_UPLOADER_H_
