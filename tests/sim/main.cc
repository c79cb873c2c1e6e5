// The simulator from the command line: many seeds, or one of them again.
//
//   sim --seeds 5000 [--from N] [--processes 2] [--kept tests/sim/seeds.txt]
//   sim --seed 17 [--schedule 5] [--ops 0,3] [--faults 1] [--log]
//   sim --until-failure --max-seeds 5000 [--from N] [--bug NAME]
//
// The second runs one seed, or the part of it that a failure was reduced to; with a schedule the
// same things happen in another order. The third is for
// builds with SYNCENGINE_PLANTED_BUGS: it tells how many seeds it takes to see that something is
// broken, and fails when nothing is seen.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/sim/shrink.h"
#include "tests/sim/world.h"

namespace syncengine::sim {
namespace {

using Options = std::map<std::string, std::string>;

uint64_t Number(const Options& options, const std::string& name, uint64_t otherwise) {
  const auto found = options.find(name);
  uint64_t number = otherwise;
  if (found != options.end() && !absl::SimpleAtoi(found->second, &number)) {
    std::fprintf(stderr, "--%s needs a number, not '%s'\n", name.c_str(), found->second.c_str());
    std::exit(2);
  }
  return number;
}

struct Totals {
  uint64_t seeds = 0, failed = 0, switches = 0, user_ops = 0, syncs = 0, conflicts = 0;
  uint64_t collections = 0, collected_blocks = 0, collected_objects = 0;
  uint64_t requests = 0, troubles = 0, crashes = 0, revisions = 0, repeated = 0;
  double virtual_seconds = 0;

