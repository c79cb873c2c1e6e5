// Fingerprints of what the file system says.
#ifndef SYNCENGINE_SRC_FOLDER_STAT_PRINT_H_
#define SYNCENGINE_SRC_FOLDER_STAT_PRINT_H_

#include <algorithm>

#include "absl/time/time.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/reconcile/observation.h"

namespace syncengine::folder {

inline Fingerprint PrintOf(const FileStat& stat) {
  return {.device = stat.device,
          .inode = stat.inode,
          .size = stat.kind == FileKind::kFile ? stat.size : 0,
          .mtime_ns = stat.mtime_ns,
          .ctime_ns = stat.ctime_ns,
          .mode = stat.mode};
}

// The same file with the same content, whatever it is called and whoever may read it: renaming and
// chmod change the ctime.
inline bool SameFile(const Fingerprint& a, const Fingerprint& b) {
  return a.device == b.device && a.inode == b.inode && a.size == b.size && a.mtime_ns == b.mtime_ns;
}

// Whether a write right after `now`, when `print` was taken, could leave it as it is. A write sets
// the mtime to its own time, which moves in steps: of a kernel tick at best, of `granularity_ns` at
// worst, and of two seconds where whole seconds are all there is. So only an mtime about now is in
// doubt.
inline bool IsRacy(const Fingerprint& print, absl::Time now, int64_t granularity_ns) {
  constexpr int64_t kTickNs = 20'000'000;
  constexpr int64_t kSecondNs = 1'000'000'000;
  int64_t window = std::max(kTickNs, 2 * granularity_ns);
  if (print.mtime_ns % kSecondNs == 0 && print.ctime_ns % kSecondNs == 0) window = 2 * kSecondNs;
  const int64_t now_ns = absl::ToUnixNanos(now);
  return print.mtime_ns >= now_ns - window && print.mtime_ns <= now_ns + window;
}

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_STAT_PRINT_H_
