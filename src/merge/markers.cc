// Conflict markers as git writes them.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/merge/tokens.h"
#include "syncengine/merge/three_way.h"

namespace syncengine {
namespace {

// A conflict's lines, and what both sides have in common around it.
struct Marked {
  absl::string_view before;
  absl::string_view ours;
  absl::string_view theirs;
  absl::string_view after;
};

Marked TrimCommonLines(absl::string_view ours, absl::string_view theirs) {
  const auto our_lines = merge::SplitLines(ours);
  const auto their_lines = merge::SplitLines(theirs);
  const size_t most = std::min(our_lines.size(), their_lines.size());
  size_t head = 0, tail = 0, head_bytes = 0, tail_bytes = 0;
  for (; head < most && our_lines[head] == their_lines[head]; ++head)
    head_bytes += our_lines[head].size();
  while (head + tail < most &&
         our_lines[our_lines.size() - 1 - tail] == their_lines[their_lines.size() - 1 - tail]) {
    tail_bytes += our_lines[our_lines.size() - 1 - tail].size();
    ++tail;
  }
  const auto middle = [&](absl::string_view text) {
    return text.substr(head_bytes, text.size() - head_bytes - tail_bytes);
  };
  return {ours.substr(0, head_bytes), middle(ours), middle(theirs),
          ours.substr(ours.size() - tail_bytes)};
}

absl::string_view LineEndOf(const MergeInput& input, const Conflict& conflict) {
  for (const absl::string_view text :
       {Slice(input.ours, conflict.ours), Slice(input.theirs, conflict.theirs), input.base}) {
    const size_t end = text.find('\n');
    if (end != absl::string_view::npos) return end > 0 && text[end - 1] == '\r' ? "\r\n" : "\n";
  }
  return "\n";
}

void AppendLines(std::string& out, absl::string_view lines, absl::string_view line_end) {
  absl::StrAppend(&out, lines);
  if (!lines.empty() && lines.back() != '\n') absl::StrAppend(&out, line_end);
}

void AppendConflict(std::string& out, const MergeInput& input, const Conflict& conflict,
                    const MarkerLabels& labels) {
  const absl::string_view line_end = LineEndOf(input, conflict);
  Marked marked{"", Slice(input.ours, conflict.ours), Slice(input.theirs, conflict.theirs), ""};
  if (!labels.show_base) marked = TrimCommonLines(marked.ours, marked.theirs);
  AppendLines(out, marked.before, line_end);
  absl::StrAppend(&out, "<<<<<<< ", labels.ours, line_end);
  AppendLines(out, marked.ours, line_end);
  if (labels.show_base) {
    absl::StrAppend(&out, "||||||| ", labels.base, line_end);
    AppendLines(out, Slice(input.base, conflict.base), line_end);
  }
  absl::StrAppend(&out, "=======", line_end);
  AppendLines(out, marked.theirs, line_end);
  absl::StrAppend(&out, ">>>>>>> ", labels.theirs, line_end, marked.after);
}

}  // namespace

std::string MarkConflicts(const MergeInput& input, const MergeResult& result,
                          const MarkerLabels& labels) {
  std::string out;
  size_t at = 0;
  const absl::string_view text = result.text;
  for (const Conflict& conflict : result.conflicts) {
    AppendLines(out, Slice(text, {at, conflict.at}), "\n");
    AppendConflict(out, input, conflict, labels);
    at = conflict.at;
  }
  absl::StrAppend(&out, text.substr(at));
  return out;
}

}  // namespace syncengine
