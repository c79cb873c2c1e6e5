// Every interleaving of uploads, a deletion, collectors, crashes and the passing of time, with the
// engine's own code, port call by port call.
//
// Law: at every moment whatever a revision names is there and readable, and all counts are what a
// recount gives; and in the end, when everybody has gone, so has the garbage.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <iostream>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_join.h"
#include "src/engine/collection.h"
#include "src/engine/keys.h"
#include "src/engine/session.h"
#include "syncengine/engine/check.h"
#include "syncengine/engine/forget.h"
#include "tests/engine/engine_fixture.h"
#include "tests/engine/model_world.h"

namespace syncengine::testing {
namespace {

using engine::BlockRow;
using engine::BlockState;

constexpr int kDone = -1;
constexpr int kTriesMax = 3;

// What an actor keeps between two requests.
struct Memory {
  UploadId upload;
  int tries = 0;  // Sessions, segments and commits begun so far.
  std::vector<BlockId> missing;
  bool acknowledged = false;
  std::string broken;  // What the actor found and must not happen.

  uint64_t Hash() const {
    uint64_t hash = Mix(static_cast<uint64_t>(tries), upload.bytes());
    for (const BlockId& id : missing) hash = Mix(hash, id.bytes());
    return Mix(hash, acknowledged ? 1 : 0);
  }
};

// One stage of an actor's work: the next stage.
using Program = std::function<int(const EnginePorts& ports, Memory& memory, int stage)>;
using MakeDistortion = std::function<std::unique_ptr<Distortion>()>;

struct Actor {
  std::string name;
  Program program;
  MakeDistortion distort = nullptr;
};

// Where an actor stands.
struct Position {
  int stage = 0;
  int attempt = 0;  // Of the stage: grows with crashes.
  Memory memory;
  CallLog log;
};

// How much of what can happen a search may use.
struct Bounds {
  int crashes = 0;
  int advances = 0;  // Of the clock.
  // How often an actor is left in the middle of a request. Mistakes of concurrency need few.
  int switches = 1000;
};

struct State {
  World world;
  std::vector<Position> positions;
  Bounds left;
  size_t last = 0;  // Who moved last.

  uint64_t Hash() const {
    uint64_t hash = Mix(Mix(world.Hash(), left.crashes), left.advances);
    if (left.switches < 1000) hash = Mix(Mix(hash, left.switches), last);
    for (const Position& position : positions) {
      hash = Mix(Mix(hash, position.stage), position.attempt);
      hash = Mix(hash, position.memory.Hash());
      hash = Mix(hash, position.log.size());
      for (const auto& call : position.log) {
        hash = Mix(Mix(hash, call->seen), absl::ToUnixMicros(call->now));
      }
    }
    return hash;
  }
};

// The repository that all scenarios are about, its client, and the actors' programs.
class Model {
 public:
  Model() {
    flat_ = client_.File({"a"});
    tall_ = client_.TallFile({"a"});
    node_ = client_.node_plaintext();
    In(initial_, [&](const EnginePorts& ports) {
      EXPECT_TRUE(Engine::Initialise(ports).ok());
      engine::Session session(ports, std::nullopt);
      EXPECT_TRUE(session.CreateNamespace(client_.Record(), client_.keys().EncodeBundle()).ok());
      Caller caller(session, client_, entropy_);
      caller.Put(flat_.segment);
      first_ = caller.Create(caller.NewFile("g", flat_));
    });
    for (int i = 0; i <= kTriesMax; ++i) {
      only_data_.push_back(client_.Segment(FrameKind::kData, {"a"}));
      only_node_.push_back(client_.Segment(FrameKind::kManifest, {node_}));
      both_.push_back(
          client_.Segment({{FrameKind::kData, {"a"}}, {FrameKind::kManifest, {node_}}}));
      flat_data_.push_back(client_.Segment(FrameKind::kData, {"a"}));
    }
    flat_change_ = ChangeTo("flat", flat_);
    tall_change_ = ChangeTo("tall", tall_);
  }

