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
  // All of them; none are left.
  TextEdit Take();
  // All of them.
  TextEdit Whole() const;

 private:
  void Fold();

  TextEdit folded_;                 // Older,
  std::vector<LiveSplice> recent_;  // newer.
};

}  // namespace syncengine::diffsync

#endif  // SYNCENGINE_SRC_DIFFSYNC_PENDING_EDITS_H_
