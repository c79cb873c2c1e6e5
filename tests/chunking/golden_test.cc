// The cuts are frozen: every kernel cuts where the golden vectors say, and the vectors follow the
// written rule. A changed vector is a new format, never a fix.
#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/kernels/scan.h"
#include "syncengine/chunking/chunker.h"
#include "tests/chunking/content.h"

namespace syncengine {
namespace {

using chunking_test::Content;
using chunking_test::Kind;
using chunking_test::kKinds;
using chunking_test::MakeChunker;
using chunking_test::SomeKey;

constexpr uint64_t kKeySeed = 42;
constexpr uint64_t kContentSeed = 43;
constexpr ChunkerSuite kSuites[] = {ChunkerSuite::kFast, ChunkerSuite::kPrf};
constexpr uint32_t kAverages[] = {64, 1024, 16384, 65536};

struct GoldenRow {
  int suite;
  uint32_t average;
  int kind;
  size_t blocks;
  uint64_t digest;              // FNV-1a over the block sizes as little-endian 32-bit words.
  std::vector<uint32_t> first;  // The first sizes.
};

const GoldenRow kGolden[] = {
#include "tests/chunking/golden.inc"
};

size_t GoldenBytes(uint32_t average) { return std::min<size_t>(300'000, size_t{average} * 100); }

uint64_t Digest(const std::vector<uint32_t>& sizes) {
  uint64_t digest = 0xCBF29CE484222325u;
  for (const uint32_t size : sizes) {
    for (int shift = 0; shift < 32; shift += 8) {
      digest = (digest ^ (size >> shift & 0xFF)) * 0x100000001B3u;
    }
  }
  return digest;
}

std::vector<uint32_t> CutAll(const Chunker& chunker, absl::string_view content) {
  std::vector<uint32_t> sizes;
  while (!content.empty()) {
    sizes.push_back(static_cast<uint32_t>(chunker.Cut(content, /*is_last=*/true)));
    content.remove_prefix(sizes.back());
  }
  return sizes;
}

GoldenRow MakeRow(ChunkerSuite suite, uint32_t average, Kind kind, const std::string& kernel) {
  const auto chunker =
      MakeChunker({.suite = suite, .average_bytes = average, .kernel = kernel}, SomeKey(kKeySeed));
  std::vector<uint32_t> sizes = CutAll(*chunker, Content(kind, GoldenBytes(average), kContentSeed));
  GoldenRow row{static_cast<int>(suite), average, static_cast<int>(kind), sizes.size(),
                Digest(sizes),           sizes};
  row.first.resize(std::min<size_t>(6, row.first.size()));
  return row;
}

// A row as golden.inc has it.
std::string Print(const GoldenRow& row) {
  std::string first;
  for (const uint32_t size : row.first)
    absl::StrAppendFormat(&first, "%s%u", first.empty() ? "" : ", ", size);
  return absl::StrFormat("{%d, %u, %d, %u, 0x%016Xu, {%s}},", row.suite, row.average, row.kind,
                         row.blocks, row.digest, first);
}

class GoldenTest : public testing::TestWithParam<std::string> {};

TEST_P(GoldenTest, CutsAreTheFrozenOnes) {
  size_t next = 0;
  for (const ChunkerSuite suite : kSuites) {
    for (const uint32_t average : kAverages) {
      for (const Kind kind : kKinds) {
        const std::string found = Print(MakeRow(suite, average, kind, GetParam()));
        EXPECT_EQ(found, next < std::size(kGolden) ? Print(kGolden[next]) : "(no row)");
        ++next;
      }
    }
  }
  EXPECT_EQ(next, std::size(kGolden));
}

std::vector<std::string> KernelNames() {
  std::vector<std::string> names;
  for (const kernels::ScanKernel& kernel : kernels::ScanKernels()) {
    if (kernel.supported() && std::find(names.begin(), names.end(), kernel.name) == names.end()) {
      names.push_back(kernel.name);
    }
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTest, testing::ValuesIn(KernelNames()),
                         [](const testing::TestParamInfo<std::string>& test) {
                           return test.param;
                         });

// The rule of chunker.h, word for word, position by position, with the scalar values.
class WrittenRule {
 public:
  WrittenRule(ChunkerSuite suite, uint32_t average, absl::string_view key)
      : kernel_(**kernels::ChooseScanKernel(
            suite == ChunkerSuite::kFast ? kernels::ScanSuite::kFast : kernels::ScanSuite::kPrf,
            "scalar")),
        key_(reinterpret_cast<const uint8_t*>(key.data())),
        min_(average * 3 / 5),
        max_(average * 1577 / 1000),
        // Twice 1.5 / A is 3 / A, so that the share of the 2^32 values is an integer.
        accept_(-(int64_t{1} << 31) + (int64_t{3} << 31) / average) {}

  size_t Cut(absl::string_view bytes) const {
    if (bytes.size() <= min_) return bytes.size();
    const size_t limit = std::min(bytes.size(), max_);
    int64_t best = std::numeric_limits<int32_t>::max();
    size_t at = limit;
    for (size_t i = min_; i <= limit; ++i) {
      const int64_t value = Value(bytes, i);
      if (value >= best) continue;
      best = value;
      at = i;
      if (value < accept_) break;
    }
    return at;
  }

 private:
  // The value of a position, the greatest of all when it is no candidate.
  int64_t Value(absl::string_view bytes, size_t position) const {
    constexpr int32_t kGreatest = std::numeric_limits<int32_t>::max();
    const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
    const kernels::ScanHit hit = kernel_.find(key_, data, position, position + 1, kGreatest);
    return hit.position == position ? hit.value : kGreatest;
  }

  const kernels::ScanKernel& kernel_;
  const kernels::ScanKey key_;
  const size_t min_;
  const size_t max_;
  const int64_t accept_;
};

TEST(ChunkerRuleTest, EveryKernelFollowsTheWrittenRule) {
  for (const ChunkerSuite suite : kSuites) {
    for (const uint32_t average : {64u, 512u, 2048u}) {
      const WrittenRule rule(suite, average, SomeKey(1));
      for (const Kind kind : kKinds) {
        const std::string content = Content(kind, 6'000, average);
        for (const std::string& name : KernelNames()) {
          SCOPED_TRACE(testing::Message()
                       << name << " " << average << " " << static_cast<int>(kind));
          const auto chunker =
              MakeChunker({.suite = suite, .average_bytes = average, .kernel = name}, SomeKey(1));
          for (absl::string_view rest = content; !rest.empty();) {
            const size_t size = chunker->Cut(rest, /*is_last=*/true);
            ASSERT_EQ(size, rule.Cut(rest));
            rest.remove_prefix(size);
          }
        }
      }
    }
  }
}

// The variable is read once, so each case needs a process of its own.
int ExitCodeForKernel(const char* name) {
  setenv("SYNCENGINE_KERNEL", name, 1);
  const auto chunker = Chunker::Create({}, SomeKey(1));
  if (!chunker.ok()) return chunker.status().code() == absl::StatusCode::kInvalidArgument ? 2 : 3;
  return (*chunker)->kernel() == name ? 0 : 1;
}

TEST(ChunkerDeathTest, EnvironmentForcesAKernelAndAnUnknownNameIsAnError) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(std::exit(ExitCodeForKernel("scalar")), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(std::exit(ExitCodeForKernel("nonsense")), testing::ExitedWithCode(2), "");
}

}  // namespace
}  // namespace syncengine
