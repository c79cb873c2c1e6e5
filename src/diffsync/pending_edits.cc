#include "src/diffsync/pending_edits.h"

#include <utility>

namespace syncengine::diffsync {
namespace {

constexpr size_t kRecentMax =
    256;  // Folding copies all older runs, so it is done for many at once.

// Makes `next`, which follows `last`, part of it; false when it does not touch what `last` did.
bool Join(LiveSplice& last, const LiveSplice& next) {
  const size_t written_end = last.position + last.inserted.size();
  if (next.position >= last.position && next.position + next.deleted <= written_end) {
    last.inserted.replace(next.position - last.position, next.deleted, next.inserted);
    return true;
  }
  if (!last.inserted.empty() || !next.inserted.empty()) return false;
  if (next.position + next.deleted == last.position) {
    last.position = next.position;
    last.deleted += next.deleted;
    return true;
  }
  if (next.position != last.position) return false;
  last.deleted += next.deleted;
  return true;
}

}  // namespace

void PendingEdits::Add(LiveSplice splice) {
  if (!recent_.empty() && Join(recent_.back(), splice)) return;
  recent_.push_back(std::move(splice));
  if (recent_.size() >= kRecentMax) Fold();
}

void PendingEdits::Fold() {
  std::vector<TextEdit> edits;
  edits.reserve(recent_.size());
  for (const LiveSplice& splice : recent_) edits.push_back(TextEdit::FromSplice(splice));
  folded_ = Compose(folded_, ComposeAll(std::move(edits)));
  recent_.clear();
}

TextEdit PendingEdits::Take() {
  if (!recent_.empty()) Fold();
  return std::exchange(folded_, {});
}

TextEdit PendingEdits::Whole() const {
  PendingEdits copy = *this;
  return copy.Take();
}

}  // namespace syncengine::diffsync
