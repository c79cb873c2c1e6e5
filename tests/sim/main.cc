// The simulator from the command line: many seeds, or one of them again.
//
//   sim --seeds 5000 [--from N] [--processes 2]
//   sim --seed 17 [--log]
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
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

int RunOne(const Options& options) {
  SimPlan plan = MakePlan(Number(options, "seed", 0));
  if (options.contains("ops")) KeepOnly(options.at("ops"), plan.ops);
  if (options.contains("faults")) KeepOnly(options.at("faults"), plan.faults);
  const RunResult result = RunPlan(plan, options.contains("log"));
  Report(plan, result);
  return result.failures.empty() ? 0 : 1;
}

// Runs the seeds from, from + step, ...; every hundredth twice, for the law of one trace.
Totals RunMany(uint64_t from, uint64_t end, uint64_t step) {
  Totals totals;
  for (uint64_t seed = from; seed < end; seed += step) {
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
    std::printf("%s\n", Shrink(plan).c_str());
    std::fflush(stdout);
  }
  return totals;
}

int RunSeeds(const Options& options) {
  const uint64_t from = Number(options, "from", 1);
  const uint64_t seeds = Number(options, "seeds", 100);
  const uint64_t processes = Number(options, "processes", 2);
  const auto began = std::chrono::steady_clock::now();
  std::vector<std::pair<pid_t, int>> children;
  for (uint64_t i = 0; i < processes; ++i) {
    int ends[2];
    if (pipe(ends) != 0) return 1;
    const pid_t child = fork();
    if (child == 0) {
      const Totals totals = RunMany(from + i, from + seeds, processes);
      const bool told = write(ends[1], &totals, sizeof totals) == sizeof totals;
      _exit(told ? 0 : 1);
    }
    close(ends[1]);
    children.emplace_back(child, ends[0]);
  }
  Totals all;
  bool complete = true;
  for (const auto& [child, end] : children) {
    Totals part;
    complete = read(end, &part, sizeof part) == sizeof part && complete;
    close(end);
    waitpid(child, nullptr, 0);
    all.seeds += part.seeds, all.failed += part.failed, all.switches += part.switches;
    all.user_ops += part.user_ops, all.syncs += part.syncs, all.conflicts += part.conflicts;
    all.requests += part.requests, all.troubles += part.troubles, all.crashes += part.crashes;
    all.revisions += part.revisions, all.repeated += part.repeated;
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
  line("revisions", all.revisions);
  line("switches", all.switches);
  std::printf("%-28s %12.1f\n", "seconds", seconds);
  std::printf("%-28s %12.1f\n", "seeds per second", static_cast<double>(all.seeds) / seconds);
  std::printf("%-28s %12.0f\n", "virtual to real time", all.virtual_seconds / seconds);
  if (!complete) std::printf("a process ended before its seeds did\n");
  return complete && all.failed == 0 && all.seeds == seeds ? 0 : 1;
}

}  // namespace
}  // namespace syncengine::sim

int main(int argc, char** argv) {
  syncengine::sim::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name.rfind("--", 0) != 0) {
      std::fprintf(stderr, "expected --seed N or --seeds N, not '%s'\n", argv[i]);
      return 2;
    }
    const bool has_value = i + 1 < argc && std::string(argv[i + 1]).rfind("--", 0) != 0;
    options[name.substr(2)] = has_value ? argv[++i] : "";
  }
  return options.contains("seed") ? syncengine::sim::RunOne(options)
                                  : syncengine::sim::RunSeeds(options);
}
