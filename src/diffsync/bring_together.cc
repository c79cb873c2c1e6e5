#include "src/diffsync/bring_together.h"

#include <optional>
#include <string>

#include "src/diffsync/run_cursor.h"
#include "src/diffsync/utf8.h"

namespace syncengine::diffsync {
namespace {

void Append(const TextEdit& edit, size_t size_before, TextEdit& result) {
  RunCursor run(edit);
  while (!run.done()) {
    const size_t size = run.left();
    if (run.inserts()) {
      result.Insert(run.Pass(size));
    } else {
      result.Keep(size);
      run.Pass(size);
      size_before -= size;
    }
  }
  result.Keep(size_before);
}

}  // namespace

TextEdit UnitedEdit(const LiveDiffer& differ, absl::string_view ours, absl::string_view theirs) {
  TextEdit united;
  Append(EditBetween(differ, theirs, ours), theirs.size(), united);
  return united;
}

TextEdit MergedEdit(const LiveDiffer& differ, const LiveMerger& merger, absl::string_view base,
                    absl::string_view ours, absl::string_view theirs) {
  if (merger != nullptr) {
    const std::optional<std::string> merged = merger(base, ours, theirs);
    if (merged && IsUtf8(*merged)) return EditBetween(differ, theirs, *merged);
  }
  const TextEdit our_edit = EditBetween(differ, base, ours);
  const TextEdit their_edit = EditBetween(differ, base, theirs);
  TextEdit merged;
  RunCursor a(our_edit), b(their_edit);
  while (!a.done() || !b.done()) {
    if (a.inserts() && b.inserts()) {
      const absl::string_view mine = a.Pass(a.left()), other = b.Pass(b.left());
      Append(EditBetween(differ, other, mine), other.size(), merged);
    } else if (a.inserts()) {
      merged.Insert(a.Pass(a.left()));
    } else if (b.inserts()) {
      merged.Keep(b.left());
      b.Pass(b.left());
    } else {
      const size_t size = std::min(a.left(), b.left());
      if (b.kind() != RunKind::kDelete && a.kind() == RunKind::kDelete) merged.Delete(size);
      if (b.kind() != RunKind::kDelete && a.kind() != RunKind::kDelete) merged.Keep(size);
      a.Pass(size);
      b.Pass(size);
    }
  }
  return merged;
}

}  // namespace syncengine::diffsync
