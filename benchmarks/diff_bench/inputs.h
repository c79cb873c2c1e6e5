// The texts that diff_bench compares, made from seeds: the same on every machine.
#ifndef SYNCENGINE_BENCHMARKS_DIFF_BENCH_INPUTS_H_
#define SYNCENGINE_BENCHMARKS_DIFF_BENCH_INPUTS_H_

#include <string>
#include <vector>

namespace syncengine::diff_bench {

// Files that are compared (before, after) or merged (base, ours, theirs).
struct Input {
  const char* name;
  std::vector<std::string> files;

  bool is_merge() const { return files.size() == 3; }
};

// The inputs and where their files stand in `folder`.
std::vector<Input> ListInputs(const std::string& folder);

// Writes all of these files.
void WriteInputs(const std::string& folder);

std::string ReadFile(const std::string& path);

}  // namespace syncengine::diff_bench

#endif  // SYNCENGINE_BENCHMARKS_DIFF_BENCH_INPUTS_H_
