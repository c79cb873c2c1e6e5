// An edit of a whole text: runs that are kept, deleted and inserted, in order. What follows the
// last run is kept. Two edits that follow each other compose into one, and two edits of the same
// text transform past each other; that is all the mathematics of live documents.
//
// Source: Ellis and Gibbs, Concurrency Control in Groupware Systems, SIGMOD 1989; Nichols et al.,
// High-Latency, Low-Bandwidth Windowing in the Jupiter Collaboration System, UIST 1995.
#ifndef SYNCENGINE_SRC_DIFFSYNC_TEXT_EDIT_H_
#define SYNCENGINE_SRC_DIFFSYNC_TEXT_EDIT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "src/diffsync/rope.h"
#include "syncengine/diffsync/live_splice.h"

namespace syncengine::diffsync {

enum class RunKind : uint8_t { kKeep = 0, kDelete = 1, kInsert = 2 };

struct Run {
  RunKind kind = RunKind::kKeep;
  size_t size = 0;

  friend bool operator==(const Run&, const Run&) = default;
};

// Runs of one kind that touch are one; the order of a deletion and an insertion at one place is
// kept. Thread-compatible.
class TextEdit {
 public:
  TextEdit() = default;
  static TextEdit FromSplice(const LiveSplice& splice);

  void Keep(size_t size) { Push(RunKind::kKeep, size); }
  void Delete(size_t size) { Push(RunKind::kDelete, size); }
  void Insert(absl::string_view text);

  // Without a kept run at the end.
  absl::Span<const Run> runs() const;
  // The bytes of all inserted runs, one after the other.
  const std::string& inserted() const { return inserted_; }
  bool empty() const { return runs().empty(); }
  bool ends_with_insertion() const {
    return !runs_.empty() && runs_.back().kind == RunKind::kInsert;
  }

  friend bool operator==(const TextEdit& a, const TextEdit& b) {
    return a.runs() == b.runs() && a.inserted_ == b.inserted_;
  }

 private:
  void Push(RunKind kind, size_t size);

  std::vector<Run> runs_;
  std::string inserted_;
};

// `first`, then `second`, as one edit.
TextEdit Compose(const TextEdit& first, const TextEdit& second);
// All of them, each made on the result of the one before.
TextEdit ComposeAll(std::vector<TextEdit> edits);

// Two edits of one text, each as it looks after the other: applying first and then second_after is
// the same as applying second and then first_after.
struct Transformed {
  TextEdit first_after;
  TextEdit second_after;
};
// Where both insert at one place, `first` goes before `second`, unless only that of `second`
// replaces text that ended there and thus stands in its place.
Transformed Transform(const TextEdit& first, const TextEdit& second);

// Takes `edit` back; `deleted` are the bytes it deleted, one run after the other.
TextEdit Invert(const TextEdit& edit, absl::string_view deleted);

// kInvalidArgument unless `edit` stays inside `text`, cuts no code point and inserts UTF-8;
// kResourceExhausted when the result would be longer than limits::kLiveTextBytesMax.
absl::Status CheckFits(const TextEdit& edit, const Rope& text);
// What Apply would delete.
std::string DeletedBy(const TextEdit& edit, const Rope& text);
// `edit` must fit.
void Apply(const TextEdit& edit, Rope& text);
std::vector<LiveSplice> ToSplices(const TextEdit& edit);

// What `differ` says, checked: what does not lead from `before` to `after` gives way to one splice
// between the common ends. Both are valid UTF-8.
TextEdit EditBetween(const LiveDiffer& differ, absl::string_view before, absl::string_view after);

}  // namespace syncengine::diffsync

#endif  // SYNCENGINE_SRC_DIFFSYNC_TEXT_EDIT_H_
