// Every call to a disk and every request fails, once or from then on, while folders are synced,
// trees fetched and the repository checked: errors are clear, no wrong byte appears, and when the
// fault is gone everything ends as if it had never been.
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/stores/posix_error.h"
#include "syncengine/engine/check.h"
#include "syncengine/http/client.h"
#include "syncengine/http/handler.h"
#include "syncengine/http/loopback_transport.h"
#include "syncengine/stores/local_object_store.h"
#include "syncengine/testing/fault_plan.h"
#include "syncengine/testing/faulty_file_system.h"
#include "syncengine/testing/status_matchers.h"
#include "syncengine/transfer/get_tree.h"
#include "tests/crash/folder_fork.h"
#include "tests/crash/tally.h"

namespace syncengine::testing {
namespace {

// Loses requests on their way there ("Request") or answers on their way back ("Answer").
class FaultyTransport final : public HttpTransport {
 public:
  FaultyTransport(HttpTransport& base, FaultPlan& plan) : base_(base), plan_(plan) {}

  absl::StatusOr<HttpResponse> Call(const HttpRequest& request,
                                    const HttpCallOptions& options) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("Request"));
    auto response = base_.Call(request, options);
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("Answer"));
    return response;
  }
  uint64_t sent_bytes() const override { return base_.sent_bytes(); }
  uint64_t received_bytes() const override { return base_.received_bytes(); }

 private:
  HttpTransport& base_;
  FaultPlan& plan_;
};

// A repository on a disk, served over HTTP to one folder on another disk.
class SweepWorld {
 public:
  SweepWorld() {
    OpenServer();
    const auto owner = engine_->OwnerSession();
    SE_EXPECT_OK(CreateNamespace(*owner, {.average_block_bytes = 1024}, nullptr, entropy_));
    const NewDevice device = owner->AddDevice("here", entropy_.NewId<OpId>()).value();
    token_ = std::string(device.token.bytes());
    OpenServer();
    Prepare();
  }

  FaultPlan server_faults;
  FaultPlan client_faults;
  FaultPlan wire_faults;

  // What a user and an operator do; each step may fail with a clear error and no other way.
  void WorkUnderFaults() {
    for (int i = 0; i < 2; ++i) {
      const auto report = Sync();
      ExpectClear(report.status());
      ExpectWhole();
    }
    ExpectClear(Fetch(client_files_));
    if (objects_ != nullptr) ExpectClear(CheckRepository(metadata_, *objects_).status());
    ExpectWhole();
  }

  // Everything is started anew without faults.
  void ExpectRecovery() {
    objects_.reset();
    OpenServer();
    clock_.Advance(absl::Minutes(2));
    absl::StatusOr<SyncReport> report = absl::UnknownError("not yet");
    for (int i = 0; i < 6; ++i) {
      report = Sync();
      SE_ASSERT_OK(report);
      if (report->idle && report->issues.empty()) break;
      clock_.Advance(absl::Seconds(1));
    }
    EXPECT_TRUE(report->idle);
    for (const Issue& issue : report->issues) ADD_FAILURE() << issue.path << ": " << issue.cause;
    ExpectWhole();
    const Tree tree = TreeOf(here_);
    std::multiset<std::string> contents;
    for (const auto& [path, content] : tree) contents.insert(content);
    for (const char* content :
         {"file edited there", "file edited here", "file new here", "file new there",
          "file both: here", "file both: there", "file base of moved", "file base of six"}) {
      EXPECT_TRUE(contents.contains(content)) << "lost: " << content;
    }
    EXPECT_FALSE(contents.contains("file base of gone")) << "came back";
    EXPECT_TRUE(here_.List(".syncengine/tmp")->empty());
    MemoryFileSystem out(clock_);
    SE_EXPECT_OK(Fetch(out));
    EXPECT_EQ(TreeOf(out), tree);
    const auto check = CheckRepository(metadata_, *objects_, {.read_data = true});
    SE_ASSERT_OK(check);
    EXPECT_TRUE(check->clean()) << check->problems[0].place << ": " << check->problems[0].what;
  }

