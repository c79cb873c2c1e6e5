// Deciding what a merge could not, and taking back what it did.
#ifndef SYNCENGINE_TRANSFER_RESOLVE_H_
#define SYNCENGINE_TRANSFER_RESOLVE_H_

#include <functional>
#include <memory>
#include <stop_token>

#include "absl/status/statusor.h"
#include "syncengine/ports/clock.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/executor.h"
#include "syncengine/transfer/opened_namespace.h"
#include "syncengine/transfer/uploader.h"

namespace syncengine {

// What resolving works with; the references outlive the call.
struct ResolvePorts {
  const OpenedNamespace& opened;
  Executor& executor;
  Entropy& entropy;
  Clock& clock;
};

// Sends the content and makes it the head of the conflict's node, in place of
// `conflict.head`, with the loser as its second parent. `open` may be called twice. Otherwise as
// Service::Resolve.
absl::StatusOr<ResolveResult> ResolveWithContent(
    const ResolvePorts& ports, const ConflictRecord& conflict,
    const std::function<absl::StatusOr<std::unique_ptr<ContentSource>>()>& open,
    std::stop_token stop = {});

enum class MergeParent {
  kTheirs,  // The head before the merge.
  kOurs,    // What was merged into it.
};

// Makes one of the two versions that `merge`, a head with two parents, was made of the head again.
// The merge and the other version stay in the history. The new head; kInvalidArgument when `merge`
// merges nothing, kNotFound when the version is not kept any more, kAborted when `merge` is no
// longer the head: look again.
absl::StatusOr<Revision> UndoMerge(const ResolvePorts& ports, const Revision& merge,
                                   MergeParent parent);

}  // namespace syncengine

#endif  // SYNCENGINE_TRANSFER_RESOLVE_H_
