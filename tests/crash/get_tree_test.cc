// A tree that is fetched over an older one, after power was cut behind every call to the disk: what
// was there before is there, old or new and whole, and fetching again brings the rest.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "syncengine/testing/power_cuts.h"
#include "syncengine/testing/status_matchers.h"
#include "syncengine/transfer/get_tree.h"
#include "tests/crash/folder_fork.h"
#include "tests/crash/observed_file_system.h"
#include "tests/crash/state_digest.h"
#include "tests/crash/tally.h"

namespace syncengine::testing {
namespace {

class GetTreeCrashTest : public ::testing::Test {
 protected:
  GetTreeCrashTest() {
    opened_ = std::make_unique<OpenedNamespace>(
        OpenNamespace(*service_, "main", nullptr, server_.entropy).value());
    User there(server_.clock, there_);
    there.MakeDirectory("d");
    for (const char* name : {"one", "two", "d/three", "new", "d/also new"}) {
      there.Write(name, absl::StrCat(std::string(9000, 'n'), name));
    }
    there.MakeSymlink("link", "one");
    SE_EXPECT_OK(ForkClient(server_, there_, state_, "there").SyncUntilIdle("boot 1"));
    User here(server_.clock, here_);
    here.MakeDirectory("d");
    for (const char* name : {"one", "two", "d/three", "mine"}) {
      here.Write(name, absl::StrCat(std::string(6000, 'o'), name));
    }
    before_ = TreeOf(here_);
    after_ = TreeOf(there_);
    after_["mine"] = before_["mine"];
  }

  absl::Status Get(FileSystem& files) {
    SYNCENGINE_ASSIGN_OR_RETURN(const Revision root,
                                service_->Stat(opened_->record.id, {.path = "/"}));
    SYNCENGINE_ASSIGN_OR_RETURN(std::vector<GetEntry> entries, ListTree(*opened_, root));
    SYNCENGINE_ASSIGN_OR_RETURN(
        const GetTreeReport report,
        GetTree({files, *opened_, server_.executor, server_.entropy}, std::move(entries), ""));
    return report.issues.empty() ? absl::OkStatus() : report.issues[0].cause;
  }

  void CutBehind(absl::string_view call) {
    Tally& tally = Tally::Get();
    tally.CountOperation(call);
    ForEachPowerCut(here_, tally.states_per_point(), ++point_ * 1'000'003,
                    [&](std::unique_ptr<MemoryFileSystem> disk) {
                      if (HasFailure() || !tally.CountState(DigestOf(*disk), 0)) return;
                      SCOPED_TRACE(absl::StrCat("power cut ", point_, " behind ", call));
                      ExpectSound(*disk);
                    });
  }

  void ExpectSound(MemoryFileSystem& disk) {
    Tree found = TreeOf(disk);
    for (const auto& [path, content] : before_) {
      EXPECT_TRUE(found.contains(path)) << path << " is gone";
      EXPECT_TRUE(found[path] == content || found[path] == after_[path]) << path << " is torn";
    }
    SE_EXPECT_OK(Get(disk));
    found = TreeOf(disk);
    for (const auto& [path, content] : after_) EXPECT_EQ(found[path], content) << path;
  }

  ForkServer server_{11};
  std::unique_ptr<Service> service_ = server_.engine().OwnerSession();
  std::unique_ptr<OpenedNamespace> opened_;
  MemoryFileSystem there_{server_.clock, {.power_cuts = true}};
  MemoryFileSystem here_{server_.clock, {.power_cuts = true}};
  MemoryMetadataStore state_;
  Tree before_, after_;
  uint64_t point_ = 0;
};

TEST_F(GetTreeCrashTest, WhatIsReplacedIsOldOrNew) {
  Tally::Get().CountScenario();
  ObservedFileSystem files(here_);
  files.after = [this](absl::string_view call) { CutBehind(call); };
  SE_EXPECT_OK(Get(files));
  EXPECT_EQ(TreeOf(here_), after_);
}

}  // namespace
}  // namespace syncengine::testing