 private:
  void OpenServer() {
    engine_.reset();
    auto objects = LocalObjectStore::Open(server_files_, entropy_);
    SE_ASSERT_OK(objects);
    objects_ = *std::move(objects);
    const EnginePorts ports{*objects_, metadata_, notifier_, clock_, entropy_, executor_, &keys_};
    auto engine = Engine::Open(ports);
    if (GetReason(engine.status()) == Reason::kNotInitialised) engine = Engine::Initialise(ports);
    SE_ASSERT_OK(engine);
    engine_ = *std::move(engine);
    handler_ = std::make_unique<http::Handler>(*engine_);
    loopback_ = std::make_unique<http::LoopbackTransport>(*handler_, executor_);
    transport_ = std::make_unique<FaultyTransport>(*loopback_, wire_faults);
    service_ = std::make_unique<http::Client>(*transport_, Secret(token_),
                                              http::ClientPorts{executor_, clock_, entropy_});
  }

  void Prepare() {
    MemoryFileSystem there(clock_);
    MemoryMetadataStore there_state;
    const auto owner = engine_->OwnerSession();
    User other(clock_, there);
    other.MakeDirectory("d");
    for (const char* name : {"one", "two", "both", "moved", "gone", "d/six"}) {
      other.Write(name, absl::StrCat("base of ", std::string(name).substr(name[1] == '/' ? 2 : 0)));
    }
    SE_ASSERT_OK(SyncOther(*owner, there, there_state));
    known_ = {};
    Remember(there);
    SE_ASSERT_OK(Sync());
    other.Write("one", "edited there");
    other.Write("both", "both: there");
    other.Write("d/new there", "new there");
    other.Rename("moved", "d/moved");
    other.Remove("gone");
    other.MakeSymlink("link", "one");
    other.Write("large", std::string(9000, 'l'));
    SE_ASSERT_OK(SyncOther(*owner, there, there_state));
    Remember(there);
    User user(clock_, here_);
    user.Write("two", "edited here");
    user.Write("both", "both: here");
    user.Write("new here", "new here");
    user.Write("large here", std::string(20'000, 'h'));
    Remember(here_);
  }

  absl::Status SyncOther(Service& service, FileSystem& files, MetadataStore& state) {
    SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened,
                                OpenNamespace(service, "main", nullptr, entropy_));
    SYNCENGINE_ASSIGN_OR_RETURN(const auto client, FolderClient::Open({.files = files,
                                                                       .state = state,
                                                                       .opened = opened,
                                                                       .executor = executor_,
                                                                       .entropy = entropy_,
                                                                       .clock = clock_,
                                                                       .device = "there"}));
    return client->SyncOnce().status();
  }

  absl::StatusOr<SyncReport> Sync() {
    SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened,
                                OpenNamespace(*service_, "main", nullptr, entropy_));
    SYNCENGINE_ASSIGN_OR_RETURN(const auto client, FolderClient::Open({.files = client_files_,
                                                                       .state = state_,
                                                                       .opened = opened,
                                                                       .executor = executor_,
                                                                       .entropy = entropy_,
                                                                       .clock = clock_,
                                                                       .device = "here"}));
    auto report = client->SyncOnce();
    if (report.ok()) {
      for (const Issue& issue : report->issues) EXPECT_FALSE(issue.cause.empty()) << issue.path;
    }
    return report;
  }

