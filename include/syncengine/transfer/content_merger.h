// Two versions of one file that grew from one base: merged and committed with two parents, or kept
// side by side as a conflict that somebody decides later.
#ifndef SYNCENGINE_TRANSFER_CONTENT_MERGER_H_
#define SYNCENGINE_TRANSFER_CONTENT_MERGER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "syncengine/merge/merger.h"
#include "syncengine/ports/clock.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/executor.h"
#include "syncengine/transfer/opened_namespace.h"
#include "syncengine/transfer/uploader.h"

namespace syncengine {

struct MergeTask {
  std::string label;  // For messages: usually the path.
  // What both grew from: its id, and its state where that is known. Without a state nothing can be
  // merged.
  RevisionId base;
  std::optional<NodeState> base_state;
  Revision head;   // Theirs: the present head of the node, not deleted.
  NodeState ours;  // Its content is read from `open`, not from here.
  std::function<absl::StatusOr<std::unique_ptr<ContentSource>>()> open;  // May be called twice.
  uint64_t size = 0;                                                     // Of ours.
  bool copy = false;  // Whether the caller makes a file of ours when it cannot be merged.
};

struct MergeOutcome {
  bool merged = false;
  Revision head;    // The newest: the merge, or theirs where ours adds nothing or conflicts.
  RevisionId ours;  // Kept aside, whatever came of it.
  uint64_t ours_sequence = 0;
  ContentRef ours_content;
  ConflictReason reason = ConflictReason::kOverlap;  // Unless merged.
  uint64_t sent_bytes = 0;
  uint64_t received_bytes = 0;
};

// Works on any thread, one call at a time. All that is merged, ours and theirs included, stays
// reachable as revisions, so that a merge can be undone by restoring either.
class ContentMerger {
 public:
  // The references outlive the object.
  ContentMerger(const OpenedNamespace& opened, Executor& executor, Entropy& entropy, Clock& clock,
                const MergerRegistry& mergers, MergeOptions options = {});

  // Fetches base and head, merges, and commits ours aside together with the merge; when the head
  // moved meanwhile, merges with the new one, a bounded number of times. What cannot be merged is
  // committed aside with a note of the conflict. kAborted when ours changed while it was read, when
  // the head was deleted, or when it moves faster than one can merge: look again.
  absl::StatusOr<MergeOutcome> Run(MergeTask task, std::stop_token stop = {});

 private:
  class Attempt;

  const OpenedNamespace& opened_;
  Executor& executor_;
  Entropy& entropy_;
  Clock& clock_;
  const MergerRegistry& mergers_;
  const MergeOptions options_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_TRANSFER_CONTENT_MERGER_H_
