// Checks that everything a namespace ever committed is still there and opens.
#ifndef SYNCENGINE_TRANSFER_VERIFY_H_
#define SYNCENGINE_TRANSFER_VERIFY_H_

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "syncengine/base/ids.h"
#include "syncengine/base/progress.h"
#include "syncengine/ports/executor.h"
#include "syncengine/transfer/opened_namespace.h"

namespace syncengine {

struct VerifyOptions {
  // Fetches and verifies every data block. Otherwise only manifests are fetched, and the service is
  // asked whether it has the data blocks.
  bool read_data = false;
  uint64_t buffer_bytes = 64u << 20;  // Blocks in flight, about.
};

// A revision whose content cannot be had.
struct VerifyIssue {
  std::string path;  // Where its node is now.
  RevisionId revision;
  absl::Status cause;
};

struct VerifyReport {
  uint64_t revisions = 0;       // Looked at.
  uint64_t blocks = 0;          // Distinct data blocks and manifest nodes.
  uint64_t received_bytes = 0;  // Sealed bytes fetched.
  std::vector<VerifyIssue> issues;
};

// Walks the journal from its beginning: the manifest of every revision must open, every block must
// be present and, with `read_data`, open and have its id and length. Each block is looked at once;
// a damaged one is reported with the first revisions that use it, those that share a whole manifest
// node with them are not listed again. Memory: about 16 bytes for each distinct block. An error
// status means that the service failed or `stop` was requested (kCancelled).
absl::StatusOr<VerifyReport> VerifyNamespace(const OpenedNamespace& opened, Executor& executor,
                                             const VerifyOptions& options = {},
                                             const ProgressCallback& progress = {},
                                             std::stop_token stop = {});

}  // namespace syncengine

#endif  // SYNCENGINE_TRANSFER_VERIFY_H_
