// Diff and merge of large texts beside git, libgit2 and diff-match-patch, every run in a process of
// its own, in rounds that take the programs in turn; ratios are medians over the rounds.
// Usage: diff_bench [--peers FOLDER] [--rounds N] [FOLDER]. The inputs are made from a seed and
// written to FOLDER (default: a temporary one). --peers names the folder of diff_peer.py and
// diff_peer.js, which run diff-match-patch. Ends with 1 when a target is missed.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/diff_bench/inputs.h"
#include "benchmarks/diff_bench/process.h"
#include "benchmarks/diff_bench/work.h"

namespace syncengine::diff_bench {
namespace {

constexpr const char* kSelf = "/proc/self/exe";
// The one that sees Debian's packages.
constexpr const char* kDebianPython = "/usr/bin/python3";
// diff-match-patch takes a second and more a run.
constexpr size_t kSlowRounds = 3;

struct Options {
  std::string folder;
  std::string peers;
  size_t rounds = 9;
};

// A program on one input, and what it cost in each round.
struct Runner {
  std::string name;
  std::vector<std::string> command;
  size_t rounds = 0;
  std::string install = {};    // What to do when it cannot be run.
  size_t counterpart = kNone;  // Which of our own runs it is compared with.
  std::vector<Cost> costs = {};

  static constexpr size_t kNone = ~size_t{0};
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

double MedianOf(const Runner& runner, double Cost::*field) {
  std::vector<double> values;
  for (const Cost& cost : runner.costs) values.push_back(cost.*field);
  return Median(std::move(values));
}

// How many times as long `runner` took as `other` in the same round: the work alone if both tell.
double RatioOf(const Runner& runner, const Runner& other) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(runner.costs.size(), other.costs.size()); ++i) {
    const Cost &ours = runner.costs[i], &theirs = other.costs[i];
    const bool both_tell = ours.told && theirs.told;
    ratios.push_back(both_tell ? ours.work / theirs.work : ours.process / theirs.process);
  }
  return Median(std::move(ratios));
}

std::vector<std::string> Command(std::vector<std::string> start, const Input& input) {
  start.insert(start.end(), input.files.begin(), input.files.end());
  return start;
}

std::vector<Runner> MergeRunners(const Input& input, const Options& options) {
  return {{"syncengine", Command({kSelf, "--run", "merge"}, input), options.rounds},
          {"git merge-file",
           {"git", "merge-file", "-p", "-q", input.files[1], input.files[0], input.files[2]},
           options.rounds,
           "git",
           0},
          {"libgit2", Command({kSelf, "--run", "libgit2"}, input), options.rounds,
           "libgit2-dev and build again", 0}};
}

// By lines, as git compares; by characters, as diff-match-patch does.
std::vector<Runner> DiffRunners(const Input& input, const Options& options) {
  std::vector<Runner> runners;
  for (const char* unit : {"lines", "words", "characters"}) {
    runners.push_back({std::string("syncengine, ") + unit, Command({kSelf, "--run", unit}, input),
                       options.rounds});
  }
  runners.push_back({"git diff", Command({"git", "diff", "--no-index", "--no-color"}, input),
                     options.rounds, "git", 0});
  const size_t slow = std::min(options.rounds, kSlowRounds);
  if (options.peers.empty()) return runners;
  runners.push_back({"diff-match-patch, Python",
                     Command({kDebianPython, options.peers + "/diff_peer.py"}, input), slow,
                     "python3-diff-match-patch", 2});
  runners.push_back({"diff-match-patch, Node",
                     Command({"node", options.peers + "/diff_peer.js"}, input), slow,
                     "npm's diff-match-patch", 2});
  return runners;
}

void RunRounds(std::vector<Runner>& runners, size_t rounds) {
  for (size_t round = 0; round < rounds; ++round) {
    for (Runner& runner : runners) {
      if (round >= runner.rounds) continue;
      if (const auto cost = Measure(runner.command)) {
        runner.costs.push_back(*cost);
      } else {
        runner.rounds = 0;
      }
    }
  }
}

double InputSize(const Input& input) {
  double size = 0;
  for (const std::string& file : input.files)
    size += static_cast<double>(std::filesystem::file_size(file)) / 1e6;
  return size;
}

void PrintRow(const Runner& runner, const std::vector<Runner>& all, double input_size) {
  if (runner.costs.empty()) {
    std::printf("  %-25s not measured: install %s (tools/setup.sh diff)\n", runner.name.c_str(),
                runner.install.c_str());
    return;
  }
  const Cost& first = runner.costs[0];
  const double memory = MedianOf(runner, &Cost::memory);
  std::printf("  %-25s %9.4f", runner.name.c_str(), MedianOf(runner, &Cost::process));
  std::printf(first.told ? " %9.4f" : "         -", MedianOf(runner, &Cost::work));
  std::printf(" %8.1f %8.1f", memory, memory / input_size);
  std::printf(first.changed < 0 ? "           -" : " %11.0f", first.changed);
  if (runner.counterpart == Runner::kNone) {
    std::printf("         -\n");
  } else {
    std::printf(" %9.2f\n", RatioOf(all[runner.counterpart], runner));
  }
}

class Targets {
 public:
  void Check(const std::string& what, double measured, double most) {
    const bool met = measured <= most;
    std::printf("%-6s %-58s %8.3f, at most %5.2f\n", met ? "met" : "MISSED", what.c_str(), measured,
                most);
    missed_ |= !met;
  }
  bool missed() const { return missed_; }

