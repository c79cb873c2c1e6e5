// Seeded sessions of live documents. `make live-sim SEEDS=n SEED=first TRACES=folder` runs more of
// them, and on recorded traces.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "absl/strings/numbers.h"
#include "syncengine/base/coding.h"
#include "syncengine/live/line_differ.h"
#include "tests/diffsync/live_world.h"

namespace syncengine::diffsync_test {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  uint64_t value = otherwise;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

// The worst of everything at once in some seeds, calm weather in others.
WorldOptions Weather(uint64_t seed, bool whole_texts) {
  Generator random(seed);
  WorldOptions options{.seed = seed, .writers = 2 + random.Below(random.Percent(20) ? 15 : 4)};
  options.loss = random.Below(51);
  options.doubling = random.Below(31);
  options.restarts = random.Below(4);
  options.offline = random.Below(3);
  options.offline_edits = random.Percent(10) ? 2000 : 100;
  options.whole_texts = whole_texts;
  if (whole_texts) options.differ = DifferByLines;
  return options;
}

struct Total {
  uint64_t seeds = 0, converged = 0, exact = 0, resyncs = 0, kept = 0;

  void Add(uint64_t seed, const Verdict& verdict) {
    ++seeds;
    converged += verdict.converged;
    exact += verdict.exact;
    resyncs += verdict.resyncs;
    kept += verdict.kept;
    EXPECT_TRUE(verdict.converged) << "seed " << seed << ": " << verdict.why;
  }
  void Print(absl::string_view what) const {
    std::cout << what << ": " << seeds << " seeds, " << converged << " converge, " << exact
              << " exact, " << resyncs << " resets" << std::endl;
  }
};

class LiveSimulationTest : public ::testing::Test {
 protected:
  const uint64_t first_ = FromEnvironment("SYNCENGINE_LIVE_SEED", 1);
  const uint64_t seeds_ = FromEnvironment("SYNCENGINE_LIVE_SEEDS", 500);
};

TEST_F(LiveSimulationTest, SplicesInOwnPartsGiveTheOnlyRightText) {
  Total total;
  for (uint64_t seed = first_; seed < first_ + seeds_; ++seed) {
    const WorldOptions options = Weather(seed, false);
    Generator random(seed ^ 0x5EED);
    std::vector<Trace> traces;
    for (size_t i = 0; i < options.writers; ++i) {
      traces.push_back(MakeTrace(random, 50 + random.Below(options.offline_edits * 2)));
    }
    const Verdict verdict = ReplayParts(options, traces);
    total.Add(seed, verdict);
    EXPECT_TRUE(verdict.exact) << "seed " << seed << ": " << verdict.why;
    EXPECT_EQ(verdict.resyncs, 0u) << "seed " << seed;
  }
  total.Print("splices in own parts");
}

TEST_F(LiveSimulationTest, SplicesAnywhereAreNeitherLostNorDoubled) {
  Total total;
  for (uint64_t seed = first_; seed < first_ + seeds_; ++seed) {
    const Verdict verdict = EditAnywhere(Weather(seed, false), 400);
    total.Add(seed, verdict);
    EXPECT_TRUE(verdict.exact) << "seed " << seed << ": " << verdict.why;
    EXPECT_EQ(verdict.resyncs, 0u) << "seed " << seed;
  }
  total.Print("splices anywhere");
}

TEST_F(LiveSimulationTest, WholeTextsConvergeAndAreNearlyAlwaysExact) {
  Total total;
  const uint64_t seeds = std::max<uint64_t>(1, seeds_ / 5);
  for (uint64_t seed = first_; seed < first_ + seeds; ++seed) {
    WorldOptions options = Weather(seed, true);
    options.writers = std::min<size_t>(options.writers, 6);
    Generator random(seed ^ 0x5EED);
    std::vector<Trace> traces;
    for (size_t i = 0; i < options.writers; ++i) {
      traces.push_back(MakeTrace(random, 50 + random.Below(100)));
    }
    total.Add(seed, ReplayParts(options, traces));
  }
  total.Print("whole texts");
  EXPECT_GE(total.exact * 100, total.seeds * 98);
}

// What tools/live_traces.py writes.
Trace ReadTrace(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)),
                          std::istreambuf_iterator<char>());
  ByteReader reader(bytes, "trace");
  Trace trace{.end = std::string(reader.Long())};
  while (reader.remaining() > 0 && reader.ok()) {
    TraceStep step{reader.U32(), reader.U32()};
    step.inserted = std::string(reader.Long());
    trace.steps.push_back(std::move(step));
  }
  EXPECT_TRUE(reader.ok()) << path;
  return trace;
}

TEST_F(LiveSimulationTest, RecordedTracesGiveTheOnlyRightText) {
  const char* folder = std::getenv("SYNCENGINE_LIVE_TRACES");
  if (folder == nullptr || *folder == '\0') GTEST_SKIP() << "no folder of traces was given";
  std::vector<Trace> recorded;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    recorded.push_back(ReadTrace(entry.path()));
  }
  std::sort(recorded.begin(), recorded.end(),
            [](const Trace& a, const Trace& b) { return a.steps.size() < b.steps.size(); });
  // The long ones in few seeds: a seed of the short ones takes a second.
  Total total;
  for (uint64_t seed = first_; seed < first_ + std::max<uint64_t>(seeds_ / 100, 1); ++seed) {
    WorldOptions options = Weather(seed, false);
    options.offline_edits = 2000;
    options.restarts = std::min<size_t>(options.restarts, 1);
    std::vector<Trace> traces;
    const size_t kinds = seed % 10 == 0 ? recorded.size() : std::min<size_t>(recorded.size(), 3);
    for (size_t i = 0; i < std::min<size_t>(options.writers, 6); ++i) {
      traces.push_back(recorded[(seed + i) % kinds]);
    }
    options.writers = traces.size();
    const Verdict verdict = ReplayParts(options, traces);
    total.Add(seed, verdict);
    EXPECT_TRUE(verdict.exact) << "seed " << seed << ": " << verdict.why;
    EXPECT_EQ(verdict.resyncs, 0u) << "seed " << seed;
  }
  total.Print("recorded traces");
}

}  // namespace
}  // namespace syncengine::diffsync_test
