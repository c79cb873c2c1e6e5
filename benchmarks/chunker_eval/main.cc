// chunker_eval NAME=FOLDER...: what the chunker finds again in real data, beside FastCDC 2020 at
// the same nominal average. Every folder is one data set; its files, taken in order of their paths,
// share one store of blocks. Prints for each suite and average: the mean block, the largest, total
// bytes over distinct bytes ("dedup"), and the bytes in new blocks after a one-byte insert at a
// random place, each with its ratio to FastCDC's. The ratios do not depend on how busy the machine
// is.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmarks/fastcdc.h"
#include "src/kernels/checksum.h"
#include "syncengine/chunking/chunker.h"

namespace syncengine::benchmarks {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kSampleBytes = 32u << 20;  // Of each data set, for the inserts.
constexpr int kInserts = 400;
constexpr size_t kReach = 4u << 20;  // An insert is felt no further.

using CutFunction = std::function<size_t(absl::string_view)>;

// One way of cutting and what it gave on one data set.
struct Contender {
  std::string name;
  uint32_t average = 0;
  CutFunction cut;
  absl::flat_hash_map<uint64_t, uint32_t> store;
  uint64_t bytes = 0;
  uint64_t distinct_bytes = 0;
  uint64_t blocks = 0;
  uint64_t largest = 0;
  double resent = 0;