  void Add(const RunResult& result) {
    ++seeds;
    failed += result.failures.empty() ? 0 : 1;
    switches += result.switches;
    user_ops += result.user_ops;
    syncs += result.syncs;
    conflicts += result.conflicts;
    requests += result.requests;
    troubles += result.network_troubles;
    crashes += result.crashes;
    collections += result.collections;
    collected_blocks += result.collected_blocks;
    collected_objects += result.collected_objects;
    revisions += result.revisions;
    virtual_seconds += absl::ToDoubleSeconds(result.virtual_time);
  }
};

void Report(const SimPlan& plan, const RunResult& result) {
  std::printf("seed %llu: %s\n", static_cast<unsigned long long>(plan.seed),
              result.failures.empty() ? "all laws hold" : "FAILED");
  for (const std::string& failure : result.failures) std::printf("  %s\n", failure.c_str());
  std::printf("  trace hash %016llx, %s of virtual time\n",
              static_cast<unsigned long long>(result.trace_hash),
              absl::FormatDuration(result.virtual_time).c_str());
}

SimPlan ChosenPlan(const Options& options) {
  SimPlan plan = MakePlan(Number(options, "seed", 0));
  plan.seed = Number(options, "schedule", plan.seed);
  if (options.contains("ops")) KeepOnly(options.at("ops"), plan.ops);
  if (options.contains("faults")) KeepOnly(options.at("faults"), plan.faults);
  return plan;
}

int RunOne(const Options& options) {
  const SimPlan plan = ChosenPlan(options);
  const RunResult result = RunPlan(plan, options.contains("log"));
  Report(plan, result);
  return result.failures.empty() ? 0 : 1;
}

// "--name value --name" as pairs; false when a word stands where a name should.
bool ParseOptions(const std::vector<std::string>& words, Options& options) {
  std::string name;
  for (const std::string& word : words) {
    if (word.rfind("--", 0) == 0) {
      name = word.substr(2);
      options[name];
    } else if (!name.empty()) {
      options[name] = word;
      name.clear();
    } else {
      std::fprintf(stderr, "expected an option such as --seed 17, not '%s'\n", word.c_str());
      return false;
    }
  }
  return true;
}

// Runs what failed once: a line of the file is a `sim --seed` command's options. Returns how many
// fail, or -1 when the file cannot be read.
int RunKept(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    std::fprintf(stderr, "cannot read the kept seeds in %s\n", path.c_str());
    return -1;
  }
  int failed = 0;
  for (std::string line; std::getline(file, line);) {
    Options options;
    const std::vector<std::string> words =
        absl::StrSplit(line.substr(0, line.find('#')), ' ', absl::SkipEmpty());
    if (words.empty()) continue;
    if (!ParseOptions(words, options)) return -1;
    const SimPlan plan = ChosenPlan(options);
    const RunResult result = RunPlan(plan);
    if (result.failures.empty()) continue;
    ++failed;
    Report(plan, result);
  }
  return failed;
}

// One seed after the other, until a law breaks: then the run has found what it looked for.
int RunUntilFailure(const Options& options) {
  const uint64_t from = Number(options, "from", 1);
  const uint64_t most = Number(options, "max-seeds", 5000);
  for (uint64_t tried = 1; tried <= most; ++tried) {
    const SimPlan plan = MakePlan(from + tried - 1);
    const RunResult result = RunPlan(plan);
    if (result.failures.empty()) continue;
    Report(plan, result);
    std::printf("found after %llu seeds\n", static_cast<unsigned long long>(tried));
    return 0;
  }
  std::printf("not found in %llu seeds\n", static_cast<unsigned long long>(most));
  return 1;
}

// The planted bug that `name` names is on from here. False when this build has none.
bool PlantBug(const std::string& name) {
#ifdef SYNCENGINE_PLANTED_BUGS
  return setenv("SYNCENGINE_PLANTED_BUG", name.c_str(), 1) == 0;
#else
  std::fprintf(stderr, "this build cannot plant '%s': configure with SYNCENGINE_PLANTED_BUGS\n",
               name.c_str());
  return false;
#endif
}

// Runs the seeds from, from + step, ...; every hundredth twice, for the law of one trace.
// `current` always names the seed that runs, for who finds this process dead.
Totals RunMany(uint64_t from, uint64_t end, uint64_t step, volatile uint64_t& current) {
  Totals totals;
  for (uint64_t seed = from; seed < end; seed += step) {
    current = seed;
    const SimPlan plan = MakePlan(seed);
    RunResult result = RunPlan(plan);
    if (seed % 100 == from % 100) {
      ++totals.repeated;
      if (RunPlan(plan).trace_hash != result.trace_hash) {
        result.failures.push_back("the same seed gave another trace");
      }
    }
    totals.Add(result);
    if (result.failures.empty()) continue;
    Report(plan, result);
    std::printf("%s\n", Shrink(plan, result.failures[0]).c_str());
    std::fflush(stdout);
  }
  return totals;
}

int RunSeeds(const Options& options) {
  const uint64_t from = Number(options, "from", 1);
  const uint64_t seeds = Number(options, "seeds", 100);
  const uint64_t processes = std::clamp<uint64_t>(Number(options, "processes", 2), 1, 256);
  if (options.contains("kept") && RunKept(options.at("kept")) != 0) return 1;
  void* shared = mmap(nullptr, processes * sizeof(uint64_t), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 1;
  auto* current = static_cast<volatile uint64_t*>(shared);
  const auto began = std::chrono::steady_clock::now();
  std::vector<std::pair<pid_t, int>> children;
  for (uint64_t i = 0; i < processes; ++i) {
    int ends[2];
    if (pipe(ends) != 0) return 1;
    const pid_t child = fork();
    if (child == 0) {
      const Totals totals = RunMany(from + i, from + seeds, processes, current[i]);
      const bool told = write(ends[1], &totals, sizeof totals) == sizeof totals;
      _exit(told ? 0 : 1);
    }
    close(ends[1]);
    children.emplace_back(child, ends[0]);
  }
  Totals all;
  bool complete = true;
  for (size_t i = 0; i < children.size(); ++i) {
    const auto [child, end] = children[i];
    Totals part;
    const bool told = read(end, &part, sizeof part) == sizeof part;
    close(end);
    if (!told) {
      std::printf("a process died in seed %llu\n", static_cast<unsigned long long>(current[i]));
    }
    complete = complete && told;
    waitpid(child, nullptr, 0);
    all.seeds += part.seeds, all.failed += part.failed, all.switches += part.switches;
    all.user_ops += part.user_ops, all.syncs += part.syncs, all.conflicts += part.conflicts;
    all.requests += part.requests, all.troubles += part.troubles, all.crashes += part.crashes;
    all.revisions += part.revisions, all.repeated += part.repeated;
    all.collections += part.collections, all.collected_blocks += part.collected_blocks;
    all.collected_objects += part.collected_objects;
    all.virtual_seconds += part.virtual_seconds;
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const auto line = [](const char* what, uint64_t count) {
    std::printf("%-28s %12llu\n", what, static_cast<unsigned long long>(count));
  };
  line("seeds", all.seeds);
  line("failed", all.failed);
  line("run twice, same trace", all.repeated);
  line("acts of users", all.user_ops);
  line("syncs", all.syncs);
  line("conflicted copies", all.conflicts);
  line("requests", all.requests);
  line("network troubles", all.troubles);
  line("crashes", all.crashes);
  line("collections", all.collections);
  line("blocks collected", all.collected_blocks);
  line("objects collected", all.collected_objects);
  line("revisions", all.revisions);
  line("switches", all.switches);
  std::printf("%-28s %12.1f\n", "seconds", seconds);
  std::printf("%-28s %12.1f\n", "seeds per second", static_cast<double>(all.seeds) / seconds);
  std::printf("%-28s %12.0f\n", "virtual to real time", all.virtual_seconds / seconds);
  return complete && all.failed == 0 && all.seeds == seeds ? 0 : 1;
}

}  // namespace
}  // namespace syncengine::sim

int main(int argc, char** argv) {
  using namespace syncengine::sim;
  Options options;
  if (!ParseOptions(std::vector<std::string>(argv + 1, argv + argc), options)) return 2;
  if (options.contains("bug") && !PlantBug(options["bug"])) return 2;
  if (options.contains("until-failure")) return RunUntilFailure(options);
  return options.contains("seed") ? RunOne(options) : RunSeeds(options);
}
