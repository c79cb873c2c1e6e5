// What a command costs, run in a process of its own.
#ifndef SYNCENGINE_BENCHMARKS_DIFF_BENCH_PROCESS_H_
#define SYNCENGINE_BENCHMARKS_DIFF_BENCH_PROCESS_H_

#include <optional>
#include <string>
#include <vector>

namespace syncengine::diff_bench {

// CPU time in seconds, memory in units of 10^6 bytes.
struct Cost {
  double process = 0;   // From start to end, with reading the files.
  double work = 0;      // The comparison alone, as the process says; `process` if it does not.
  double memory = 0;    // Peak, without what the process held before it read the files.
  double changed = -1;  // Bytes that its edits delete and insert; -1: not told.
  bool told = false;    // What the process said itself, or what was measured from outside?
};

// Where a process tells "work memory changed"; the one that does not is measured from outside, with
// all its memory.
inline constexpr int kTellDescriptor = 3;

// The exit status of a process that cannot do its work here, as the shell's for a missing command.
inline constexpr int kCannotRun = 127;

// Nothing when the command cannot be run. (Some count differences or conflicts in their status.)
std::optional<Cost> Measure(std::vector<std::string> command);

// Measures the work of this process between two points in it, for kTellDescriptor.
class Stopwatch {
 public:
  Stopwatch();
  void Start();
  // Tells what was done since Start().
  void Tell(double changed) const;

 private:
  double memory_before_;
  double seconds_before_ = 0;
};

}  // namespace syncengine::diff_bench

#endif  // SYNCENGINE_BENCHMARKS_DIFF_BENCH_PROCESS_H_
