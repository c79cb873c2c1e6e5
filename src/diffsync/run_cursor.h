// A walk over the runs of an edit, in steps of any size.
#ifndef SYNCENGINE_SRC_DIFFSYNC_RUN_CURSOR_H_
#define SYNCENGINE_SRC_DIFFSYNC_RUN_CURSOR_H_

#include <algorithm>
#include <cstddef>
#include <limits>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "src/diffsync/text_edit.h"

namespace syncengine::diffsync {

// Past the last run the text is kept for ever. The edit outlives the cursor. Thread-compatible.
class RunCursor {
 public:
  explicit RunCursor(const TextEdit& edit) : runs_(edit.runs()), inserted_(edit.inserted()) {
    Enter();
  }

  bool done() const { return index_ >= runs_.size(); }
  RunKind kind() const { return done() ? RunKind::kKeep : runs_[index_].kind; }
  bool inserts() const { return kind() == RunKind::kInsert; }
  size_t left() const { return left_; }
  bool after_deletion() const {
    return index_ > 0 && index_ <= runs_.size() && runs_[index_ - 1].kind == RunKind::kDelete;
  }

  // Passes `size` bytes of the run; the text of an insertion.
  absl::string_view Pass(size_t size) {
    absl::string_view text;
    if (inserts()) {
      text = inserted_.substr(0, size);
      inserted_.remove_prefix(size);
    }
    if (done()) return text;
    left_ -= size;
    if (left_ == 0) {
      ++index_;
      Enter();
    }
    return text;
  }

 private:
  void Enter() { left_ = done() ? std::numeric_limits<size_t>::max() : runs_[index_].size; }

  absl::Span<const Run> runs_;
  absl::string_view inserted_;
  size_t index_ = 0;
  size_t left_ = 0;
};

}  // namespace syncengine::diffsync

#endif  // SYNCENGINE_SRC_DIFFSYNC_RUN_CURSOR_H_
