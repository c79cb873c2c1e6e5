#include "syncengine/transfer/uploader.h"

#include <atomic>
#include <utility>

#include "src/transfer/crew.h"
#include "src/transfer/upload_context.h"
#include "src/transfer/upload_run.h"
#include "syncengine/base/error.h"
#include "syncengine/chunking/chunker.h"

namespace syncengine {

Uploader::Uploader(const OpenedNamespace& opened, Executor& executor, Entropy& entropy,
                   Clock& clock, UploaderOptions options)
    : opened_(opened), executor_(executor), entropy_(entropy), clock_(clock), options_(options) {}

absl::StatusOr<UploadStats> Uploader::Upload(UploadPlan& plan, const ProgressCallback& progress,
                                             std::stop_token stop) {
  const ChunkerOptions chunker_options{
      .suite = static_cast<ChunkerSuite>(opened_.record.chunker_suite),
      .average_bytes = opened_.record.average_block_bytes,
      .kernel = {}};
  SYNCENGINE_ASSIGN_OR_RETURN(const std::unique_ptr<const Chunker> chunker,
                              Chunker::Create(chunker_options, opened_.keys->chunker_key()));
  std::atomic<uint64_t> held_bytes = 0;
  Crew crew(executor_);
  UploadContext context{.opened = opened_,
                        .executor = executor_,
                        .entropy = entropy_,
                        .clock = clock_,
                        .options = options_,
                        .stop = std::move(stop),
                        .crew = crew,
                        .stats = {},
                        .held_bytes = held_bytes,
                        .failure = {}};
  return UploadRun(context, *chunker, plan, progress).Go();
}

}  // namespace syncengine
