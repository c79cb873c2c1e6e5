#include "benchmarks/diff_bench/work.h"

#ifdef SYNCENGINE_LIBGIT2
#include <git2.h>
#endif

#include "benchmarks/diff_bench/inputs.h"
#include "benchmarks/diff_bench/process.h"
#include "syncengine/merge/diff.h"
#include "syncengine/merge/three_way.h"

namespace syncengine::diff_bench {
namespace {

#ifdef SYNCENGINE_LIBGIT2
git_merge_file_input InputOf(const std::string& text) {
  git_merge_file_input input = GIT_MERGE_FILE_INPUT_INIT;
  input.ptr = text.data();
  input.size = text.size();
  return input;
}

// True when libgit2 could do it, with or without conflicts.
bool MergeByLibgit2(const std::vector<std::string>& texts) {
  const git_merge_file_input base = InputOf(texts[0]), ours = InputOf(texts[1]),
                             theirs = InputOf(texts[2]);
  git_merge_file_result result{};
  if (git_merge_file(&result, &base, &ours, &theirs, nullptr) != 0) return false;
  const bool merged = result.len > 0;
  git_merge_file_result_free(&result);
  return merged;
}
#else
bool MergeByLibgit2(const std::vector<std::string>&) { return false; }
#endif

bool MergeByUs(const std::vector<std::string>& texts) {
  return !Merge3({.base = texts[0], .ours = texts[1], .theirs = texts[2]}).text.empty();
}

// Bytes deleted and inserted.
double DiffByUs(const std::vector<std::string>& texts, Granularity granularity) {
  double changed = 0;
  for (const Edit& edit : Diff(texts[0], texts[1], {.granularity = granularity}))
    changed += static_cast<double>(edit.before.size() + edit.after.size());
  return changed;
}

Granularity GranularityOf(const std::string& what) {
  if (what == "lines") return Granularity::kLines;
  return what == "words" ? Granularity::kWords : Granularity::kCharacters;
}

}  // namespace

bool HasLibgit2() {
#ifdef SYNCENGINE_LIBGIT2
  return git_libgit2_init() > 0;
#else
  return false;
#endif
}

int DoWork(const std::string& what, const std::vector<std::string>& files) {
  const bool is_merge = what == "merge" || what == "libgit2";
  if (files.size() != (is_merge ? 3 : 2)) return kCannotRun;
  if (what == "libgit2" && !HasLibgit2()) return kCannotRun;
  Stopwatch watch;
  std::vector<std::string> texts;
  for (const std::string& file : files) texts.push_back(ReadFile(file));
  watch.Start();
  double changed = -1;
  if (is_merge) {
    if (!(what == "merge" ? MergeByUs(texts) : MergeByLibgit2(texts))) return kCannotRun;
  } else {
    changed = DiffByUs(texts, GranularityOf(what));
  }
  watch.Tell(changed);
  return 0;
}

}  // namespace syncengine::diff_bench
