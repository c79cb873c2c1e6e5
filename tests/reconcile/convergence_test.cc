// R21: every pair of concurrent operations converges, nothing is lost, and then nothing moves.
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/reconcile/model.h"

namespace syncengine {
namespace {

using model::Device;
using model::Disk;
using model::Ids;
using model::Server;

struct Operation {
  std::string name;
  std::function<bool(Disk&, const std::string& fresh)> run;  // `fresh`: a content never seen.
};

const std::vector<std::string>& Places() {
  static const auto* places = new std::vector<std::string>{"a", "b", "d", "e", "d/x", "e/y", "d/s"};
  return *places;
}

const std::vector<std::string>& FreePlaces() {
  static const auto* places = new std::vector<std::string>{"n", "d/n", "e/n", "d/s/n"};
  return *places;
}

std::vector<std::string> AllPlaces() {
  std::vector<std::string> all = Places();
  all.insert(all.end(), FreePlaces().begin(), FreePlaces().end());
  return all;
}

void AddOneNameOperations(std::vector<Operation>& operations) {
  for (const std::string& path : AllPlaces()) {
    operations.push_back({absl::StrCat("write ", path), [=](Disk& disk, const std::string& fresh) {
                            return disk.Write(path, fresh);
                          }});
    operations.push_back({absl::StrCat("mkdir ", path), [=](Disk& disk, const std::string&) {
                            return disk.MakeDirectory(path);
                          }});
  }
  for (const std::string& path : Places()) {
    operations.push_back({absl::StrCat("rm ", path),
                          [=](Disk& disk, const std::string&) { return disk.Remove(path); }});
    operations.push_back({absl::StrCat("save ", path), [=](Disk& disk, const std::string& fresh) {
                            return disk.ReplaceFile(path, fresh);
                          }});
    operations.push_back(
        {absl::StrCat("other kind ", path), [=](Disk& disk, const std::string& fresh) {
           const uint64_t inode = disk.Find(path);
           if (inode == 0) return false;
           const bool file = disk.files().at(inode).kind == NodeKind::kFile;
           disk.Remove(path);
           return file ? disk.MakeDirectory(path) : disk.Write(path, fresh);
         }});
  }
}

void AddTwoNameOperations(std::vector<Operation>& operations) {
  for (const std::string& from : Places()) {
    for (const std::string& to : AllPlaces()) {
      operations.push_back(
          {absl::StrCat("mv ", from, " ", to), [=](Disk& disk, const std::string& fresh) {
             const uint64_t inode = disk.Find(from);
             if (!disk.Rename(from, to)) return false;
             // Renamed and edited before anybody looked.
             if (fresh.size() % 2 == 0 && disk.files().at(inode).kind == NodeKind::kFile) {
               disk.Write(to, fresh);
             }
             return true;
           }});
      operations.push_back(
          {absl::StrCat("mv -f ", from, " ", to), [=](Disk& disk, const std::string&) {
             const uint64_t one = disk.Find(from);
             const uint64_t other = disk.Find(to);
             if (one == 0 || other == 0 || disk.IsInside(one, other) || disk.IsInside(other, one)) {
               return false;
             }
             disk.Remove(to);
             return disk.Rename(from, to);
           }});
      if (from < to) {
        operations.push_back({absl::StrCat("swap ", from, " ", to),
                              [=](Disk& disk, const std::string&) { return disk.Swap(from, to); }});
      }
    }
  }
}

std::vector<Operation> AllOperations() {
  std::vector<Operation> operations;
  AddOneNameOperations(operations);
  AddTwoNameOperations(operations);
  return operations;
}

// Two devices over one server, in step, with one file in every place.
class World {
 public:
  World() : server_(ids_), one_(server_, ids_, "one"), two_(server_, ids_, "two") {
    Disk& disk = one_.disk();
    disk.MakeDirectory("d");
    disk.MakeDirectory("e");
    disk.MakeDirectory("d/s");
    for (const char* path : {"a", "b", "d/x", "e/y", "d/s/z"}) {
      disk.Write(path, absl::StrCat("base of ", path));
    }
  }

  void StartMerging() {
    one_.StartMerging();
    two_.StartMerging();
  }
  size_t merged() const { return one_.merged() + two_.merged(); }
  Device& one() { return one_; }
  Device& two() { return two_; }
  Server& server() { return server_; }

  // Syncs until nothing moves. The number of rounds, or -1 when it never ends or fails.
  int Settle() {
    int idle = 0;
    for (int round = 0; round < 24; ++round) {
      Device& device = round % 2 == 0 ? one_ : two_;
      const int moved = device.Sync();
      if (moved < 0) return -1;
      idle = moved == 0 ? idle + 1 : 0;
      if (idle == 3) return round;
    }
    return -1;
  }

  std::string failure() const { return one_.failure() + two_.failure(); }

  void ExpectAgreement() {
    EXPECT_EQ(one_.disk().Tree(), server_.Tree());
    EXPECT_EQ(two_.disk().Tree(), server_.Tree());
  }

