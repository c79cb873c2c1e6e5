// The edits a writer made since the last packet, in the order they were made, as one edit.
#ifndef SYNCENGINE_SRC_DIFFSYNC_PENDING_EDITS_H_
#define SYNCENGINE_SRC_DIFFSYNC_PENDING_EDITS_H_

#include <vector>

#include "src/diffsync/text_edit.h"

namespace syncengine::diffsync {

// Thread-compatible. A splice costs next to nothing when it continues the one before.
class PendingEdits {
 public:
  PendingEdits() = default;
  explicit PendingEdits(TextEdit edit) : folded_(std::move(edit)) {}

  void Add(LiveSplice splice);
  bool empty() const { return recent_.empty() && folded_.empty(); }
  // Not less than the runs of all of them as one edit.
  size_t runs_at_most() const { return folded_.runs().size() + kRunsOfSplice * recent_.size(); }
  // All of them; none are left.
  TextEdit Take();
  // All of them.
  TextEdit Whole() const;

 private:
  static constexpr size_t kRunsOfSplice = 4;  // It divides a kept run.

  void Fold();

  TextEdit folded_;                 // Older,
  std::vector<LiveSplice> recent_;  // newer.
};

}  // namespace syncengine::diffsync

#endif  // SYNCENGINE_SRC_DIFFSYNC_PENDING_EDITS_H_
