// The LMDB metadata store after power was cut at any of the writes that LMDB makes: each
// acknowledged transaction is there, none is there by half, and the engine's laws hold.
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/kernels/checksum.h"
#include "syncengine/engine/check.h"
#include "syncengine/stores/lmdb_metadata_store.h"
#include "syncengine/testing/status_matchers.h"
#include "syncengine/testing/temporary_directory.h"
#include "tests/crash/disk_trace.h"
#include "tests/crash/snapshots.h"
#include "tests/crash/state_digest.h"
#include "tests/crash/tally.h"
#include "tests/engine/engine_fixture.h"

namespace syncengine::testing {
namespace {

constexpr size_t kSector = 512;  // What a disk writes in one piece.
constexpr size_t kPage = 4096;
constexpr uint64_t kStore = 1, kNewStore = 2;  // Under which name the file lies.

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// A file as the calls make it, of which only what was synced is sure.
class TracedFile {
 public:
  explicit TracedFile(std::string bytes) : durable_(std::move(bytes)) {}

  void Add(const TracedCall& call) {
    if (call.kind == TracedCall::Kind::kSync) return Sync();
    pending_.push_back(call);
  }
  void Sync() {
    for (const TracedCall& call : pending_) Apply(call, durable_);
    pending_.clear();
  }
  bool synced() const { return pending_.empty(); }

  std::string Lost() const { return durable_; }
  std::string Kept() const {
    std::string bytes = durable_;
    for (const TracedCall& call : pending_) Apply(call, bytes);
    return bytes;
  }
  // Some of the unsynced calls, in parts of 1 sector, 1 page or whole, whatever their order. New
  // space may be zero although its size is there. Sectors that hold something are old or new.
  std::string Torn(std::mt19937_64& random) const {
    const std::string kept = Kept();
    std::string bytes = durable_;
    if (random() % 2 == 0) bytes.resize(std::max(bytes.size(), kept.size()));
    const size_t part = std::vector<size_t>{kSector, kPage, ~size_t{0}}[random() % 3];
    const uint64_t odds = 1 + random() % 7;
    for (const TracedCall& call : pending_) {
      if (call.kind == TracedCall::Kind::kTruncate) continue;
      for (size_t at = 0; at < call.bytes.size();) {
        const size_t to_edge =
            part == ~size_t{0} ? call.bytes.size() : part - (call.offset + at) % part;
        const size_t size = std::min(to_edge, call.bytes.size() - at);
        if (random() % 8 < odds) {
          Apply({call.kind, call.offset + at, call.bytes.substr(at, size)}, bytes);
        }
        at += size;
      }
    }
    return bytes;
  }

 private:
  static void Apply(const TracedCall& call, std::string& bytes) {
    if (call.kind == TracedCall::Kind::kTruncate) return bytes.resize(call.offset);
    bytes.resize(std::max<size_t>(bytes.size(), call.offset + call.bytes.size()));
    bytes.replace(call.offset, call.bytes.size(), call.bytes);
  }

  std::string durable_;
  std::vector<TracedCall> pending_;
};

// What the store held when it had made so many calls.
struct Acknowledged {
  size_t calls = 0;
  Rows rows;
};

class LmdbCrashTest : public ::testing::Test {
 protected:
  // Memory is quick, and what is synced there does not matter.
  static std::string Place() {
    struct stat found {};
    return stat("/dev/shm", &found) == 0 ? "/dev/shm" : "";
  }

  void Record(const DiskTrace& trace) {
    acknowledged_.push_back({trace.count(), CopyRows(*store_)});
  }

  // Opens the store on each of the files that a cut behind each of `calls` may leave.
  void CutAll(const std::string& start, const std::vector<TracedCall>& calls) {
    TracedFile file(start);
    size_t next = 0;
    for (size_t i = 0; i < calls.size(); ++i) {
      file.Add(calls[i]);
      Tally::Get().CountOperation(calls[i].kind == TracedCall::Kind::kSync       ? "LMDB sync"
                                  : calls[i].kind == TracedCall::Kind::kTruncate ? "LMDB truncate"
                                                                                 : "LMDB write");
      if (calls[i].durable) {  // Power may go while it is under way.
        Cut(file, next, i);
        file.Sync();
      }
      while (next < acknowledged_.size() && acknowledged_[next].calls <= i + 1) ++next;
      Cut(file, next, i);
      if (::testing::Test::HasFailure()) return;
    }
  }

  void Cut(const TracedFile& file, size_t acknowledged, size_t call) {
    SCOPED_TRACE(absl::StrCat("power cut behind call ", call));
    std::mt19937_64 random(call);
    Look(file.Lost(), acknowledged);
    if (file.synced()) return;
    Look(file.Kept(), acknowledged);
    for (uint64_t i = 0; i < Tally::Get().states_per_point(); ++i) {
      Look(file.Torn(random), acknowledged);
    }
  }

  void Look(const std::string& bytes, size_t acknowledged) {
    if (!Tally::Get().CountState(DigestOf({kernels::Xxh3(bytes), kStore}), acknowledged)) return;
    TemporaryDirectory directory(Place());
    WriteFile(directory.Child("data.mdb"), bytes);
    {
      auto store = LmdbMetadataStore::Open(directory.path());
      SE_ASSERT_OK(store);
      const Rows rows = CopyRows(**store);
      const bool old = acknowledged > 0 && rows == acknowledged_[acknowledged - 1].rows;
      const bool in_flight =
          acknowledged < acknowledged_.size() && rows == acknowledged_[acknowledged].rows;
      EXPECT_TRUE(old || in_flight) << "neither what was acknowledged (transaction " << acknowledged
                                    << ") nor what was under way";
      if (objects_ != nullptr && rows.contains("repo")) {
        const auto report = CheckRepository(**store, *objects_);
        SE_ASSERT_OK(report);
        EXPECT_TRUE(report->clean()) << report->problems[0].place << report->problems[0].what;
      }
      SE_EXPECT_OK((*store)->Update(
          "after", [](MetadataWriter& writer) { return writer.Put("key", "value"); }));
    }
    auto again = LmdbMetadataStore::Open(directory.path());
    SE_ASSERT_OK(again);
    EXPECT_TRUE(CopyRows(**again).contains("after"));
  }