  // The file "g" is there, with the block "a" that all actors are about.
  World WithFile() const { return initial_; }
  // It was deleted and forgotten, two runs are complete, and the next may delete the block. The
  // first segment of the flat upload is an orphan of an upload that crashed before.
  World WithCondemned() {
    World world = initial_;
    In(world, [&](const EnginePorts& ports) {
      Memory memory;
      EXPECT_EQ(Delete(ports, memory, 0), 1);
      EXPECT_EQ(Delete(ports, memory, 1), kDone);
    });
    const SegmentId orphan = ParseSegment(flat_data_[0])->segment_id;
    world.objects[engine::SegmentObject(client_.id(), orphan)] =
        std::make_shared<const std::string>(flat_data_[0]);
    for (int run = 0; run < 2; ++run) RunCollector(world);
    return world;
  }

  // With a session: begin, ask, store what is missing, commit; from the start where it was refused.
  Actor FlatUploader(bool session) {
    return Uploader("flat", session, flat_change_, flat_.blocks,
                    [this](const Memory& memory) { return flat_data_[memory.tries]; });
  }
  Actor TallUploader(bool session) {
    std::vector<BlockId> blocks = {flat_.blocks[0], tall_.content.blocks[0]};
    return Uploader("tall", session, tall_change_, blocks, [this](const Memory& memory) {
      if (memory.missing.size() == 2) return both_[memory.tries];
      return memory.missing[0] == flat_.blocks[0] ? only_data_[memory.tries]
                                                  : only_node_[memory.tries];
    });
  }
  Actor Deleter() {
    return {.name = "deleter",
            .program = [this](const EnginePorts& ports, Memory& memory, int stage) {
              return Delete(ports, memory, stage);
            }};
  }
  // With `believed`, it must not find the repository unsound.
  Actor Collector(absl::string_view name, int runs, bool believed = true) {
    return {.name = std::string(name),
            .program = [=, this](const EnginePorts& ports, Memory& memory, int stage) {
              const absl::Status status = Collect(ports);
              if (believed && !status.ok() && GetReason(status) != Reason::kLocked &&
                  !absl::IsUnavailable(status)) {
                memory.broken = status.ToString();
              }
              return stage + 1 < runs ? stage + 1 : kDone;
            }};
  }

  // Runs `work` in the world without interruption.
  void In(World& world, const std::function<void(const EnginePorts&)>& work) {
    CallLog log;
    StepRun run(world, log, nullptr, /*all=*/true);
    work(PortsOf(run, entropy_));
  }
  EnginePorts PortsOf(StepRun& run, Entropy& entropy) {
    return {.objects = run.objects(),
            .metadata = run.metadata(),
            .notifier = notifier_,
            .clock = run.clock(),
            .entropy = entropy,
            .executor = executor_,
            .keys = &keys_};
  }

  // What is wrong with the world, or nothing.
  std::string Unsound(const World& world) {
    World copy = world;
    std::string wrong;
    In(copy, [&](const EnginePorts& ports) {
      const auto report = CheckRepository(ports.metadata, ports.objects, {.read_data = true});
      if (!report.ok()) {
        wrong = report.status().ToString();
      } else if (!report->clean()) {
        wrong = absl::StrCat(report->problems[0].place, ": ", report->problems[0].what);
      }
    });
    return wrong;
  }
  // What is left over when everybody has gone and collectors have run on.
  std::string Leftovers(const World& world) {
    World copy = world;
    for (int run = 0; run < 8; ++run) RunCollector(copy);
    std::string wrong = Unsound(copy);
    if (!wrong.empty()) return wrong;
    size_t segments = 0;
    for (const auto& [key, value] : *copy.Rows(engine::NamespacePartition(client_.id()))) {
      if (key[0] == 'S') ++segments;
      if (key[0] == 'U') return "an upload has not ended";
      if (key[0] == 'B') {
        const auto row = engine::DecodeRow<BlockRow>(value);
        if (row->state != BlockState::kPresent || row->refs == 0) return "a block is left";
      }
      if (key[0] == 'S' && engine::DecodeRow<engine::SegmentRow>(value)->blocks_live == 0) {
        return "a segment without blocks is left";
      }
    }
    return copy.objects.size() == segments ? "" : "an object without a segment is left";
  }

 private:
  Change ChangeTo(absl::string_view name, const SealedFile& file) {
    Change change = Caller::EmptyFile(entropy_.NewId<NodeId>(), kRootNode, name);
    change.state.content = file.content;
    return change;
  }
  // The same for every run of the same request.
  static OpId OpOf(absl::string_view actor, absl::string_view what, int tries) {
    return SeededEntropy(Mix(Mix(Mix(7, actor), what), tries)).NewId<OpId>();
  }