  // Every content that a device had when it began to sync is a revision; what was freshly written
  // is live.
  void ExpectKept(const std::map<std::string, std::string>& had, const std::string& fresh) {
    const auto live = server_.Tree();
    for (const auto& [path, content] : had) {
      EXPECT_TRUE(server_.EverHeld(content)) << path << ": " << content;
      if (fresh.empty() || content != fresh) continue;
      EXPECT_TRUE(
          std::any_of(live.begin(), live.end(),
                      [&](const auto& entry) { return absl::StrContains(entry.second, fresh); }))
          << "edit lost: " << fresh;
    }
  }

 private:
  Ids ids_;
  Server server_;
  Device one_;
  Device two_;
};

std::string Listing(const std::map<std::string, std::string>& tree) {
  std::string text;
  for (const auto& [path, content] : tree) absl::StrAppend(&text, "  ", path, " = ", content, "\n");
  return text;
}

void Compare(World& world, const Operation& first, const Operation& second, int flavour) {
  ASSERT_GE(world.Settle(), 0) << world.failure();
  const std::string mine = flavour % 2 == 0 ? "mine!!" : "mine!!!";
  const std::string yours = "yours!";  // As long as the even flavour of mine.
  if (!first.run(world.one().disk(), mine) || !second.run(world.two().disk(), yours)) return;
  const auto had_one = world.one().disk().Tree();
  const auto had_two = world.two().disk().Tree();
  SCOPED_TRACE(absl::StrCat(first.name, " | ", second.name));
  ASSERT_GE(world.Settle(), 0) << world.failure() << "\n"
                               << Listing(world.server().Tree()) << "one\n"
                               << Listing(world.one().disk().Tree()) << "two\n"
                               << Listing(world.two().disk().Tree());
  world.ExpectAgreement();
  world.ExpectKept(had_one, mine);
  world.ExpectKept(had_two, yours);
}

// How often the two merged contents.
size_t RunPair(const Operation& first, const Operation& second, int flavour, bool merging = false) {
  World world;
  if (merging) world.StartMerging();
  Compare(world, first, second, flavour);
  return world.merged();
}

TEST(ConvergenceTest, EveryPairOfConcurrentOperationsConvergesAndLosesNothing) {  // R21
  const std::vector<Operation> operations = AllOperations();
  for (const Operation& first : operations) {
    for (const Operation& second : operations) {
      RunPair(first, second, 0);
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(ConvergenceTest, EveryPairConvergesAndLosesNothingWhenContentsAreMerged) {  // R21
  const std::vector<Operation> operations = AllOperations();
  size_t merged = 0;
  const auto writes = [](const Operation& operation) {
    return absl::StartsWith(operation.name, "write") || absl::StartsWith(operation.name, "save");
  };
  for (const Operation& first : operations) {
    for (const Operation& second : operations) {
      if (!writes(second)) continue;  // Nothing to merge; the test above has those.
      merged += RunPair(first, second, 0, /*merging=*/true);
      if (testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GT(merged, 10u);  // Or nothing was tried.
}

TEST(ConvergenceTest, SequencesOfConcurrentOperationsConverge) {  // R21
  const std::vector<Operation> operations = AllOperations();
  uint64_t state = 20240607;
  RecordProperty("seed", std::to_string(state));
  auto random = [&state](size_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<size_t>((state >> 33) % bound);
  };
  for (int run = 0; run < 3000; ++run) {
    World world;
    if (run % 2 == 1) world.StartMerging();
    ASSERT_GE(world.Settle(), 0);
    std::string trace = absl::StrCat("run ", run, ":");
    for (int phase = 0; phase < 3; ++phase) {
      for (int i = 0; i < 6; ++i) {
        const Operation& operation = operations[random(operations.size())];
        Device& device = i % 2 == 0 ? world.one() : world.two();
        const std::string fresh = absl::StrCat("fresh ", phase, i, random(2) ? "-" : "");
        if (operation.run(device.disk(), fresh)) {
          absl::StrAppend(&trace, i % 2 == 0 ? " 1:" : " 2:", operation.name, ";");
        }
      }
      const auto had_one = world.one().disk().Tree();
      const auto had_two = world.two().disk().Tree();
      SCOPED_TRACE(trace);
      ASSERT_GE(world.Settle(), 0) << world.failure() << "\n" << Listing(world.server().Tree());
      world.ExpectAgreement();
      world.ExpectKept(had_one, "");
      world.ExpectKept(had_two, "");
      if (testing::Test::HasFailure()) return;
      absl::StrAppend(&trace, " SETTLED ");
    }
  }
}

TEST(ConvergenceTest, FirstSyncWithoutABaseIsTheUnion) {  // R02
  World world;
  ASSERT_GE(world.Settle(), 0);
  world.one().ForgetState();
  world.one().disk().Remove("b");
  world.one().disk().Write("a", "other content");
  world.one().disk().Write("only here", "mine");
  const auto before = world.server().Tree();
  ASSERT_GE(world.Settle(), 0) << world.failure();
  world.ExpectAgreement();
  const auto after = world.server().Tree();
  for (const auto& [path, content] : before) EXPECT_EQ(after.at(path), content);
  EXPECT_EQ(after.at("only here"), "mine");
  EXPECT_EQ(after.size(), before.size() + 2);  // The new file and one conflicted copy.
}

}  // namespace
}  // namespace syncengine
