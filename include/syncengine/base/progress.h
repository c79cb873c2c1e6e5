// How every long operation says how far it is.
#ifndef SYNCENGINE_BASE_PROGRESS_H_
#define SYNCENGINE_BASE_PROGRESS_H_

#include <cstdint>
#include <functional>
#include <string>

namespace syncengine {

// A snapshot of a long operation. Counts only grow; `*_total` may grow while work is still being
// found and is final once `total_known`. The last report has done == total and comes exactly once.
struct Progress {
  uint64_t files_done = 0;
  uint64_t files_total = 0;
  uint64_t bytes_done = 0;
  uint64_t bytes_total = 0;
  bool total_known = false;
  std::string current;  // Path being worked on; may be empty.
};

// Called on the thread that runs the operation or on its executor, never concurrently and with no
// lock held. Must not throw.
using ProgressCallback = std::function<void(const Progress&)>;

}  // namespace syncengine

#endif  // SYNCENGINE_BASE_PROGRESS_H_
