#include "syncengine/transfer/downloader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "src/transfer/download_run.h"
#include "src/transfer/frame_cache.h"
#include "syncengine/base/error.h"

namespace syncengine {
namespace {

// Hands everything to a sink that somebody else owns.
class BorrowedSink final : public ContentSink {
 public:
  explicit BorrowedSink(ContentSink& sink) : sink_(sink) {}
  absl::Status Write(absl::string_view bytes) override { return sink_.Write(bytes); }
  absl::Status Finish() override { return sink_.Finish(); }

 private:
  ContentSink& sink_;
};

class OneItem final : public DownloadPlan {
 public:
  explicit OneItem(DownloadItem item) : item_(std::move(item)) {}
  std::optional<DownloadItem> Next() override { return std::exchange(item_, std::nullopt); }

 private:
  std::optional<DownloadItem> item_;
};

}  // namespace

class Downloader::State {
 public:
  State(const OpenedNamespace& opened_in, Executor& executor_in, DownloaderOptions options_in)
      : opened(opened_in),
        executor(executor_in),
        options(options_in),
        cache(options_in.cache_bytes) {}

  absl::StatusOr<DownloadStats> Run(DownloadPlan& plan, const ByteRange& range,
                                    const ProgressCallback& progress, std::stop_token stop) {
    DownloadRun run({opened, executor, options, cache, std::move(stop)}, plan, progress);
    absl::StatusOr<DownloadStats> stats = run.Go(range);
    received_bytes += run.received_bytes();
    return stats;
  }

  const OpenedNamespace& opened;
  Executor& executor;
  const DownloaderOptions options;
  FrameCache cache;
  uint64_t received_bytes = 0;
};

Downloader::Downloader(const OpenedNamespace& opened, Executor& executor, DownloaderOptions options)
    : state_(std::make_unique<State>(opened, executor, options)) {}

Downloader::~Downloader() = default;

absl::StatusOr<DownloadStats> Downloader::Download(DownloadPlan& plan,
                                                   const ProgressCallback& progress,
                                                   std::stop_token stop) {
  return state_->Run(plan, {}, progress, std::move(stop));
}

absl::Status Downloader::ReadRange(const ContentRef& content, uint64_t offset, uint64_t length,
                                   ContentSink& sink, std::stop_token stop) {
  if (offset > content.size) {
    return absl::OutOfRangeError(absl::StrCat(
        "offset ", offset, " is behind the end of a content of ", content.size, " bytes"));
  }
  absl::Status result;
  DownloadItem item{.content = content,
                    .label = "content",
                    .open = [&sink] { return std::make_unique<BorrowedSink>(sink); },
                    .finished = [&result](const absl::Status& status) { result = status; }};
  OneItem plan(std::move(item));
  const uint64_t end = length > content.size - offset ? content.size : offset + length;
  const auto stats = state_->Run(plan, {offset, end}, {}, std::move(stop));
  return stats.ok() ? result : stats.status();
}

uint64_t Downloader::received_bytes() const { return state_->received_bytes; }

}  // namespace syncengine
