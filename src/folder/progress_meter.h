// One progress out of several transfers, one after another and round after round.
#ifndef SYNCENGINE_SRC_FOLDER_PROGRESS_METER_H_
#define SYNCENGINE_SRC_FOLDER_PROGRESS_METER_H_

#include <algorithm>
#include <cstdint>
#include <utility>

#include "syncengine/base/progress.h"

namespace syncengine::folder {

// Counts only grow, and done == total is reported once, by End. Single-threaded, except that the
// callback of Part may run on the executor, never concurrently.
class ProgressMeter {
 public:
  explicit ProgressMeter(ProgressCallback callback) : callback_(std::move(callback)) {}

  void Expect(uint64_t files, uint64_t bytes) {
    now_.files_total += files;
    now_.bytes_total += bytes;
  }
  // The callback for the next transfer; what it reports comes on top of what was done before.
  ProgressCallback Part() {
    if (!callback_) return {};
    const Progress before = now_;
    return [this, before](const Progress& part) {
      Progress next = now_;
      next.files_done = std::max(now_.files_done, before.files_done + part.files_done);
      next.bytes_done = std::max(now_.bytes_done, before.bytes_done + part.bytes_done);
      next.files_total = std::max(next.files_total, next.files_done);
      next.bytes_total = std::max(next.bytes_total, next.bytes_done);
      next.current = part.current;
      const bool complete =
          next.files_done == next.files_total && next.bytes_done == next.bytes_total;
      now_ = next;
      if (!complete) callback_(now_);
    };
  }
  void End() {
    if (!callback_) return;
    now_.files_done = now_.files_total;
    now_.bytes_done = now_.bytes_total;
    now_.total_known = true;
    now_.current.clear();
    callback_(now_);
  }

 private:
  const ProgressCallback callback_;
  Progress now_;
};

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_PROGRESS_METER_H_