  absl::Status Collect(const EnginePorts& ports) {
    const CollectorOptions options{.grace = absl::ZeroDuration(), .trash = absl::ZeroDuration()};
    CollectionReport report;
    return engine::Collection(ports, client_.id(), options, report).Run();
  }
  void RunCollector(World& world) {
    world.now += absl::Hours(3);
    In(world, [&](const EnginePorts& ports) { EXPECT_TRUE(Collect(ports).ok()); });
  }

  int Delete(const EnginePorts& ports, Memory&, int stage) {
    if (stage == 0) {
      const auto result = engine::Session(ports, std::nullopt)
                              .Commit(client_.id(), {.op = OpOf("deleter", "", 0),
                                                     .changes = {Caller::Deletion(first_)}});
      return result.ok() ? 1 : 0;
    }
    return ForgetRevisions(ports, client_.id(), {.node = first_.node}).ok() ? kDone : stage;
  }

  Actor Uploader(absl::string_view name, bool session, Change change, std::vector<BlockId> blocks,
                 std::function<std::string(const Memory&)> segment) {
    return {.name = std::string(name),
            .program = [=, this](const EnginePorts& ports, Memory& memory, int stage) {
              engine::Session service(ports, std::nullopt);
              if (memory.tries > kTriesMax) return kDone;
              switch (stage) {
                case 0:
                  if (session) return Begin(service, memory, name);
                  [[fallthrough]];
                case 1:
                  return Ask(service, memory, blocks);
                case 2:
                  return Store(service, memory, segment(memory));
                default:
                  return Commit(service, memory, name, change);
              }
            }};
  }
  int Begin(Service& service, Memory& memory, absl::string_view name) {
    const auto upload =
        service.BeginUpload(client_.id(), {.op = OpOf(name, "begin", memory.tries)});
    memory.upload = upload.value_or(UploadId());
    return 1;
  }
  int Ask(Service& service, Memory& memory, const std::vector<BlockId>& blocks) {
    const auto missing = service.MissingBlocks(client_.id(), memory.upload, blocks);
    if (absl::IsFailedPrecondition(missing.status())) return Again(memory);
    memory.missing = missing.value_or(std::vector<BlockId>());
    return memory.missing.empty() ? 3 : 2;
  }
  int Store(Service& service, Memory& memory, const std::string& segment) {
    const auto stored = service.PutSegment(client_.id(), memory.upload, segment);
    if (!stored.ok() || !stored->stored) return Again(memory);
    return 3;
  }
  int Commit(Service& service, Memory& memory, absl::string_view name, const Change& change) {
    const auto result = service.Commit(
        client_.id(),
        {.op = OpOf(name, "commit", memory.tries), .upload = memory.upload, .changes = {change}});
    if (!result.ok() || !result->committed) return Again(memory);
    memory.acknowledged = true;
    return kDone;
  }
  static int Again(Memory& memory) {
    ++memory.tries;
    return 0;
  }

  SeededEntropy entropy_{1};
  InProcessNotifier notifier_;
  ThreadPool executor_{1};
  OpenKeyProvider keys_;
  Client client_{entropy_, "main"};
  World initial_;
  SealedFile flat_;
  SealedFile tall_;
  std::string node_;
  Revision first_;
  Change flat_change_;
  Change tall_change_;
  // By the number of tries before.
  std::vector<std::string> flat_data_, only_data_, only_node_, both_;
};

// Searches all interleavings, depth first, each state once. Single-threaded.
class Search {
 public:
  Search(Model& model, std::vector<Actor> actors) : model_(model), actors_(std::move(actors)) {}

  // False when the law was broken; then `broken` says how.
  bool Run(const World& world, const Bounds& bounds) {
    State state{.world = world, .left = bounds};
    state.positions.resize(actors_.size());
    interleavings_ = Visit(state);
    return broken_.empty();
  }
  std::string Figures() const {
    return absl::StrCat(states_.size(), " states, ", steps_, " steps, ", worlds_.size(),
                        " repositories checked, ", ends_.size(), " ends, ", interleavings_,
                        " interleavings");
  }
  const std::string& broken() const { return broken_; }
  bool all_acknowledged() const { return all_acknowledged_; }

