// Carries out the downloads of a plan: fetch into temporary files, make them durable, note the
// intents, swap, look at what came out, make the names durable, record.
#ifndef SYNCENGINE_SRC_FOLDER_FETCHER_H_
#define SYNCENGINE_SRC_FOLDER_FETCHER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "src/folder/round.h"
#include "syncengine/transfer/downloader.h"

namespace syncengine::folder {

// For one round. Next and Settle run on the thread that calls Run; files are written by the
// executor.
class Fetcher : public DownloadPlan {
 public:
  Fetcher(const Surroundings& around, Round& round) : around_(around), round_(round) {}

  // Downloads that fail are in the outcome. An error status means that the service failed.
  absl::Status Run();

  std::optional<DownloadItem> Next() override;

 private:
  // One file on its way.
  struct Arrival {
    const Action* action = nullptr;
    std::string temporary;
    std::string path;
    std::optional<Fingerprint> expected;
    Fingerprint arrived;
    absl::Status status;
    uint64_t intent = 0;
    std::optional<std::string> leftover;  // Of the swap.
  };

  bool Prepare(const Action& action, Arrival& arrival);
  DownloadItem ItemFor(std::shared_ptr<Arrival> arrival);
  void MakeLink(const Action& action);
  absl::Status Settle();
  void Swap(Arrival& arrival);
  void DiscardLeftover(const Arrival& arrival);
  void Record(const Arrival& arrival);
  std::vector<std::shared_ptr<Arrival>> TakeFinished();

  const Surroundings& around_;
  Round& round_;
  size_t next_ = 0;
  absl::Status failure_;
  absl::Mutex mutex_;
  // Shared with the callbacks of the downloader.
  std::vector<std::shared_ptr<Arrival>> finished_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_FETCHER_H_
