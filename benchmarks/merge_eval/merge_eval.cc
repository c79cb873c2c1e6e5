// merge_eval FOLDER: merges every recorded case of FOLDER (*.jsonl, *.jsonl.zst) and prints how
// often the result is what people committed, with git merge-file beside it. With -v every case that
// is not equal is listed. Exit code 1 when a law of the merge is broken.
#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "benchmarks/merge_eval/baseline.h"
#include "benchmarks/merge_eval/verdict.h"
#include "syncengine/merge/merger.h"

namespace syncengine::merge_eval {
namespace {

struct Row {
  std::array<int, 4> counts{};

  void Add(Outcome outcome) { ++counts[static_cast<size_t>(outcome)]; }
  void Print(const char* name) const {
    std::printf("  %-34s %6d %6d %6d %6d\n", name, counts[0], counts[1], counts[2], counts[3]);
  }
};

struct Totals {
  Row library, git;
  Row where_git_clean, where_git_conflicts;
  int json_conflicts = 0, json_solved = 0, json_kept = 0;
  int broken_laws = 0;
};

MergeInput Input(const std::string& base, const std::string& ours, const std::string& theirs) {
  return {base, ours, theirs};
}

// The laws of three_way.h on one case; the number that do not hold.
int BrokenLaws(const MergerRegistry& mergers, const Case& one, const MergeResult& result) {
  const auto merge = [&](const MergeInput& input) { return mergers.Merge(one.path, input); };
  const auto gives = [&](const MergeInput& input, const std::string& expected) {
    const MergeResult got = merge(input);
    return got.clean() && got.text == expected;
  };
  int broken = merge(Input(one.base, one.theirs, one.ours)).verdict != result.verdict;
  for (const std::string* side : {&one.ours, &one.theirs}) {
    broken += !gives(Input(one.base, *side, *side), *side);
    broken += !gives(Input(one.base, one.base, *side), *side);
    broken += !gives(Input(one.base, *side, one.base), *side);
  }
  return broken;
}

void CountJson(const Case& one, const MergeResult& result, Totals& totals) {
  ++totals.json_conflicts;
  if (!result.clean()) return;
  ++totals.json_solved;
  totals.json_kept += KeepsLeaves(one, result.text);
}

constexpr std::array<const char*, 4> kNames = {"equal", "other", "wrong", "conflict"};

void Evaluate(const MergerRegistry& mergers, const GitMerge& git, const Case& one, bool verbose,
              Totals& totals) {
  const MergeResult result = mergers.Merge(one.path, Input(one.base, one.ours, one.theirs));
  const Outcome own =
      Judge(one, result.clean() ? std::optional<std::string>(result.text) : std::nullopt);
  const Outcome other = Judge(one, git.Merge(one));
  totals.library.Add(own);
  totals.git.Add(other);
  (other == Outcome::kConflict ? totals.where_git_conflicts : totals.where_git_clean).Add(own);
  if (other == Outcome::kConflict && IsJson(one)) CountJson(one, result, totals);
  const int broken = BrokenLaws(mergers, one, result);
  totals.broken_laws += broken;
  if (!verbose || (own == Outcome::kEqual && other == own && broken == 0)) return;
  const bool kept = IsJson(one) && result.clean() && KeepsLeaves(one, result.text);
  std::printf("%s %s: %s, git %s%s%s\n", one.id.c_str(), one.path.c_str(),
              kNames[static_cast<size_t>(own)], kNames[static_cast<size_t>(other)],
              kept ? ", every leaf kept" : "", broken > 0 ? ", BREAKS A LAW" : "");
}

void Print(const std::string& name, size_t cases, const Totals& totals) {
  std::printf("%s: %zu cases\n  %-34s %6s %6s %6s %6s\n", name.c_str(), cases, "", "equal", "other",
              "wrong", "confl.");
  totals.git.Print("git merge-file");
  totals.library.Print("syncengine");
  totals.where_git_clean.Print("syncengine where git is clean");
  totals.where_git_conflicts.Print("syncengine where git conflicts");
  std::printf("  JSON conflicts of git: %d, solved %d, of these with every leaf kept %d\n",
              totals.json_conflicts, totals.json_solved, totals.json_kept);
  std::printf("  broken laws: %d\n", totals.broken_laws);
}

std::set<std::string> CaseFiles(const char* folder) {
  std::set<std::string> files;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    const std::string path = entry.path().string();
    if (path.ends_with(".jsonl") || path.ends_with(".jsonl.zst")) files.insert(path);
  }
  return files;
}

int Main(const char* folder, bool verbose) {
  const std::set<std::string> files = CaseFiles(folder);
  if (files.empty()) {
    std::fprintf(stderr, "merge_eval: no *.jsonl or *.jsonl.zst in %s\n", folder);
    return 2;
  }
  const MergerRegistry mergers;
  const GitMerge git;
  int broken = 0;
  for (const std::string& file : files) {
    const auto cases = ReadCases(file);
    if (!cases.ok()) {
      std::fprintf(stderr, "merge_eval: %s\n", std::string(cases.status().message()).c_str());
      return 2;
    }
    Totals totals;
    for (const Case& one : *cases) Evaluate(mergers, git, one, verbose, totals);
    Print(std::filesystem::path(file).filename().string(), cases->size(), totals);
    broken += totals.broken_laws;
  }
  return broken > 0 ? 1 : 0;
}

}  // namespace
}  // namespace syncengine::merge_eval

int main(int argc, char** argv) {
  const bool verbose = argc == 3 && std::strcmp(argv[2], "-v") == 0;
  if (argc != 2 && !verbose) {
    std::fprintf(stderr, "usage: merge_eval FOLDER [-v]\n");
    return 2;
  }
  return syncengine::merge_eval::Main(argv[1], verbose);
}