 private:
  // How many ways lead from the state to an end.
  double Visit(const State& state) {
    const uint64_t hash = state.Hash();
    if (const auto known = states_.find(hash); known != states_.end()) return known->second;
    double ways = 0;
    bool ended = true;
    for (size_t i = 0; i < actors_.size() && broken_.empty(); ++i) {
      if (state.positions[i].stage == kDone) continue;
      ended = false;
      const bool switches = i != state.last && !state.positions[state.last].log.empty();
      if (switches && state.left.switches == 0) continue;
      State next = state;
      next.last = i;
      if (switches && state.left.switches < 1000) --next.left.switches;
      Step(next, i);
      ways += Enter(next, actors_[i].name);
      if (state.left.crashes == 0 || state.positions[i].log.empty()) continue;
      next = state;
      --next.left.crashes;
      next.positions[i].log.clear();
      ++next.positions[i].attempt;
      ways += Enter(next, absl::StrCat(actors_[i].name, " crashes"));
    }
    if (ended) {
      End(state);
      ways = 1;
    } else if (state.left.advances > 0 && broken_.empty()) {
      State next = state;
      --next.left.advances;
      next.world.now += absl::Hours(2);  // Beyond every lease.
      ways += Enter(next, "two hours pass");
    }
    states_[hash] = ways;
    return ways;
  }

  double Enter(const State& state, absl::string_view move) {
    ++steps_;
    trail_.emplace_back(move);
    if (worlds_.insert(state.world.Hash()).second) Judge(model_.Unsound(state.world));
    for (const Position& position : state.positions) Judge(position.memory.broken);
    const double ways = broken_.empty() ? Visit(state) : 0;
    trail_.pop_back();
    return ways;
  }

  void Step(State& state, size_t index) {
    const Actor& actor = actors_[index];
    Position& position = state.positions[index];
    const auto distortion = actor.distort ? actor.distort() : nullptr;
    StepRun run(state.world, position.log, distortion.get());
    SeededEntropy entropy(
        Mix(Mix(Mix(Mix(index, position.stage), position.attempt), position.memory.tries), 99));
    Memory memory = position.memory;
    const int stage = actor.program(model_.PortsOf(run, entropy), memory, position.stage);
    if (run.halted()) return;
    position = {.stage = stage, .memory = std::move(memory)};
  }

  void End(const State& state) {
    for (size_t i = 0; i < actors_.size(); ++i) {
      const std::string& name = actors_[i].name;
      if (name == "flat" || name == "tall") {
        all_acknowledged_ &= state.positions[i].memory.acknowledged;
      }
    }
    if (ends_.insert(state.world.Hash()).second) Judge(model_.Leftovers(state.world));
  }

  void Judge(const std::string& wrong) {
    if (wrong.empty() || !broken_.empty()) return;
    broken_ = absl::StrCat(wrong, "\nafter: ", absl::StrJoin(trail_, ", "));
  }

  Model& model_;
  const std::vector<Actor> actors_;
  absl::flat_hash_map<uint64_t, double> states_;
  absl::flat_hash_set<uint64_t> worlds_;
  absl::flat_hash_set<uint64_t> ends_;
  std::vector<std::string> trail_;
  std::string broken_;
  uint64_t steps_ = 0;
  double interleavings_ = 0;
  bool all_acknowledged_ = true;
};

// SYNCENGINE_MODEL=large searches the scenarios that take minutes, too.
bool IsLarge() {
  const char* const value = std::getenv("SYNCENGINE_MODEL");
  return value != nullptr && absl::string_view(value) == "large";
}

class CollectionModelTest : public ::testing::Test {
 protected:
  void Expect(absl::string_view scenario, const World& world, std::vector<Actor> actors,
              const Bounds& bounds) {
    Search search(model_, std::move(actors));
    EXPECT_TRUE(search.Run(world, bounds)) << search.broken();
    EXPECT_TRUE(search.all_acknowledged()) << "an upload gave up";
    std::cout << "  " << scenario << ": " << search.Figures() << "\n";
  }

