// Two writers at once: who did what knowing what of the other, and how that looks through a hub.
#ifndef SYNCENGINE_TESTS_DIFFSYNC_CONCURRENT_GRAPH_H_
#define SYNCENGINE_TESTS_DIFFSYNC_CONCURRENT_GRAPH_H_

#include <cstddef>
#include <string>
#include <vector>

#include "tests/diffsync/live_world.h"

namespace syncengine::diffsync_test {

inline constexpr size_t kGraphWriters = 2;

// A splice of the text that has all the writer's own steps before it and the first `seen` steps of
// the other one.
struct GraphStep {
  size_t writer = 0;
  size_t seen = 0;
  TraceStep splice;
};

// Each step stands behind all that it has seen. Nothing is inserted at one place by both without
// knowing of each other, so that there is one right text.
struct ConcurrentGraph {
  std::vector<GraphStep> steps;
  std::string end;
};

ConcurrentGraph MakeGraph(Generator& random, size_t steps);

// Both writers do their steps at two ends of a world, each as soon as all that it has seen is
// there; mostly more is. Exact: whenever a packet arrives, and at the end, the text is what the
// steps that are known to be there make of it. `options.writers` does not count.
Verdict ReplayGraph(WorldOptions options, const ConcurrentGraph& graph);

}  // namespace syncengine::diffsync_test

#endif  // SYNCENGINE_TESTS_DIFFSYNC_CONCURRENT_GRAPH_H_
