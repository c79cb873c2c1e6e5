#include "tests/diffsync/concurrent_graph.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/diffsync/link_world.h"

namespace syncengine::diffsync_test {
namespace {

constexpr uint32_t kNever = std::numeric_limits<uint32_t>::max();
constexpr size_t kWaitMax = 100'000;  // Steps of the network until something must have arrived.

// How many steps of each writer are there.
using Version = std::array<uint32_t, kGraphWriters>;

// A code point that somebody inserted, with the step that did it and those that deleted it.
struct Letter {
  std::array<char, 5> bytes{};
  uint8_t writer = 0;
  uint32_t step = 0;
  std::array<uint32_t, kGraphWriters> deleted{kNever, kNever};

  bool IsIn(const Version& version) const {
    return step <= version[writer] && deleted[0] > version[0] && deleted[1] > version[1];
  }
};

std::vector<std::string> CodePoints(const std::string& text) {
  std::vector<std::string> points;
  for (const char byte : text) {
    if ((static_cast<unsigned char>(byte) & 0xC0) != 0x80) points.emplace_back();
    points.back() += byte;
  }
  return points;
}

// All letters that ever were, in their order: the text of every version can be read from it.
class History {
 public:
  const Version& newest() const { return newest_; }
  Version VersionOf(size_t writer, size_t seen) const {
    Version version = newest_;
    version[1 - writer] = static_cast<uint32_t>(seen);
    return version;
  }

  std::string TextAt(const Version& version) const {
    std::string text;
    for (const Letter& letter : letters_) {
      if (letter.IsIn(version)) text += letter.bytes.data();
    }
    return text;
  }

  size_t SizeAt(const Version& version) const {
    return static_cast<size_t>(
        std::count_if(letters_.begin(), letters_.end(),
                      [&](const Letter& letter) { return letter.IsIn(version); }));
  }

  // Does a step on the text of `seen`; what it is on the text of `there`, which has more steps.
  std::vector<TraceStep> Do(const GraphStep& step, const Version& there) {
    const Version seen = VersionOf(step.writer, step.seen);
    const uint32_t number = ++newest_[step.writer];
    std::vector<TraceStep> moved;
    size_t at = 0, before = 0, before_there = 0;
    for (; before < step.splice.position; ++at) {
      before += letters_[at].IsIn(seen);
      before_there += letters_[at].IsIn(there);
    }
    // Its own insertion stands before what it deletes.
    const size_t place = at;
    if (!step.splice.inserted.empty()) {
      moved.push_back({before_there, 0, step.splice.inserted});
      before_there += CodePoints(step.splice.inserted).size();
    }
    for (size_t left = step.splice.deleted; left > 0; ++at) {
      const bool is_there = letters_[at].IsIn(there);
      if (letters_[at].IsIn(seen)) {
        if (is_there) moved.push_back({before_there, 1, ""});
        letters_[at].deleted[step.writer] = number;
        --left;
      } else {
        before_there += is_there;
      }
    }
    Insert(place, step, number);
    return moved;
  }

  // Whether the other writer did nothing at this place that the version does not know.
  bool IsCalm(const Version& version, size_t position) const {
    size_t passed = 0;
    for (const Letter& letter : letters_) {
      const bool is_in = letter.IsIn(version);
      const bool beside = passed + is_in >= position && passed <= position;
      const bool unknown = letter.IsIn(newest_) != is_in || letter.step > version[letter.writer];
      if (beside && unknown) return false;
      passed += is_in;
      if (passed > position) break;
    }
    return true;
  }

 private:
  void Insert(size_t place, const GraphStep& step, uint32_t number) {
    std::vector<Letter> inserted;
    for (const std::string& point : CodePoints(step.splice.inserted)) {
      Letter letter{.writer = static_cast<uint8_t>(step.writer), .step = number};
      std::copy_n(point.begin(), std::min(point.size(), letter.bytes.size() - 1),
                  letter.bytes.begin());
      inserted.push_back(letter);
    }
    letters_.insert(letters_.begin() + static_cast<ptrdiff_t>(place), inserted.begin(),
                    inserted.end());
  }