  Model model_;
};

TEST_F(CollectionModelTest, UploadsBesideADeletionAndThreeRuns) {
  const Bounds bounds{.switches = IsLarge() ? 1000 : 1};
  Expect("a session", model_.WithFile(),
         {model_.FlatUploader(true), model_.Deleter(), model_.Collector("collector", 3)}, bounds);
  Expect("no session", model_.WithFile(),
         {model_.TallUploader(false), model_.Deleter(), model_.Collector("collector", 3)}, bounds);
}

TEST_F(CollectionModelTest, TwoUploadsOfABlockThatIsAboutToGo) {
  Expect("two uploads", model_.WithCondemned(),
         {model_.FlatUploader(true), model_.TallUploader(false), model_.Collector("collector", 1)},
         {.switches = IsLarge() ? 3 : 1});
}

TEST_F(CollectionModelTest, CrashesAndEndingLeases) {
  Expect("a crash, and time", model_.WithCondemned(),
         {model_.FlatUploader(true), model_.Collector("collector", IsLarge() ? 2 : 1)},
         {.crashes = 1, .advances = 1, .switches = IsLarge() ? 2 : 1});
}

TEST_F(CollectionModelTest, TwoCollectorsOfWhichOneFallsSilent) {
  Expect(
      "two collectors", model_.WithCondemned(),
      {model_.FlatUploader(false), model_.Collector("collector", 1), model_.Collector("second", 1)},
      {.advances = 1, .switches = IsLarge() ? 2 : 1});
}

TEST_F(CollectionModelTest, EverybodyOneRequestAfterTheOther) {
  std::vector<Actor> actors = {model_.FlatUploader(IsLarge()), model_.TallUploader(false),
                               model_.Deleter(), model_.Collector("collector", IsLarge() ? 1 : 3)};
  if (IsLarge()) actors.push_back(model_.Collector("second", 1));
  const int more = IsLarge() ? 1 : 0;
  Expect("everybody", model_.WithFile(), actors,
         {.crashes = more, .advances = more, .switches = 0});
}

// --- The search finds mistakes: each of these breaks the law somewhere ---

// Sees doomed segments as if nothing was known of them.
class BlindToDoom final : public Distortion {
 public:
  std::optional<std::string> Read(absl::string_view key,
                                  std::optional<std::string> value) override {
    return key[0] == 'D' ? std::nullopt : std::move(value);
  }
};

// Takes dying blocks for present ones, as a commit that does not look at their state would.
class TrustsDyingBlocks final : public Distortion {
 public:
  std::optional<std::string> Read(absl::string_view key,
                                  std::optional<std::string> value) override {
    if (key[0] != 'B' || !value.has_value()) return value;
    BlockRow row = *engine::DecodeRow<BlockRow>(*value);
    if (row.state == BlockState::kDeleting) row.state = BlockState::kPresent;
    return EncodeRow(row);
  }
};

// Believes for ever that it is the only collector.
class ForgetsOthers final : public Distortion {
 public:
  std::optional<std::string> Read(absl::string_view key,
                                  std::optional<std::string> value) override {
    return key == engine::LeaseKey() && mine_.has_value() ? mine_ : std::move(value);
  }
  bool Write(absl::string_view key, absl::string_view value) override {
    if (key == engine::LeaseKey()) mine_ = std::string(value);
    return true;
  }

 private:
  std::optional<std::string> mine_;
};

template <typename Mistake>
Actor With(Actor actor) {
  actor.distort = [] { return std::make_unique<Mistake>(); };
  return actor;
}

class CollectionModelMistakesTest : public CollectionModelTest {
 protected:
  void ExpectBroken(std::vector<Actor> actors) {
    Search search(model_, std::move(actors));
    EXPECT_FALSE(search.Run(model_.WithCondemned(), {.switches = 2})) << search.Figures();
    std::cout << "  " << search.broken().substr(0, search.broken().find('\n')) << "\n";
  }
};

TEST_F(CollectionModelMistakesTest, StoringASegmentWhoseIdIsDoomed) {
  ExpectBroken({With<BlindToDoom>(model_.FlatUploader(false)), model_.Collector("collector", 1)});
}

TEST_F(CollectionModelMistakesTest, CommittingWithoutALookAtTheStateOfBlocks) {
  ExpectBroken(
      {With<TrustsDyingBlocks>(model_.FlatUploader(false)), model_.Collector("collector", 1)});
}

// Every step looks at what it changes, so that even the lease only saves work.
TEST_F(CollectionModelTest, ACollectorThatIgnoresItsLeaseBreaksNothing) {
  Expect("no fence", model_.WithCondemned(),
         {model_.FlatUploader(false),
          With<ForgetsOthers>(model_.Collector("collector", 1, /*believed=*/false)),
          model_.Collector("second", 1)},
         {.advances = 1, .switches = IsLarge() ? 2 : 1});
}

}  // namespace
}  // namespace syncengine::testing