  std::unique_ptr<MetadataStore> store_;
  ObjectStore* objects_ = nullptr;
  std::vector<Acknowledged> acknowledged_;
};

TEST_F(LmdbCrashTest, RowsOfAllSizes) {
  Tally::Get().CountScenario();
  TemporaryDirectory directory(Place());
  store_ = LmdbMetadataStore::Open(directory.path()).value();
  const std::string start = ReadFile(directory.Child("data.mdb"));
  DiskTrace trace("data.mdb");
  Record(trace);
  std::mt19937_64 random(1);
  for (int i = 0; i < 40; ++i) {
    SE_ASSERT_OK(store_->Update("rows", [&](MetadataWriter& writer) -> absl::Status {
      for (int row = 0; row < 6; ++row) {
        const std::string key = absl::StrCat("key ", random() % 60);
        const size_t sizes[] = {10, 300, 1500, 5000, 20'000};
        const absl::Status done =
            random() % 4 == 0 ? writer.Delete(key)
                              : writer.Put(key, std::string(sizes[random() % 5], 'a' + i % 26));
        if (!done.ok()) return done;
      }
      return absl::OkStatus();
    }));
    Record(trace);
  }
  ASSERT_GT(trace.count(), 100u) << "the writes of LMDB were not seen";
  CutAll(start, trace.Stop());
}

TEST_F(LmdbCrashTest, AnEngineAtWork) {
  Tally::Get().CountScenario();
  TemporaryDirectory directory(Place());
  store_ = LmdbMetadataStore::Open(directory.path()).value();
  const std::string start = ReadFile(directory.Child("data.mdb"));
  DiskTrace trace("data.mdb");
  Record(trace);
  MemoryObjectStore objects;
  objects_ = &objects;
  ObservedMetadataStore observed(*store_);
  observed.after = [&] { Record(trace); };
  ManualClock clock;
  SeededEntropy entropy(4);
  OpenKeyProvider keys;
  InProcessNotifier notifier;
  ThreadPool executor(1);
  const auto engine =
      Engine::Initialise({objects, observed, notifier, clock, entropy, executor, &keys}).value();
  const auto session = engine->OwnerSession();
  Client client(entropy, "main");
  SE_ASSERT_OK(session->CreateNamespace(client.Record(), client.keys().EncodeBundle()));
  Caller caller(*session, client, entropy);
  for (int i = 0; i < 8; ++i) {
    const SealedFile file = client.TallFile({absl::StrCat("left ", i), absl::StrCat("right ", i)});
    caller.Put(file.segment);
    const Revision head = caller.Create(caller.NewFile(absl::StrCat("file ", i), file));
    if (i % 3 == 0) caller.Commit({Caller::Move(head, kRootNode, absl::StrCat("moved ", i))});
    if (i % 3 == 1) caller.Commit({Caller::Deletion(head)});
  }
  SE_EXPECT_OK(session->AddDevice("laptop", entropy.NewId<OpId>()));
  ASSERT_GT(acknowledged_.size(), 20u);
  CutAll(start, trace.Stop());
}

// The file appears complete: whatever the creation leaves, the next one makes a store of it.
TEST_F(LmdbCrashTest, ItsOwnCreation) {
  Tally::Get().CountScenario();
  TemporaryDirectory directory(Place());
  DiskTrace trace("data.mdb.new");
  SE_ASSERT_OK(LmdbMetadataStore::Open(directory.path()));
  const std::vector<TracedCall> calls = trace.Stop();
  ASSERT_GT(calls.size(), 2u) << "the creation was not seen";
  TracedFile file("");
  std::mt19937_64 random(1);
  for (const TracedCall& call : calls) {
    file.Add(call);
    Tally::Get().CountOperation("LMDB create");
    for (uint64_t i = 0; i < 2 + Tally::Get().states_per_point(); ++i) {
      const std::string bytes = i == 0 ? file.Lost() : i == 1 ? file.Kept() : file.Torn(random);
      if (!Tally::Get().CountState(DigestOf({kernels::Xxh3(bytes), kNewStore}), 0)) continue;
      TemporaryDirectory found(Place());
      WriteFile(found.Child("data.mdb.new"), bytes);
      auto store = LmdbMetadataStore::Open(found.path());
      SE_ASSERT_OK(store);
      EXPECT_TRUE(CopyRows(**store).empty());
      struct stat left {};
      EXPECT_NE(stat(found.Child("data.mdb.new").c_str(), &left), 0) << "a leftover stays";
    }
    if (call.durable) file.Sync();
  }
}

TEST_F(LmdbCrashTest, ADirectoryThatWasThereIsMadeDurableToo) {
  TemporaryDirectory parent(Place());
  const std::string name = parent.path().substr(parent.path().rfind('/') + 1);
  ASSERT_EQ(mkdir(parent.Child("store").c_str(), 0700), 0);
  DiskTrace trace(name);
  SE_ASSERT_OK(LmdbMetadataStore::Open(parent.Child("store")));
  EXPECT_GT(trace.count(), 0u) << "its maker may have died before it synced " << name;
}

}  // namespace
}  // namespace syncengine::testing
