// One scenario of the folder client, run once for every power cut that can interrupt it.
#ifndef SYNCENGINE_TESTS_CRASH_FOLDER_CRASH_H_
#define SYNCENGINE_TESTS_CRASH_FOLDER_CRASH_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "syncengine/testing/power_cuts.h"
#include "syncengine/testing/status_matchers.h"
#include "tests/crash/folder_fork.h"
#include "tests/crash/observed_file_system.h"
#include "tests/crash/state_digest.h"
#include "tests/crash/tally.h"

namespace syncengine::testing {

struct Scenario {
  std::function<void(User&)> base;   // What both have in the beginning.
  std::function<void(User&)> there;  // Done meanwhile by another device.
  std::function<void(User&)> here;   // Done meanwhile by the user of the folder.
  std::function<void(User&)> then;   // Done by the other device after the first sync.
  MemoryFileSystem::Options disk;    // Of the folder.
  uint32_t average_block_bytes = 1024;
};

// Everything at the moment when power goes.
struct Moment {
  ServerState server;
  Rows state;
};

// Runs one scenario and tries power cuts all the way.
class FolderCrash {
 public:
  explicit FolderCrash(const Scenario& scenario) : scenario_(scenario) {
    number_ = Tally::Get().CountScenario();
    Prepare();
    RecordSync();
    if (!scenario_.then || ::testing::Test::HasFailure()) return;
    scenario_.then(user_there_);
    SE_EXPECT_OK(client_there_.SyncUntilIdle("boot 1"));
    Remember(there_);
    RecordSync();
  }

 private:
  static MemoryFileSystem::Options WithPowerCuts(MemoryFileSystem::Options options) {
    options.power_cuts = true;
    return options;
  }

  void Prepare() {
    if (scenario_.base) {
      scenario_.base(user_there_);
      SE_ASSERT_OK(client_there_.SyncUntilIdle("boot 1"));
      SE_ASSERT_OK(ForkClient(server_, here_, state_here_, "here").SyncUntilIdle("boot 1"));
      Remember(there_);
    }
    if (scenario_.there) scenario_.there(user_there_);
    SE_ASSERT_OK(client_there_.SyncUntilIdle("boot 1"));
    Remember(there_);
    if (scenario_.here) scenario_.here(user_here_);
    Remember(here_);
    here_.SyncAll();
    server_.clock.Advance(absl::Seconds(5));
  }

  // Lets the client sync, with a power cut behind everything it does.
  void RecordSync() {
    DryRun();
    if (::testing::Test::HasFailure()) return;
    ObservedFileSystem files(here_);
    ObservedMetadataStore state(state_here_);
    ForkClient client(server_, files, state, "here");
    files.after = [this](absl::string_view call) { CutBehind(call); };
    state.after = [this] { CutBehind("state committed"); };
    server_.metadata.after = [this] { CutBehind("server committed"); };
    SE_EXPECT_OK(client.SyncUntilIdle("boot 1"));
    server_.metadata.after = nullptr;
  }

  Moment Now() { return {server_.Copy(), CopyRows(state_here_)}; }

  void Remember(MemoryFileSystem& disk) {
    for (const auto& [path, content] : TreeOf(disk)) known_.insert(WithoutMode(content));
  }

  // What comes of it when nothing goes wrong.
  void DryRun() {
    const Moment now = Now();
    ForkServer server(now.server, 12);
    MemoryMetadataStore state;
    PutRows(now.state, state);
    const auto disk = here_.AfterPowerCut(KeepUnsynced);
    SE_ASSERT_OK(ForkClient(server, *disk, state, "here").SyncUntilIdle("boot 1"));
    expected_ = TreeOf(*disk);
    for (const auto& [path, content] : expected_) {
      EXPECT_TRUE(known_.contains(WithoutMode(content))) << path << " came out of nowhere";
    }
  }

  // What must come of a state: the same when it was found again in this scenario.
  uint64_t Expectation(const Moment& moment, bool second) const {
    return absl::HashOf(number_, expected_, DigestOf(moment.server.rows), second);
  }

  void CutBehind(absl::string_view call) {
    Tally& tally = Tally::Get();
    tally.CountOperation(call);
    ++point_;
    const Moment now = Now();
    const uint64_t state_digest = DigestOf(now.state);
    ForEachPowerCut(here_, tally.states_per_point(), point_ * 1'000'003,
                    [&](std::unique_ptr<MemoryFileSystem> disk) {
                      if (::testing::Test::HasFailure()) return;
                      const uint64_t digest = DigestOf({DigestOf(*disk), state_digest});
                      if (!tally.CountState(digest, Expectation(now, false))) return;
                      SCOPED_TRACE(absl::StrCat("power cut ", point_, " behind ", call));
                      ++looked_;
                      if (looked_ % 23 == 0) CutAgain(now, *disk);
                      ExpectRecovery(now, *disk, false);
                    });
  }

