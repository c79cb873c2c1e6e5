// The programs beside the library: git merge-file, and zstd for compressed case files.
#ifndef SYNCENGINE_BENCHMARKS_MERGE_EVAL_BASELINE_H_
#define SYNCENGINE_BENCHMARKS_MERGE_EVAL_BASELINE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/merge_eval/verdict.h"

namespace syncengine::merge_eval {

// git merge-file on temporary files. Single-threaded.
class GitMerge {
 public:
  GitMerge();
  ~GitMerge();
  GitMerge(const GitMerge&) = delete;
  GitMerge& operator=(const GitMerge&) = delete;

  // The merge, or nothing when git reports a conflict (or is not installed).
  std::optional<std::string> Merge(const Case& one) const;

 private:
  std::string folder_;
};

// The cases of one file, *.jsonl or *.jsonl.zst, one object a line with the fields of Case.
absl::StatusOr<std::vector<Case>> ReadCases(const std::string& path);

}  // namespace syncengine::merge_eval

#endif  // SYNCENGINE_BENCHMARKS_MERGE_EVAL_BASELINE_H_
