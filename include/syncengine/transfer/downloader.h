// Brings content back: frames are fetched in batches, opened, verified and handed out in order.
#ifndef SYNCENGINE_TRANSFER_DOWNLOADER_H_
#define SYNCENGINE_TRANSFER_DOWNLOADER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/progress.h"
#include "syncengine/ports/executor.h"
#include "syncengine/transfer/opened_namespace.h"

namespace syncengine {

// Where content goes. Thread-compatible; used by one thread at a time, not always the same.
class ContentSink {
 public:
  virtual ~ContentSink() = default;
  // Consecutive verified bytes of the content.
  virtual absl::Status Write(absl::string_view bytes) = 0;
  // All bytes were written. Not called after an error.
  virtual absl::Status Finish() { return absl::OkStatus(); }
};

// One content to fetch.
struct DownloadItem {
  ContentRef content;
  std::string label;  // For messages: usually the path.
  // Called when the first bytes are about to come.
  std::function<absl::StatusOr<std::unique_ptr<ContentSink>>()> open;
  // Called once, when the sink is gone: on any thread of the executor, or after an error status of
  // Download on the thread that ran it.
  std::function<void(const absl::Status&)> finished;
};

// Gives the items. Called on the thread that runs Download only.
class DownloadPlan {
 public:
  virtual ~DownloadPlan() = default;
  virtual std::optional<DownloadItem> Next() = 0;
};

struct DownloaderOptions {
  uint64_t buffer_bytes = 64u << 20;  // Frames fetched and opened but not yet written, about.
  uint64_t cache_bytes = 32u << 20;   // Opened frames kept because a later block may be in them.
};

struct DownloadStats {
  uint64_t files = 0;           // Finished well.
  uint64_t failed = 0;          // Finished with an error.
  uint64_t bytes = 0;           // Plaintext bytes written.
  uint64_t received_bytes = 0;  // Sealed bytes fetched.
};

// Thread-compatible; one call at a time. Every byte handed out was authenticated and its block id
// verified.
class Downloader {
 public:
  // The references outlive the downloader.
  Downloader(const OpenedNamespace& opened, Executor& executor, DownloaderOptions options = {});
  ~Downloader();

  // Fetches all items, many small ones in one request, several at a time. One item that fails
  // (damaged or missing blocks: Reason::kIntegrity; a failing sink: its error) does not stop the
  // others. An error status means that the service failed or `stop` was requested (kCancelled).
  absl::StatusOr<DownloadStats> Download(DownloadPlan& plan, const ProgressCallback& progress = {},
                                         std::stop_token stop = {});
  // Writes `length` bytes from `offset` (fewer at the end of the content) to `sink`, fetching only
  // the blocks needed, and finishes it.
  absl::Status ReadRange(const ContentRef& content, uint64_t offset, uint64_t length,
                         ContentSink& sink, std::stop_token stop = {});
  // Bytes fetched by this object so far.
  uint64_t received_bytes() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_TRANSFER_DOWNLOADER_H_
