#include "src/diffsync/text_edit.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/diffsync/run_cursor.h"
#include "src/diffsync/utf8.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::diffsync {
namespace {

void TransformShared(RunCursor& a, RunCursor& b, Transformed& result) {
  const size_t size = std::min(a.left(), b.left());
  const bool a_deletes = a.kind() == RunKind::kDelete, b_deletes = b.kind() == RunKind::kDelete;
  if (a_deletes && !b_deletes) result.first_after.Delete(size);
  if (b_deletes && !a_deletes) result.second_after.Delete(size);
  if (!a_deletes && !b_deletes) {
    result.first_after.Keep(size);
    result.second_after.Keep(size);
  }
  a.Pass(size);
  b.Pass(size);
}

// Calls `visit(run, position in the old text, inserted text)` for each run.
template <typename Visit>
void ForEachRun(const TextEdit& edit, const Visit& visit) {
  size_t position = 0, used = 0;
  for (const Run& run : edit.runs()) {
    absl::string_view text;
    if (run.kind == RunKind::kInsert) {
      text = absl::string_view(edit.inserted()).substr(used, run.size);
      used += run.size;
    }
    visit(run, position, text);
    if (run.kind != RunKind::kInsert) position += run.size;
  }
}

// The splices applied to `before` give `after`; they may be anything.
bool LeadsTo(absl::Span<const LiveSplice> splices, absl::string_view before,
             absl::string_view after) {
  Rope text(before);
  for (const LiveSplice& splice : splices) {
    if (!CheckFits(TextEdit::FromSplice(splice), text).ok()) return false;
    text.Replace(splice.position, splice.deleted, splice.inserted);
  }
  return text.size() == after.size() && text.Text() == after;
}

}  // namespace

TextEdit TextEdit::FromSplice(const LiveSplice& splice) {
  TextEdit edit;
  edit.Keep(splice.position);
  edit.Delete(splice.deleted);
  edit.Insert(splice.inserted);
  return edit;
}

void TextEdit::Insert(absl::string_view text) {
  Push(RunKind::kInsert, text.size());
  inserted_.append(text.data(), text.size());
}

absl::Span<const Run> TextEdit::runs() const {
  absl::Span<const Run> runs = runs_;
  if (!runs.empty() && runs.back().kind == RunKind::kKeep) runs.remove_suffix(1);
  return runs;
}

void TextEdit::Push(RunKind kind, size_t size) {
  if (size == 0) return;
  if (!runs_.empty() && runs_.back().kind == kind) {
    runs_.back().size += size;
  } else {
    runs_.push_back({kind, size});
  }
}

TextEdit Compose(const TextEdit& first, const TextEdit& second) {
  TextEdit composed;
  RunCursor a(first), b(second);
  while (!a.done() || !b.done()) {
    const bool deletes = a.kind() == RunKind::kDelete;
    // At one place the insertion comes after what was deleted there, unless it continues a run.
    if (b.inserts() && !(deletes && !composed.ends_with_insertion())) {
      composed.Insert(b.Pass(b.left()));
      continue;
    }
    if (deletes) {
      composed.Delete(a.left());
      a.Pass(a.left());
      continue;
    }
    const size_t size = std::min(a.left(), b.left());
    const bool inserts = a.inserts(), drops = b.kind() == RunKind::kDelete;
    const absl::string_view text = a.Pass(size);
    b.Pass(size);
    if (inserts && !drops) composed.Insert(text);
    if (!inserts && drops) composed.Delete(size);
    if (!inserts && !drops) composed.Keep(size);
  }
  return composed;
}

TextEdit ComposeAll(std::vector<TextEdit> edits) {
  if (edits.empty()) return {};
  // Neighbours in pairs, so that each run is copied once a level.
  while (edits.size() > 1) {
    const size_t pairs = edits.size() / 2;
    for (size_t i = 0; i < pairs; ++i) edits[i] = Compose(edits[2 * i], edits[2 * i + 1]);
    if (edits.size() % 2 == 1) {
      edits[pairs] = std::move(edits.back());
      edits.resize(pairs + 1);
    } else {
      edits.resize(pairs);
    }
  }
  return std::move(edits.front());
}

