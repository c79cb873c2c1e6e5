// Seeded sessions of live documents. `make live-sim SEEDS=n SEED=first TRACES=folder` runs more of
// them, and on recorded traces.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "src/diffsync/utf8.h"
#include "tests/diffsync/line_differ.h"
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

}  // namespace
}  // namespace syncengine::diffsync_test
