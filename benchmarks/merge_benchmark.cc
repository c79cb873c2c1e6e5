// How long diff and merge take, against `git diff --no-index` of the same texts as a process
// (`x_git`: git's time over ours, above 1 is faster than git; 0 when git is not installed), and how
// the time grows with unrelated texts of twice the size (`x_half`: at most 2 is linear).
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "syncengine/merge/diff.h"
#include "syncengine/merge/three_way.h"

namespace syncengine::benchmarks {
namespace {

constexpr int kPasses = 7;

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}
  size_t Below(size_t bound) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<size_t>(state_ % bound);
  }

 private:
  uint64_t state_;
};

std::string Word(Random& random, uint64_t vocabulary) {
  const size_t common = std::min(random.Below(6000), random.Below(6000));
  Random letters(vocabulary * 10'000 + common);
  std::string word;
  for (size_t size = 1 + letters.Below(10); word.size() < size;)
    word += static_cast<char>('a' + letters.Below(26));
  return word;
}

// Words in lines of about 72 bytes.
std::string Text(uint64_t seed, size_t size, uint64_t vocabulary) {
  Random random(seed);
  std::string text;
  for (size_t line = 0; text.size() < size;) {
    const std::string word = Word(random, vocabulary);
    line += word.size() + 1;
    absl::StrAppend(&text, word, line > 72 ? "\n" : " ");
    if (line > 72) line = 0;
  }
  return text;
}

std::string Edited(const std::string& text, size_t edits, uint64_t seed) {
  Random random(seed);
  std::string edited;
  size_t last = 0;
  for (size_t i = 0; i < edits; ++i) {
    const size_t at = std::max(last, (i * text.size() + random.Below(text.size())) / edits);
    absl::StrAppend(&edited, text.substr(last, at - last), random.Below(3) > 0 ? "new words " : "");
    last = std::min(text.size(), at + random.Below(12));
  }
  return edited + text.substr(last);
}

template <typename Function>
double BestSeconds(const Function& run) {
  double best = std::numeric_limits<double>::max();
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto start = std::chrono::steady_clock::now();
    run();
    best = std::min(
        best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

void Write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

double GitSeconds(const std::string& before, const std::string& after) {
  std::string folder = (std::filesystem::temp_directory_path() / "merge_bench_XXXXXX").string();
  if (std::system("git --version > /dev/null 2>&1") != 0 || ::mkdtemp(folder.data()) == nullptr)
    return 0;
  Write(folder + "/a", before);
  Write(folder + "/b", after);
  const std::string command =
      absl::StrCat("git diff --no-index '", folder, "/a' '", folder, "/b' > /dev/null");
  const double seconds =
      BestSeconds([&] { benchmark::DoNotOptimize(std::system(command.c_str())); });
  std::filesystem::remove_all(folder);
  return seconds;
}

void RunDiff(benchmark::State& state, const std::string& before, const std::string& after,
             Granularity granularity) {
  const DiffOptions options{.granularity = granularity};
  const auto diff = [&] { benchmark::DoNotOptimize(Diff(before, after, options)); };
  state.counters["x_git"] = GitSeconds(before, after) / BestSeconds(diff);
  state.counters["edits"] = static_cast<double>(Diff(before, after, options).size());
  for (auto _ : state) diff();
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) *
                          static_cast<int64_t>(before.size() + after.size()));
}

void Edits(benchmark::State& state, Granularity granularity) {
  const std::string before = Text(2, static_cast<size_t>(state.range(0)), 1);
  RunDiff(state, before, Edited(before, static_cast<size_t>(state.range(1)), 3), granularity);
}

void Unrelated(benchmark::State& state, Granularity granularity) {
  const size_t size = static_cast<size_t>(state.range(0));
  const std::string before = Text(6, size, 1), after = Text(7, size, 8);
  const auto seconds = [&](size_t bytes) {
    return BestSeconds([&] {
      benchmark::DoNotOptimize(
          Diff(before.substr(0, bytes), after.substr(0, bytes), {.granularity = granularity}));
    });
  };
  state.counters["x_half"] = seconds(size) / seconds(size / 2);
  RunDiff(state, before, after, granularity);
}

void Merge(benchmark::State& state) {
  const std::string base = Text(4, static_cast<size_t>(state.range(0)), 1);
  const std::string ours = Edited(base, 50, 5), theirs = Edited(base, 50, 6);
  for (auto _ : state) benchmark::DoNotOptimize(Merge3({base, ours, theirs}));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) *
                          static_cast<int64_t>(3 * base.size()));
}

BENCHMARK_CAPTURE(Edits, lines, Granularity::kLines)
    ->Args({1'000'000, 1000})
    ->Args({10'000'000, 100})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Edits, characters, Granularity::kCharacters)
    ->Args({1'000'000, 1000})
    ->Args({10'000'000, 100})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Unrelated, lines, Granularity::kLines)
    ->Arg(200'000)
    ->Arg(400'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Unrelated, characters, Granularity::kCharacters)
    ->Arg(200'000)
    ->Arg(400'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(Merge)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace syncengine::benchmarks