Transformed Transform(const TextEdit& first, const TextEdit& second) {
  Transformed result;
  RunCursor a(first), b(second);
  while (!a.done() || !b.done()) {
    const bool b_goes_first =
        b.inserts() && (!a.inserts() || (b.after_deletion() && !a.after_deletion()));
    if (b_goes_first) {
      result.first_after.Keep(b.left());
      result.second_after.Insert(b.Pass(b.left()));
    } else if (a.inserts()) {
      result.second_after.Keep(a.left());
      result.first_after.Insert(a.Pass(a.left()));
    } else {
      TransformShared(a, b, result);
    }
  }
  return result;
}

TextEdit Invert(const TextEdit& edit, absl::string_view deleted) {
  TextEdit inverse;
  for (const Run& run : edit.runs()) {
    switch (run.kind) {
      case RunKind::kKeep:
        inverse.Keep(run.size);
        break;
      case RunKind::kInsert:
        inverse.Delete(run.size);
        break;
      case RunKind::kDelete:
        inverse.Insert(deleted.substr(0, run.size));
        deleted.remove_prefix(std::min(run.size, deleted.size()));
        break;
    }
  }
  return inverse;
}

absl::Status CheckFits(const TextEdit& edit, const Rope& text) {
  absl::Status status;
  size_t end = 0, deleted = 0;
  const auto check = [&](const Run& run, size_t position, absl::string_view inserted) {
    if (!status.ok()) return;
    if (run.kind == RunKind::kInsert) {
      if (!IsUtf8(inserted)) {
        status = absl::InvalidArgumentError("live text: the inserted bytes are not valid UTF-8");
      }
      return;
    }
    if (run.size > text.size() - position) {
      status = absl::InvalidArgumentError(
          absl::StrCat("live text: bytes ", position, " to ", position + run.size,
                       " are not inside the text of ", text.size(), " bytes"));
      return;
    }
    end = position + run.size;
    deleted += run.kind == RunKind::kDelete ? run.size : 0;
    if (!text.IsBoundary(end)) {
      status = absl::InvalidArgumentError(
          absl::StrCat("live text: byte ", end, " is inside a code point; use its beginning"));
    }
  };
  ForEachRun(edit, check);
  SYNCENGINE_RETURN_IF_ERROR(status);
  if (text.size() - deleted + edit.inserted().size() > limits::kLiveTextBytesMax) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "live text: it would be longer than ", limits::kLiveTextBytesMax, " bytes; split it"));
  }
  return absl::OkStatus();
}

std::string DeletedBy(const TextEdit& edit, const Rope& text) {
  std::string deleted;
  ForEachRun(edit, [&](const Run& run, size_t position, absl::string_view) {
    if (run.kind == RunKind::kDelete) deleted += text.Slice(position, run.size);
  });
  return deleted;
}

std::vector<LiveSplice> ToSplices(const TextEdit& edit) {
  std::vector<LiveSplice> splices;
  size_t position = 0, used = 0;
  bool open = false;  // Runs after a kept one belong to one splice.
  for (const Run& run : edit.runs()) {
    if (run.kind == RunKind::kKeep) {
      position += run.size;
      open = false;
      continue;
    }
    if (!open) splices.push_back({.position = position});
    open = true;
    if (run.kind == RunKind::kDelete) {
      splices.back().deleted += run.size;
    } else {
      splices.back().inserted.append(edit.inserted(), used, run.size);
      used += run.size;
      position += run.size;
    }
  }
  return splices;
}

void Apply(const TextEdit& edit, Rope& text) {
  for (const LiveSplice& splice : ToSplices(edit)) {
    text.Replace(splice.position, splice.deleted, splice.inserted);
  }
}

TextEdit EditBetween(const LiveDiffer& differ, absl::string_view before, absl::string_view after) {
  std::vector<LiveSplice> splices;
  if (differ != nullptr) splices = differ(before, after);
  if (differ == nullptr || !LeadsTo(splices, before, after)) splices = DifferByEnds(before, after);
  std::vector<TextEdit> edits;
  edits.reserve(splices.size());
  for (const LiveSplice& splice : splices) edits.push_back(TextEdit::FromSplice(splice));
  return ComposeAll(std::move(edits));
}

}  // namespace syncengine::diffsync
