// Editing that people did: what tools/live_traces.py wrote, and a recording that is always there.
#ifndef SYNCENGINE_TESTS_DIFFSYNC_RECORDED_H_
#define SYNCENGINE_TESTS_DIFFSYNC_RECORDED_H_

#include <cstddef>
#include <string>
#include <vector>

#include "tests/diffsync/concurrent_graph.h"
#include "tests/diffsync/live_world.h"

namespace syncengine::diffsync_test {

// The versions of a page of this project (docs/ARCHITECTURE.md), one after the other.
Trace PageTrace();

// All *.trace, the shortest first, and all *.graph of a folder.
std::vector<Trace> ReadTraces(const std::string& folder);
std::vector<ConcurrentGraph> ReadGraphs(const std::string& folder);

// Consecutive runs of `steps` steps, each with the text before and after it. What is left at the
// end is a shorter one.
std::vector<Trace> CutTrace(const Trace& trace, size_t steps);

}  // namespace syncengine::diffsync_test

#endif  // SYNCENGINE_TESTS_DIFFSYNC_RECORDED_H_
