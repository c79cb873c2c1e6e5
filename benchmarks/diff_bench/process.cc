#include "benchmarks/diff_bench/process.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace syncengine::diff_bench {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// The most memory that this process held since it began.
double PeakMemory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024 / 1e6;
  }
  return 0;
}

[[noreturn]] void Become(std::vector<std::string>& command, int tell) {
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  dup2(tell, kTellDescriptor);
  if (std::freopen("/dev/null", "w", stdout) != nullptr) execvp(arguments[0], arguments.data());
  _exit(kCannotRun);
}

}  // namespace

std::optional<Cost> Measure(std::vector<std::string> command) {
  std::fflush(stdout);
  int tell[2];
  if (pipe(tell) != 0) return std::nullopt;
  const pid_t child = fork();
  if (child == 0) Become(command, tell[1]);
  close(tell[1]);
  char told[128] = {};
  const bool tells = read(tell[0], told, sizeof told - 1) > 0;
  close(tell[0]);
  rusage usage{};
  int status = 0;
  wait4(child, &status, 0, &usage);
  if (!WIFEXITED(status) || WEXITSTATUS(status) >= kCannotRun) return std::nullopt;
  Cost cost;
  cost.process = cost.work = Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  cost.memory = static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
  cost.told = tells;
  if (tells) std::sscanf(told, "%lf %lf %lf", &cost.work, &cost.memory, &cost.changed);
  return cost;
}

Stopwatch::Stopwatch() : memory_before_(PeakMemory()) {}

void Stopwatch::Start() { seconds_before_ = CpuSeconds(); }

void Stopwatch::Tell(double changed) const {
  const double seconds = CpuSeconds() - seconds_before_;
  dprintf(kTellDescriptor, "%f %f %f", seconds, PeakMemory() - memory_before_, changed);
}

}  // namespace syncengine::diff_bench