 private:
  bool missed_ = false;
};

// An input with all that was measured on it; the runners stand in the order of *Runners().
struct Measured {
  Input input;
  std::vector<Runner> runners;

  const Runner& lines() const { return runners[0]; }
  const Runner& characters() const { return runners[2]; }
  const Runner& git() const { return runners[3]; }
};

Measured MeasureAll(const Input& input, const Options& options) {
  Measured measured{input,
                    input.is_merge() ? MergeRunners(input, options) : DiffRunners(input, options)};
  RunRounds(measured.runners, options.rounds);
  std::printf("%s\n", input.name);
  for (const Runner& runner : measured.runners)
    PrintRow(runner, measured.runners, InputSize(input));
  return measured;
}

void CheckEdited(Targets& targets, const Measured& edited) {
  const std::string name = edited.input.name;
  const double size = InputSize(edited.input);
  for (const Runner* runner : {&edited.lines(), &edited.characters()}) {
    targets.Check(name + ": " + runner->name + ", process time / git's",
                  RatioOf(*runner, edited.git()), 1.5);
    targets.Check(name + ": " + runner->name + ", memory / inputs",
                  MedianOf(*runner, &Cost::memory) / size, 5);
  }
}

void CheckUnrelated(Targets& targets, const Measured& small, const Measured& large) {
  targets.Check("unrelated 200 KB, by characters: seconds",
                MedianOf(small.characters(), &Cost::work), 0.1);
  targets.Check("unrelated 400 KB / 200 KB, by characters",
                RatioOf(large.characters(), small.characters()), 2.5);
}

int Run(const Options& options) {
  std::printf("%-27s %9s %9s %8s %8s %11s %9s\n", "medians; CPU seconds", "process", "work",
              "peak MB", "/ inputs", "changed B", "ours / it");
  std::vector<Measured> all;
  for (const Input& input : ListInputs(options.folder)) all.push_back(MeasureAll(input, options));
  Targets targets;
  CheckEdited(targets, all[0]);
  CheckEdited(targets, all[1]);
  CheckUnrelated(targets, all[2], all[3]);
  const std::vector<Runner>& merges = all[4].runners;
  if (!merges[2].costs.empty()) {
    targets.Check("1 MB merge: time / libgit2's", RatioOf(merges[0], merges[2]), 1);
  }
  return targets.missed() ? 1 : 0;
}

std::optional<Options> ParseArguments(const std::vector<std::string>& arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool has_value = i + 1 < arguments.size();
    if (arguments[i] == "--peers" && has_value) {
      options.peers = arguments[++i];
    } else if (arguments[i] == "--rounds" && has_value) {
      options.rounds = static_cast<size_t>(std::max(1, std::atoi(arguments[++i].c_str())));
    } else if (options.folder.empty() && arguments[i].rfind("--", 0) != 0) {
      options.folder = arguments[i];
    } else {
      return std::nullopt;
    }
  }
  return options;
}

// Makes the inputs in another process: what this one holds counts as memory of those it starts.
int RunOn(Options options) {
  std::string temporary = (std::filesystem::temp_directory_path() / "diff_bench.XXXXXX").string();
  if (options.folder.empty()) {
    if (mkdtemp(temporary.data()) == nullptr) return 1;
    options.folder = temporary;
  }
  int result = 1;
  if (Measure({kSelf, "--make", options.folder})) result = Run(options);
  if (options.folder == temporary) std::filesystem::remove_all(temporary);
  return result;
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.size() == 2 && arguments[0] == "--make") {
    WriteInputs(arguments[1]);
    return 0;
  }
  if (arguments.size() > 2 && arguments[0] == "--run")
    return DoWork(arguments[1], {arguments.begin() + 2, arguments.end()});
  if (const auto options = ParseArguments(arguments)) return RunOn(*options);
  std::fprintf(stderr, "usage: diff_bench [--peers FOLDER] [--rounds N] [FOLDER]\n");
  return 2;
}

}  // namespace
}  // namespace syncengine::diff_bench

int main(int argc, char** argv) { return syncengine::diff_bench::Main({argv + 1, argv + argc}); }
