// What a child process of diff_bench does: one comparison or merge, measured.
#ifndef SYNCENGINE_BENCHMARKS_DIFF_BENCH_WORK_H_
#define SYNCENGINE_BENCHMARKS_DIFF_BENCH_WORK_H_

#include <string>
#include <vector>

namespace syncengine::diff_bench {

// `what` is "lines", "words" or "characters" (a diff of two files), "merge" or "libgit2" (of base,
// ours, theirs). Tells its cost; the exit status of the process.
int DoWork(const std::string& what, const std::vector<std::string>& files);

// False when this program was built without libgit2.
bool HasLibgit2();

}  // namespace syncengine::diff_bench

#endif  // SYNCENGINE_BENCHMARKS_DIFF_BENCH_WORK_H_