  double mean() const { return static_cast<double>(bytes) / static_cast<double>(blocks); }
  double dedup() const {
    return static_cast<double>(bytes) / static_cast<double>(std::max<uint64_t>(distinct_bytes, 1));
  }
};

void AddContent(Contender& contender, absl::string_view content) {
  while (!content.empty()) {
    const absl::string_view block = content.substr(0, contender.cut(content));
    content.remove_prefix(block.size());
    contender.bytes += block.size();
    ++contender.blocks;
    contender.largest = std::max<uint64_t>(contender.largest, block.size());
    const auto size = static_cast<uint32_t>(block.size());
    if (contender.store.emplace(kernels::Xxh3(block), size).second)
      contender.distinct_bytes += size;
  }
}

std::vector<size_t> CutsOf(const CutFunction& cut, absl::string_view content) {
  std::vector<size_t> cuts = {0};
  while (cuts.back() < content.size())
    cuts.push_back(cuts.back() + cut(content.substr(cuts.back())));
  return cuts;
}

// The bytes of blocks that are new when a byte is put in at `place`: until a cut falls where one
// was.
size_t ResentBy(const CutFunction& cut, absl::string_view content, const std::vector<size_t>& cuts,
                size_t place) {
  const size_t start = *std::prev(std::upper_bound(cuts.begin(), cuts.end(), place));
  std::string changed(content.substr(start, kReach));
  changed.insert(place - start, 1, '!');
  size_t at = 0;
  while (at < changed.size()) {
    at += cut(absl::string_view(changed).substr(at));
    if (at > place - start && std::binary_search(cuts.begin(), cuts.end(), start + at - 1)) break;
  }
  return at;
}

double MeanResent(const CutFunction& cut, absl::string_view content) {
  const std::vector<size_t> cuts = CutsOf(cut, content);
  uint64_t state = 42;
  uint64_t total = 0;
  for (int i = 0; i < kInserts; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    total += ResentBy(cut, content, cuts, (state >> 24) % content.size());
  }
  return static_cast<double>(total) / kInserts;
}

// FastCDC stands before the suites of the same average.
std::vector<Contender> MakeContenders() {
  std::vector<Contender> contenders;
  const std::string key = "a fixed key of thirty-two bytes.";
  for (const uint32_t average : {8u << 10, 16u << 10, 64u << 10}) {
    const auto fastcdc =
        std::make_shared<const FastCdc>(average);  // Shared with copies of the function.
    contenders.push_back(
        {.name = "fastcdc2020", .average = average, .cut = [fastcdc](absl::string_view bytes) {
           return fastcdc->Cut(bytes);
         }});
    contenders.push_back(
        {.name = "fixed", .average = average, .cut = [average](absl::string_view bytes) {
           return std::min<size_t>(average, bytes.size());
         }});
    for (const ChunkerSuite suite : {ChunkerSuite::kFast, ChunkerSuite::kPrf}) {
      auto chunker = Chunker::Create({.suite = suite, .average_bytes = average}, key);
      if (!chunker.ok()) continue;
      const std::shared_ptr<const Chunker> shared = *std::move(chunker);
      contenders.push_back(
          {.name = suite == ChunkerSuite::kFast ? "fast" : "prf",
           .average = average,
           .cut = [shared](absl::string_view bytes) { return shared->Cut(bytes, true); }});
    }
  }
  return contenders;
}

std::vector<fs::path> FilesBelow(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied)) {
    if (entry.is_regular_file() && !entry.is_symlink()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Ratios of all data sets to FastCDC, by suite.
struct Ratios {
  std::vector<double> dedup;
  std::vector<double> resent;
};
using RatiosBySuite = absl::flat_hash_map<std::string, Ratios>;

void Print(absl::string_view data, const std::vector<Contender>& contenders,
           RatiosBySuite& ratios) {
  const Contender* baseline = nullptr;
  for (const Contender& one : contenders) {
    if (one.name == "fastcdc2020") baseline = &one;
    const double dedup = one.dedup() / baseline->dedup();
    const double resent = one.resent / baseline->resent;
    absl::PrintF("%-12s %3d KiB %-12s %9.0f %9d %6.2f %9.4f %7.3f %10.0f %7.3f\n", data,
                 one.average >> 10, one.name, one.mean(), one.largest,
                 static_cast<double>(one.largest) / one.average, one.dedup(), dedup, one.resent,
                 resent);
    Ratios& of = ratios[one.name];
    of.dedup.push_back(dedup);
    of.resent.push_back(resent);
  }
  std::fflush(stdout);
}

void Evaluate(absl::string_view data, const fs::path& folder, RatiosBySuite& ratios) {
  std::vector<Contender> contenders = MakeContenders();
  std::string sample;
  for (const fs::path& path : FilesBelow(folder)) {
    const std::string content = ReadFile(path);
    for (Contender& contender : contenders) AddContent(contender, content);
    if (sample.size() < kSampleBytes) sample.append(content, 0, kSampleBytes - sample.size());
  }
  if (sample.empty()) return;
  for (Contender& contender : contenders) contender.resent = MeanResent(contender.cut, sample);
  Print(data, contenders, ratios);
}

double GeometricMean(const std::vector<double>& values) {
  double logarithms = 0;
  for (const double value : values) logarithms += std::log(value);
  return std::exp(logarithms / static_cast<double>(values.size()));
}

int Main(int argc, char** argv) {
  RatiosBySuite ratios;
  absl::PrintF("%-12s %7s %-12s %9s %9s %6s %9s %7s %10s %7s\n", "data", "average", "suite", "mean",
               "largest", "/ A", "dedup", "ratio", "re-sent", "ratio");
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    std::error_code error;
    if (equals == std::string::npos || !fs::is_directory(argument.substr(equals + 1), error)) {
      absl::FPrintF(stderr, "chunker_eval: expected NAME=FOLDER, found %s\n", argument);
      return 2;
    }
    Evaluate(argument.substr(0, equals), argument.substr(equals + 1), ratios);
  }
  for (const char* suite : {"fast", "prf"}) {
    const auto found = ratios.find(suite);
    if (found == ratios.end()) continue;
    const Ratios& of = found->second;
    absl::PrintF("%s beside FastCDC 2020: dedup least %.4f, mean %.4f; re-sent mean %.3f\n", suite,
                 *std::min_element(of.dedup.begin(), of.dedup.end()), GeometricMean(of.dedup),
                 GeometricMean(of.resent));
  }
  return 0;
}

}  // namespace
}  // namespace syncengine::benchmarks

int main(int argc, char** argv) { return syncengine::benchmarks::Main(argc, argv); }
