// Walks a folder without reading any file.
#ifndef SYNCENGINE_SRC_FOLDER_SCANNER_H_
#define SYNCENGINE_SRC_FOLDER_SCANNER_H_

#include <stop_token>
#include <vector>

#include "absl/status/statusor.h"
#include "syncengine/folder/ignore_rules.h"
#include "syncengine/folder/sync_report.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/reconcile/observation.h"

namespace syncengine::folder {

struct Scan {
  LocalTree tree;
  std::vector<Issue> issues;
};

struct ScanOptions {
  const IgnoreRules& ignore;
  bool skip_symlinks = false;
};

// What could not be examined is in the tree as unknown and among the issues; FIFOs, sockets and
// devices are issues and nothing else. An error status means that the root itself could not be
// listed (nothing is known then), or kCancelled.
absl::StatusOr<Scan> ScanFolder(FileSystem& files, const ScanOptions& options,
                                std::stop_token stop);

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_SCANNER_H_
