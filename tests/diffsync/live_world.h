// A hub, its writers, and a network that loses, doubles, delays and reorders, all from one seed.
#ifndef SYNCENGINE_TESTS_DIFFSYNC_LIVE_WORLD_H_
#define SYNCENGINE_TESTS_DIFFSYNC_LIVE_WORLD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "syncengine/diffsync/live_hub.h"
#include "syncengine/diffsync/live_text.h"
#include "tests/diffsync/generator.h"

namespace syncengine::diffsync_test {

// A splice in code points, as recorded traces have it.
struct TraceStep {
  size_t position = 0;
  size_t deleted = 0;
  std::string inserted;
};

// As it stands in a source file.
struct TraceRow {
  size_t position = 0;
  size_t deleted = 0;
  const char* inserted = "";
};

// What one writer does to its own part of the document.
struct Trace {
  std::string start;
  std::vector<TraceStep> steps;
  std::string end;
};

// Typing, backspacing, going elsewhere, replacing, cutting and pasting.
Trace MakeTrace(Generator& random, size_t steps);

struct WorldOptions {
  uint64_t seed = 1;
  size_t writers = 2;
  // Chances in percent.
  size_t loss = 0;
  size_t doubling = 0;
  size_t restarts = 0;
  size_t offline = 0;        // That a writer goes offline for a spell, each time it edits.
  size_t offline_edits = 0;  // The longest spell.
  // Nobody edits before all have joined: the hub does not remember for ever what it began with.
  bool join_first = false;
  // Writers say what the whole text is, instead of what they did.
  bool whole_texts = false;
  LiveDiffer differ = DifferByEnds;
};

struct Verdict {
  bool converged = false;
  bool exact = false;
  uint64_t resyncs = 0;
  uint64_t kept = 0;
  std::string why;
};

// Each writer replays its trace in a part of its own; the parts are lines of one document. The only
// right text has all parts as their traces end.
Verdict ReplayParts(const WorldOptions& options, const std::vector<Trace>& traces);

// All writers insert letters that nobody else has, and delete, anywhere. Right is every text that
// has each letter that nobody deleted once.
Verdict EditAnywhere(const WorldOptions& options, size_t edits);

}  // namespace syncengine::diffsync_test

#endif  // SYNCENGINE_TESTS_DIFFSYNC_LIVE_WORLD_H_
