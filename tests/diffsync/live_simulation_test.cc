// Seeded sessions of live documents. `make live-sim SEEDS=n SEED=first TRACES=folder` runs more of
// them, and on other recordings than the one in the source.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "absl/strings/numbers.h"
#include "syncengine/live/line_differ.h"
#include "tests/diffsync/concurrent_graph.h"
#include "tests/diffsync/live_world.h"
#include "tests/diffsync/recorded.h"

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

// Every writer gets one of the traces.
WorldOptions Deal(WorldOptions options, const std::vector<Trace>& from, size_t writers_max,
                  std::vector<Trace>& traces) {
  Generator random(options.seed ^ 0x5EED);
  options.writers = std::min(options.writers, writers_max);
  options.join_first = true;
  for (size_t i = 0; i < options.writers; ++i) traces.push_back(from[random.Below(from.size())]);
  return options;
}

class RecordedTest : public LiveSimulationTest {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("SYNCENGINE_LIVE_TRACES");
    traces_ = {PageTrace()};
    if (folder == nullptr || *folder == '\0') return;
    traces_ = ReadTraces(folder);
    graphs_ = ReadGraphs(folder);
    ASSERT_FALSE(traces_.empty()) << folder;
  }

  void Replay(const WorldOptions& options, const std::vector<Trace>& traces) {
    Add(options.seed, ReplayParts(options, traces));
  }
  void Add(uint64_t seed, const Verdict& verdict) {
    total_.Add(seed, verdict);
    EXPECT_TRUE(verdict.exact) << "seed " << seed << ": " << verdict.why;
    EXPECT_EQ(verdict.resyncs, 0u) << "seed " << seed;
  }

  std::vector<Trace> traces_;
  std::vector<ConcurrentGraph> graphs_;
  Total total_;
};

TEST_F(RecordedTest, PiecesOfTracesGiveTheOnlyRightText) {
  constexpr size_t kShort = 400, kLong = 3000;  // The latter for the longest spells offline.
  std::vector<Trace> brief, lengthy;
  for (const Trace& trace : traces_) {
    for (Trace& piece : CutTrace(trace, kShort)) brief.push_back(std::move(piece));
    for (Trace& piece : CutTrace(trace, kLong)) lengthy.push_back(std::move(piece));
  }
  for (uint64_t seed = first_; seed < first_ + seeds_; ++seed) {
    const WorldOptions weather = Weather(seed, false);
    std::vector<Trace> traces;
    const bool spells = weather.offline_edits >= 2000;
    const WorldOptions options =
        Deal(weather, spells ? lengthy : brief, /*writers_max=*/16, traces);
    Replay(options, traces);
  }
  total_.Print("pieces of recorded traces");
}

TEST_F(RecordedTest, WholeTracesGiveTheOnlyRightText) {
  // The long ones in few seeds: a seed of the short ones takes a second.
  for (uint64_t seed = first_; seed < first_ + std::max<uint64_t>(seeds_ / 100, 1); ++seed) {
    WorldOptions weather = Weather(seed, false);
    weather.offline_edits = 2000;
    weather.restarts = std::min<size_t>(weather.restarts, 1);
    const size_t kinds = seed % 10 == 0 ? traces_.size() : std::min<size_t>(traces_.size(), 3);
    std::vector<Trace> traces;
    const WorldOptions options = Deal(
        weather, {traces_.begin(), traces_.begin() + static_cast<ptrdiff_t>(kinds)}, 6, traces);
    Replay(options, traces);
  }
  total_.Print("whole recorded traces");
}

TEST_F(RecordedTest, TwoWritersAtOnceGiveTheOnlyRightTextAtEveryStep) {
  for (uint64_t seed = first_; seed < first_ + std::max<uint64_t>(seeds_ / 5, 1); ++seed) {
    Generator random(seed ^ 0x5EED);
    Add(seed, ReplayGraph(Weather(seed, false), MakeGraph(random, 300)));
  }
  total_.Print("two writers, made");
  total_ = {};
  for (const ConcurrentGraph& graph : graphs_) {
    for (uint64_t seed = first_; seed < first_ + std::max<uint64_t>(seeds_ / 500, 1); ++seed) {
      WorldOptions options = Weather(seed, false);
      options.restarts = std::min<size_t>(options.restarts, 1);
      Add(seed, ReplayGraph(options, graph));
    }
  }
  if (!graphs_.empty()) total_.Print("two writers, recorded");
}

}  // namespace
}  // namespace syncengine::diffsync_test
