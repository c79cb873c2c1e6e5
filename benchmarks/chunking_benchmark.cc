// How fast content is cut, by suite, kernel, average, place (cache or memory) and kind, against
// FastCDC 2020 on the same bytes. `x_fastcdc` is the ratio of the best of many interleaved passes
// of both: it holds on a busy machine, where the rates do not.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "benchmarks/fastcdc.h"
#include "syncengine/chunking/chunker.h"

namespace syncengine::benchmarks {
namespace {

constexpr size_t kCached = 1u << 20;
constexpr size_t kFromMemory = 256u << 20;
constexpr int kPasses = 7;  // Of kFromMemory; more of smaller content.

enum class Kind { kRandom, kZeros };

std::string MakeContent(Kind kind, size_t size) {
  std::string content(size, '\0');
  uint64_t state = 88172645463325252u;
  for (size_t i = 0; kind == Kind::kRandom && i + 8 <= size; i += 8) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    for (size_t j = 0; j < 8; ++j) content[i + j] = static_cast<char>(state >> (8 * j));
  }
  return content;
}

// Made once for each kind and kept: the largest content serves the smaller ones.
absl::string_view Content(Kind kind, size_t size) {
  static const std::string* const random = new std::string(MakeContent(Kind::kRandom, kFromMemory));
  static const std::string* const zeros = new std::string(MakeContent(Kind::kZeros, kFromMemory));
  return absl::string_view(kind == Kind::kRandom ? *random : *zeros).substr(0, size);
}

template <typename CutFunction>
size_t CutAll(absl::string_view content, const CutFunction& cut) {
  size_t blocks = 0;
  for (; !content.empty(); ++blocks) content.remove_prefix(cut(content));
  return blocks;
}

template <typename CutFunction>
double Seconds(absl::string_view content, const CutFunction& cut) {
  const auto start = std::chrono::steady_clock::now();
  benchmark::DoNotOptimize(CutAll(content, cut));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// How many times faster `cut` is than `baseline`.
template <typename CutFunction, typename BaselineFunction>
double Ratio(absl::string_view content, const CutFunction& cut, const BaselineFunction& baseline) {
  const int passes = content.size() >= kFromMemory ? kPasses : 40 * kPasses;
  double best = std::numeric_limits<double>::max();
  double best_baseline = best;
  for (int pass = 0; pass < passes; ++pass) {
    best = std::min(best, Seconds(content, cut));
    best_baseline = std::min(best_baseline, Seconds(content, baseline));
  }
  return best_baseline / best;
}

template <typename CutFunction>
void Run(benchmark::State& state, absl::string_view content, uint32_t average,
         const CutFunction& cut) {
  const FastCdc fastcdc(average);
  const auto baseline = [&](absl::string_view bytes) { return fastcdc.Cut(bytes); };
  state.counters["x_fastcdc"] = Ratio(content, cut, baseline);
  size_t blocks = 1;
  for (auto _ : state) {
    blocks = CutAll(content, cut);
    benchmark::DoNotOptimize(blocks);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) *
                          static_cast<int64_t>(content.size()));
  state.counters["mean"] = static_cast<double>(content.size()) / static_cast<double>(blocks);
}

void RunChunker(benchmark::State& state, Kind kind, size_t size, const ChunkerOptions& options) {
  const std::string key = "a fixed key of thirty-two bytes.";
  const auto chunker = Chunker::Create(options, key);
  if (!chunker.ok()) return state.SkipWithError(std::string(chunker.status().message()).c_str());
  Run(state, Content(kind, size), options.average_bytes,
      [&](absl::string_view bytes) { return (*chunker)->Cut(bytes, /*is_last=*/true); });
}

void RunFastCdc(benchmark::State& state, Kind kind, size_t size, uint32_t average) {
  const FastCdc fastcdc(average);
  Run(state, Content(kind, size), average,
      [&](absl::string_view bytes) { return fastcdc.Cut(bytes); });
}

void RegisterAll(Kind kind, size_t size, uint32_t average) {
  const std::string place =
      absl::StrCat(kind == Kind::kRandom ? "random" : "zeros",
                   size == kCached ? "/cached/" : "/memory/", average >> 10, "KiB");
  benchmark::RegisterBenchmark(
      absl::StrCat("Chunk/fastcdc2020/", place).c_str(),
      [=](benchmark::State& state) { RunFastCdc(state, kind, size, average); });
  const auto add = [&](ChunkerSuite suite, const std::string& kernel) {
    const ChunkerOptions options{.suite = suite, .average_bytes = average, .kernel = kernel};
    const char* name = suite == ChunkerSuite::kFast ? "fast" : "prf";
    benchmark::RegisterBenchmark(
        absl::StrCat("Chunk/", name, "_", kernel, "/", place).c_str(),
        [=](benchmark::State& state) { RunChunker(state, kind, size, options); });
  };
  const bool scalars_too = size == kCached && average == (16u << 10);
  if (scalars_too) add(ChunkerSuite::kFast, "scalar");
  if (scalars_too) add(ChunkerSuite::kPrf, "scalar");
#if defined(__x86_64__)
  add(ChunkerSuite::kFast, "avx2");
  add(ChunkerSuite::kFast, "avx512");
  add(ChunkerSuite::kPrf, "aesni");
  add(ChunkerSuite::kPrf, "vaes");
  add(ChunkerSuite::kPrf, "vaes512");
#elif defined(__aarch64__)
  add(ChunkerSuite::kFast, "neon");
  add(ChunkerSuite::kPrf, "armaes");
#endif
}

[[maybe_unused]] const bool registered = [] {
  for (const uint32_t average : {8u << 10, 16u << 10, 64u << 10}) {
    RegisterAll(Kind::kRandom, kCached, average);
    RegisterAll(Kind::kRandom, kFromMemory, average);
  }
  RegisterAll(Kind::kZeros, kCached, 16u << 10);
  RegisterAll(Kind::kZeros, kFromMemory, 16u << 10);
  return true;
}();

}  // namespace
}  // namespace syncengine::benchmarks
