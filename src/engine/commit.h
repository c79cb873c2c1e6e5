// The inside of a commit, for those who write more in the same transaction.
#ifndef SYNCENGINE_ENGINE_COMMIT_H_
#define SYNCENGINE_ENGINE_COMMIT_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/engine/rows.h"

namespace syncengine::engine {

// What is drawn before the transaction, so that every run of it writes the same.
struct CommitDraft {
  DeviceId device;
  absl::Time now;                     // Whole microseconds.
  std::vector<RevisionId> revisions;  // At least as many as changes.
};

CommitDraft DraftCommit(const EnginePorts& ports, const DeviceId& device, size_t changes);

// What can be judged without looking at the namespace.
absl::Status ValidateCommit(const CommitRequest& request);

// One run of the transaction. Unless the result is `committed`, the transaction must be given up.
absl::StatusOr<CommitResult> RunCommit(MetadataWriter& rows, HeadRow& head,
                                       const CommitRequest& request, const CommitDraft& draft);

}  // namespace syncengine::engine

#endif  // SYNCENGINE_ENGINE_COMMIT_H_