  // Power fails once more while the client recovers; `every` chooses the calls.
  void CutAgain(const Moment& moment, const MemoryFileSystem& found) {
    const auto disk = found.AfterPowerCut(KeepUnsynced);
    ForkServer server(moment.server, 13);
    server.clock.Advance(absl::Minutes(2));
    MemoryMetadataStore state;
    PutRows(moment.state, state);
    ObservedFileSystem files(*disk);
    ForkClient client(server, files, state, "here");
    int64_t call_number = 0;
    files.after = [&](absl::string_view) {
      if (++call_number % 3 != static_cast<int64_t>(looked_ % 3)) return;
      ForEachPowerCut(*disk, 3, looked_, [&](std::unique_ptr<MemoryFileSystem> again) {
        if (::testing::Test::HasFailure()) return;
        Tally::Get().CountSecondCrash();
        const Moment now = {server.Copy(), CopyRows(state)};
        const uint64_t digest = DigestOf({DigestOf(*again), DigestOf(now.state)});
        if (!Tally::Get().CountState(digest, Expectation(now, true))) return;
        ExpectRecovery(now, *again, true);
      });
    };
    SE_EXPECT_OK(client.SyncUntilIdle("boot 2"));
  }

  void ExpectRecovery(const Moment& moment, MemoryFileSystem& disk, bool second) {
    ExpectWhole(TreeOf(disk), "found after the power cut");
    ForkServer server(moment.server, 1000 + looked_);
    server.clock.Advance(absl::Minutes(3));
    MemoryMetadataStore state;
    PutRows(moment.state, state);
    ForkClient client(server, disk, state, "here");
    SE_EXPECT_OK(client.SyncUntilIdle(second ? "boot 3" : "boot 2"));
    const Tree tree = TreeOf(disk);
    EXPECT_TRUE(disk.List(".syncengine/tmp")->empty());
    MemoryFileSystem fresh(server.clock);
    MemoryMetadataStore fresh_state;
    ForkClient witness(server, fresh, fresh_state, "witness");
    SE_EXPECT_OK(witness.SyncUntilIdle("boot 1"));
    EXPECT_TRUE(TreeOf(fresh) == tree) << "the folder and the server disagree:\n"
                                       << Describe(tree) << "against\n"
                                       << Describe(TreeOf(fresh));
    ExpectWhole(tree, "in the end");
    ExpectNothingLost(tree);
  }

  // One side's mode may come together with the other's content.
  static std::string WithoutMode(const std::string& content) {
    if (!absl::StartsWith(content, "program ")) return content;
    return absl::StrCat("file ", content.substr(8));
  }

  void ExpectWhole(const Tree& tree, absl::string_view when) {
    for (const auto& [path, content] : tree) {
      EXPECT_TRUE(known_.contains(WithoutMode(content)))
          << when << ": " << path
          << " has a content that nobody wrote: " << absl::CHexEscape(content.substr(0, 60));
    }
  }

  void ExpectNothingLost(const Tree& tree) {
    std::multiset<std::string> contents;
    for (const auto& [path, content] : tree) contents.insert(content);
    for (const auto& [path, content] : expected_) {
      const auto found = contents.find(content);
      if (found == contents.end()) {
        ADD_FAILURE() << "lost: " << path << ": " << absl::CHexEscape(content.substr(0, 60))
                      << "\nthere is\n"
                      << Describe(tree);
        continue;
      }
      contents.erase(found);
    }
    // What was cut short may end as a conflict, but nothing comes back that was deleted.
    EXPECT_LE(contents.size(), CountConflicts(tree)) << "expected\n"
                                                     << Describe(expected_) << "there is\n"
                                                     << Describe(tree);
  }

  static size_t CountConflicts(const Tree& tree) {
    size_t count = 0;
    for (const auto& [path, content] : tree) count += absl::StrContains(path, " (conflict ");
    return count;
  }

  static std::string Describe(const Tree& tree) {
    std::string text;
    for (const auto& [path, content] : tree) {
      absl::StrAppend(&text, "  ", path, ": ", absl::CHexEscape(content.substr(0, 30)), " (",
                      content.size(), ")\n");
    }
    return text;
  }

  const Scenario scenario_;
  ForkServer server_{11, scenario_.average_block_bytes};
  MemoryFileSystem there_{server_.clock, {.power_cuts = true}};
  MemoryFileSystem here_{server_.clock, WithPowerCuts(scenario_.disk)};
  MemoryMetadataStore state_there_;
  MemoryMetadataStore state_here_;
  User user_there_{server_.clock, there_};
  User user_here_{server_.clock, here_};
  ForkClient client_there_{server_, there_, state_there_, "there"};
  std::set<std::string> known_;  // All that anybody ever wrote.
  Tree expected_;
  int64_t number_ = 0;
  uint64_t point_ = 0;
  uint64_t looked_ = 0;
};

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTS_CRASH_FOLDER_CRASH_H_
