// Copies a local file or tree into a namespace.
#ifndef SYNCENGINE_TRANSFER_PUT_TREE_H_
#define SYNCENGINE_TRANSFER_PUT_TREE_H_

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "syncengine/base/progress.h"
#include "syncengine/ports/clock.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/executor.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/ports/metadata_store.h"
#include "syncengine/transfer/opened_namespace.h"
#include "syncengine/transfer/uploader.h"

namespace syncengine {

struct PutTreeRequest {
  std::string local;  // Relative to the file system's root; "" is the root itself.
  std::string
      remote;  // Where it goes: the path of the file, or of the directory that gets the content.
  bool mirror = false;  // Also delete what is below `remote` and not below `local`.
  // For the names of conflicted copies where the service knows none for this device.
  std::string device = "device";
};

// A file that somebody else committed to while it was put, and that was merged with theirs. The
// local file stays as it is.
struct PutMerge {
  std::string path;
  RevisionId revision;  // The merge; theirs when the local file added nothing to it.
  RevisionId ours;
  RevisionId theirs;
};

// One that could not be merged: theirs stays, the local content is a conflicted copy.
struct PutConflict {
  std::string path;
  RevisionId ours;   // The id of the conflict, too.
  std::string copy;  // The name of the copy, beside `path`.
};

// Something that could not be put; everything else was.
struct TransferIssue {
  std::string path;
  absl::Status cause;
};

struct PutTreeReport {
  uint64_t files = 0;            // Looked at.
  uint64_t files_unchanged = 0;  // Of those, not read, or read and found equal.
  uint64_t deleted = 0;          // Nodes, with `mirror`.
  UploadStats upload;
  std::vector<PutMerge> merged;
  std::vector<PutConflict> conflicts;
  std::vector<TransferIssue> issues;
};

// What PutTree works with; the references outlive the call.
struct PutTreePorts {
  FileSystem& files;
  const OpenedNamespace& opened;
  Executor& executor;
  Entropy& entropy;
  Clock& clock;
  MetadataStore* cache =
      nullptr;  // Remembers what was read, so that unchanged files are not read again.
};

// Puts `request.local` at `request.remote`, making missing parent directories. Files whose (device,
// inode, size, mtime, ctime) equal what the cache recorded for the present head are not read.
// Symlinks are put as links; other special files become issues. Memory is the uploader's plus about
// 200 bytes for each remote and 300 for each local entry. kNotFound when the local file is missing;
// kFailedPrecondition when a parent of `remote` is a file.
absl::StatusOr<PutTreeReport> PutTree(const PutTreePorts& ports, const PutTreeRequest& request,
                                      const UploaderOptions& options = {},
                                      const ProgressCallback& progress = {},
                                      std::stop_token stop = {});

// Makes the directory `path` and its missing parents; the id of the last. One commit.
absl::StatusOr<NodeId> MakeDirectories(const OpenedNamespace& opened, Entropy& entropy,
                                       absl::string_view path);

}  // namespace syncengine

#endif  // SYNCENGINE_TRANSFER_PUT_TREE_H_
