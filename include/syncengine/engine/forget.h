// Removes old revisions from the history of nodes, so that what only they held can be collected.
#ifndef SYNCENGINE_ENGINE_FORGET_H_
#define SYNCENGINE_ENGINE_FORGET_H_

#include <cstdint>
#include <optional>
#include <stop_token>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "syncengine/base/ids.h"
#include "syncengine/engine/engine.h"

namespace syncengine {

struct ForgetRequest {
  // Absent: all nodes of the namespace, deleted ones too.
  std::optional<NodeId> node;
  // The newest revisions of each node that stay, at least 1: the head is never forgotten, nor the
  // losing version of a conflict that nobody decided. Of a deleted node that is the deletion, so 1
  // lets its content go.
  uint64_t keep_newest = 1;
  // Only revisions committed before this are forgotten.
  absl::Time before = absl::InfiniteFuture();
  // Only counts what would be forgotten.
  bool dry_run = false;
  std::stop_token stop;
};

struct ForgetReport {
  uint64_t nodes = 0;      // That lost revisions.
  uint64_t revisions = 0;  // That were forgotten.
};

// Forgets revisions and takes their references back in the same transactions, about a thousand rows
// each. The journal stays as it is: its entries then have no revision. There is no way back, but
// the space returns only with CollectGarbage (engine/collector.h). kNotFound for an unknown
// namespace or node; kCancelled when `stop` is requested, and what was done counts.
absl::StatusOr<ForgetReport> ForgetRevisions(const EnginePorts& ports, const NamespaceId& id,
                                             const ForgetRequest& request);

}  // namespace syncengine

#endif  // SYNCENGINE_ENGINE_FORGET_H_
