// Copies a file or tree of a namespace to a local disk.
#ifndef SYNCENGINE_TRANSFER_GET_TREE_H_
#define SYNCENGINE_TRANSFER_GET_TREE_H_

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "syncengine/base/progress.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/executor.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/transfer/downloader.h"
#include "syncengine/transfer/opened_namespace.h"
#include "syncengine/transfer/put_tree.h"

namespace syncengine {

// One thing to write; parents come before their children.
struct GetEntry {
  std::string path;  // Relative to the local destination; "" for the destination itself.
  NodeState state;
};

struct GetTreeReport {
  uint64_t files = 0;  // Written.
  uint64_t bytes = 0;
  uint64_t received_bytes = 0;
  std::vector<TransferIssue> issues;
};

// What GetTree works with; the references outlive the call.
struct GetTreePorts {
  FileSystem& files;
  const OpenedNamespace& opened;
  Executor& executor;
  Entropy& entropy;
};

// The node `root` and everything below it, as heads are now. The root's own entry has the path "".
absl::StatusOr<std::vector<GetEntry>> ListTree(const OpenedNamespace& opened, const Revision& root);
// The same as it was when the journal had reached `sequence`; reads the journal from its beginning.
// `path` "/" is the whole namespace. kNotFound when there was nothing at `path` then.
absl::StatusOr<std::vector<GetEntry>> ListTreeAsOf(const OpenedNamespace& opened,
                                                   absl::string_view path, uint64_t sequence);
// The sequence of the last commit at or before `time`; 0 when there was none.
absl::StatusOr<uint64_t> SequenceAt(const OpenedNamespace& opened, absl::Time time);

// Writes `entries` below `local` (relative to the file system's root; its parent exists). A file
// appears complete and verified or not at all, replaces an existing one in a single step, and gets
// its mode and mtime. What it replaces survives a power cut, or is replaced whole; new files are
// made durable by nobody but the system, in its time. Existing directories are kept and filled. One entry that fails becomes an
// issue, the others go on.
absl::StatusOr<GetTreeReport> GetTree(const GetTreePorts& ports, std::vector<GetEntry> entries,
                                      const std::string& local,
                                      const DownloaderOptions& options = {},
                                      const ProgressCallback& progress = {},
                                      std::stop_token stop = {});

}  // namespace syncengine

#endif  // SYNCENGINE_TRANSFER_GET_TREE_H_
