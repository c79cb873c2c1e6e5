// How a merge is judged against what people committed.
#ifndef SYNCENGINE_BENCHMARKS_MERGE_EVAL_VERDICT_H_
#define SYNCENGINE_BENCHMARKS_MERGE_EVAL_VERDICT_H_

#include <optional>
#include <string>

namespace syncengine::merge_eval {

struct Case {
  std::string id;
  std::string path;
  std::string base;
  std::string ours;
  std::string theirs;
  std::string merged;  // What people committed.
};

enum class Outcome {
  kEqual,     // Byte for byte what people committed.
  kOther,     // Clean and different, without any of the faults below.
  kWrong,     // A line (in JSON a leaf) lost, invented or returned from the dead.
  kConflict,  // Left to people.
};

// Judges the text of a clean merge; nothing means a conflict. A line is
//   lost when all three versions had it, or one side added it and people kept it, and it is gone;
//   invented when neither side nor people have it (a line of the base that both sides changed);
//   returned when one side and people deleted it, and it is there.
// JSON is judged by its leaves instead (KeepsLeaves): a comma is not a part of a value.
Outcome Judge(const Case& one, const std::optional<std::string>& text);

// For JSON, whatever the order and the layout: true unless a leaf was lost, invented or returned,
// judged by the two sides alone.
bool KeepsLeaves(const Case& one, const std::string& text);

bool IsJson(const Case& one);

}  // namespace syncengine::merge_eval

#endif  // SYNCENGINE_BENCHMARKS_MERGE_EVAL_VERDICT_H_
