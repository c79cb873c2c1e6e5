#include "tests/diffsync/recorded.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "syncengine/base/coding.h"

namespace syncengine::diffsync_test {
namespace {

constexpr TraceRow kPage[] = {
#include "tests/diffsync/page_trace.inc"
};

// A text and the splices that lead on from it.
class Text {
 public:
  explicit Text(const std::string& text) : hub_(*LiveHub::Create({.epoch = 1}, text)) {}

  std::string text() const { return hub_.Text(); }
  void Do(const TraceStep& step) {
    const size_t from = hub_.OffsetOfCodePoint(step.position);
    const size_t to = hub_.OffsetOfCodePoint(step.position + step.deleted);
    const absl::Status done = hub_.Splice(from, to - from, step.inserted);
    EXPECT_TRUE(done.ok()) << done;
  }

 private:
  LiveHub hub_;
};

std::vector<std::string> FilesOf(const std::string& folder, const std::string& extension) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == extension) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
}

TraceStep ReadStep(ByteReader& reader) {
  TraceStep step{reader.U32(), reader.U32()};
  step.inserted = std::string(reader.Long());
  return step;
}

}  // namespace

Trace PageTrace() {
  Trace trace;
  Text text("");
  for (const TraceRow& row : kPage) {
    trace.steps.push_back({row.position, row.deleted, row.inserted});
    text.Do(trace.steps.back());
  }
  trace.end = text.text();
  return trace;
}

std::vector<Trace> ReadTraces(const std::string& folder) {
  std::vector<Trace> traces;
  for (const std::string& path : FilesOf(folder, ".trace")) {
    const std::string bytes = ReadFile(path);
    ByteReader reader(bytes, "trace");
    Trace trace{.end = std::string(reader.Long())};
    while (reader.remaining() > 0 && reader.ok()) trace.steps.push_back(ReadStep(reader));
    EXPECT_TRUE(reader.ok()) << path;
    traces.push_back(std::move(trace));
  }
  std::sort(traces.begin(), traces.end(),
            [](const Trace& a, const Trace& b) { return a.steps.size() < b.steps.size(); });
  return traces;
}

std::vector<ConcurrentGraph> ReadGraphs(const std::string& folder) {
  std::vector<ConcurrentGraph> graphs;
  for (const std::string& path : FilesOf(folder, ".graph")) {
    const std::string bytes = ReadFile(path);
    ByteReader reader(bytes, "graph");
    ConcurrentGraph graph{.end = std::string(reader.Long())};
    while (reader.remaining() > 0 && reader.ok()) {
      GraphStep step{.writer = reader.U8() % kGraphWriters, .seen = reader.U32()};
      step.splice = ReadStep(reader);
      graph.steps.push_back(std::move(step));
    }
    EXPECT_TRUE(reader.ok()) << path;
    graphs.push_back(std::move(graph));
  }
  return graphs;
}

std::vector<Trace> CutTrace(const Trace& trace, size_t steps) {
  std::vector<Trace> pieces;
  Text text(trace.start);
  for (size_t at = 0; at < trace.steps.size(); at += steps) {
    Trace piece{.start = text.text()};
    const size_t end = std::min(trace.steps.size(), at + steps);
    for (size_t i = at; i < end; ++i) {
      piece.steps.push_back(trace.steps[i]);
      text.Do(trace.steps[i]);
    }
    piece.end = text.text();
    pieces.push_back(std::move(piece));
  }
  EXPECT_EQ(text.text(), trace.end);
  return pieces;
}

}  // namespace syncengine::diffsync_test
