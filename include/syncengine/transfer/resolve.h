// Decides a conflict with a content that somebody made from both versions.
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

}  // namespace syncengine

#endif  // SYNCENGINE_TRANSFER_RESOLVE_H_