  std::vector<Letter> letters_;
  Version newest_{};
};

// What of the graph is at which end, told by the packets.
class Replay {
 public:
  Replay(const WorldOptions& options, const ConcurrentGraph& graph)
      : graph_(graph), world_(options, "") {}

  Verdict Run() {
    world_.Settle();  // Both have joined.
    Follow();
    for (const GraphStep& step : graph_.steps) {
      if (!failure_.empty()) break;
      Do(step);
      for (uint64_t steps = world_.random().Below(4); steps > 0; --steps)
        world_.Step(world_.random().Below(world_.size()));
    }
    Verdict verdict = world_.Settle();
    verdict.exact = verdict.converged && failure_.empty() && world_.Text() == graph_.end;
    if (!failure_.empty()) verdict.why = failure_;
    return verdict;
  }

 private:
  void Follow() {
    world_.on_packet = [this](size_t writer, const std::string& packet) {
      asked_.try_emplace(packet, history_.newest()[writer]);
    };
    world_.on_answer = [this](size_t writer, const std::string& packet, const std::string& reply) {
      at_hub_[writer] = std::max(at_hub_[writer], asked_.at(packet));
      answered_.try_emplace(reply, at_hub_);
    };
    world_.on_arrival = [this](size_t writer, const std::string& reply, const LiveArrival&) {
      arrived_[writer] = answered_.at(reply)[1 - writer];
      if (world_.text(writer).Text() == history_.TextAt(At(writer))) return;
      failure_ = absl::StrCat("writer ", writer, " has another text after ",
                              history_.newest()[writer], " own steps");
    };
  }

  Version At(size_t writer) const { return history_.VersionOf(writer, arrived_[writer]); }

  void Do(const GraphStep& step) {
    for (size_t waited = 0; arrived_[step.writer] < step.seen; ++waited) {
      if (waited == kWaitMax) {
        failure_ = "what a step has seen does not arrive";
        return;
      }
      for (size_t i = 0; i < world_.size(); ++i) world_.ComeOnline(i);
      world_.Step(world_.random().Below(world_.size()));
    }
    LiveText& text = world_.text(step.writer);
    for (const TraceStep& moved : history_.Do(step, At(step.writer))) {
      const size_t from = text.OffsetOfCodePoint(moved.position);
      const size_t to = text.OffsetOfCodePoint(moved.position + moved.deleted);
      const absl::Status done = text.Splice(from, to - from, moved.inserted);
      if (!done.ok()) failure_ = done.ToString();
    }
    world_.Edited(step.writer);
  }

  const ConcurrentGraph& graph_;
  LinkWorld world_;
  History history_;
  std::map<std::string, uint32_t> asked_;    // The sender's steps that the hub has with it.
  std::map<std::string, Version> answered_;  // What the hub had.
  Version at_hub_{};
  std::array<uint32_t, kGraphWriters> arrived_{};  // The other's steps at each writer.
  std::string failure_;
};

}  // namespace

ConcurrentGraph MakeGraph(Generator& random, size_t steps) {
  ConcurrentGraph graph;
  History history;
  std::array<size_t, kGraphWriters> seen{};
  while (graph.steps.size() < steps) {
    const size_t writer = random.Below(kGraphWriters);
    const size_t other = history.newest()[1 - writer];
    if (random.Percent(20)) seen[writer] += random.Below(other - seen[writer] + 1);
    const Version version = history.VersionOf(writer, seen[writer]);
    const size_t size = history.SizeAt(version), position = random.Below(size + 1);
    GraphStep step{.writer = writer, .seen = seen[writer], .splice = {.position = position}};
    if (random.Percent(30)) step.splice.deleted = std::min(size - position, random.Below(4));
    if (step.splice.deleted == 0 && history.IsCalm(version, position))
      step.splice.inserted = RandomWord(random);
    if (step.splice.deleted == 0 && step.splice.inserted.empty()) continue;
    history.Do(step, version);
    graph.steps.push_back(std::move(step));
  }
  graph.end = history.TextAt(history.newest());
  return graph;
}

Verdict ReplayGraph(WorldOptions options, const ConcurrentGraph& graph) {
  options.writers = kGraphWriters;
  return Replay(options, graph).Run();
}

}  // namespace syncengine::diffsync_test