  // The whole namespace into "fetched" of `files`, or into its root.
  absl::Status Fetch(FileSystem& files) {
    SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened,
                                OpenNamespace(*service_, "main", nullptr, entropy_));
    SYNCENGINE_ASSIGN_OR_RETURN(const Revision root,
                                opened.service->Stat(opened.record.id, {.path = "/"}));
    SYNCENGINE_ASSIGN_OR_RETURN(std::vector<GetEntry> entries, ListTree(opened, root));
    const std::string local = &files == &client_files_ ? ".syncengine/fetched" : "";
    SYNCENGINE_ASSIGN_OR_RETURN(
        const GetTreeReport report,
        GetTree({files, opened, executor_, entropy_}, std::move(entries), local));
    if (!report.issues.empty()) return report.issues[0].cause;
    return absl::OkStatus();
  }

  void Remember(MemoryFileSystem& disk) {
    for (const auto& [path, content] : TreeOf(disk)) known_.insert(content);
  }
  void ExpectWhole() {
    for (const auto& [path, content] : TreeOf(here_)) {
      EXPECT_TRUE(known_.contains(content)) << path << ": " << content.substr(0, 50);
    }
  }
  static void ExpectClear(const absl::Status& status) {
    if (status.ok()) return;
    EXPECT_GT(status.message().size(), 10u) << status;
    EXPECT_FALSE(absl::IsInternal(status) || absl::IsUnknown(status)) << status;
  }

  ManualClock clock_;
  ManualExecutor executor_{&clock_};
  SeededEntropy entropy_{21};
  PlainKeyProvider keys_;
  InProcessNotifier notifier_;
  MemoryFileSystem server_disk_{clock_};
  FaultyFileSystem server_files_{server_disk_, server_faults};
  std::unique_ptr<ObjectStore> objects_;
  MemoryMetadataStore metadata_;
  std::unique_ptr<Engine> engine_;
  std::string token_;
  std::unique_ptr<http::Handler> handler_;
  std::unique_ptr<http::LoopbackTransport> loopback_;
  std::unique_ptr<FaultyTransport> transport_;
  std::unique_ptr<http::Client> service_;
  MemoryFileSystem here_{clock_};
  FaultyFileSystem client_files_{here_, client_faults};
  MemoryMetadataStore state_;
  std::set<std::string> known_;
};

// Fails every call of one kind in turn, each in a world of its own.
void Sweep(FaultPlan SweepWorld::*plan, FaultPlan::Fault fault) {
  Tally& tally = Tally::Get();
  for (;; fault.index += tally.fault_stride()) {
    SCOPED_TRACE(absl::StrCat("call ", fault.index, fault.forever ? " and all later" : "", ": ",
                              fault.status.message(), " ", fault.only));
    SweepWorld world;
    (world.*plan).Arm(fault);
    world.WorkUnderFaults();
    const bool reached = (world.*plan).failures() > 0;
    (world.*plan).Disarm();
    if (!reached) return;
    tally.CountFaultRun();
    world.ExpectRecovery();
    if (::testing::Test::HasFailure()) return;
  }
}

class FaultSweepTest : public ::testing::TestWithParam<int> {
 protected:
  void SweepDisk(FaultPlan SweepWorld::*plan) {
    const int error = GetParam();
    for (const bool forever : {false, true}) {
      // Different errors begin at different calls, so that even a quick sweep meets many.
      Sweep(plan, {.index = error % Tally::Get().fault_stride(),
                   .status = stores::PosixError(error, "injected", "fault"),
                   .forever = forever});
    }
  }
};

TEST_P(FaultSweepTest, ServersDisk) { SweepDisk(&SweepWorld::server_faults); }
TEST_P(FaultSweepTest, ClientsDisk) { SweepDisk(&SweepWorld::client_faults); }

INSTANTIATE_TEST_SUITE_P(Errors, FaultSweepTest,
                         ::testing::Values(EIO, ENOSPC, EDQUOT, EMFILE, EINTR, EACCES, EROFS, EBUSY,
                                           ENOMEM, ESTALE),
                         [](const auto& error) { return strerrorname_np(error.param); });

TEST(WireSweepTest, AnyRequestIsLostOnItsWayThereOrBack) {
  for (const char* way : {"Request", "Answer"}) {
    for (const bool forever : {false, true}) {
      for (const absl::Status& status : {absl::UnavailableError("the connection was reset"),
                                         absl::DeadlineExceededError("the request timed out")}) {
        Sweep(&SweepWorld::wire_faults, {.status = status, .forever = forever, .only = way});
      }
    }
  }
}

}  // namespace
}  // namespace syncengine::testing
