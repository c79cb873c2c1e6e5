// Every port call fails once, before or after it had its effect: the repository stays sound, and
// the repeated request ends as if nothing had happened.
#include <gtest/gtest.h>

#include <functional>

#include "syncengine/engine/check.h"
#include "syncengine/testing/fault_plan.h"
#include "syncengine/testing/faulty_metadata_store.h"
#include "syncengine/testing/faulty_object_store.h"
#include "tests/engine/engine_fixture.h"

namespace syncengine::testing {
namespace {

// One run of a script of requests over memory stores with faults between.
class FaultyRun {
 public:
  explicit FaultyRun(const FaultyMetadataStore::Options& options)
      : metadata_(stores_.metadata(), plan_, options) {}

  // Runs the script with `fault` ahead; false when it was never reached.
  bool Run(const FaultPlan::Fault& fault) {
    plan_.Arm(fault);
    for (const auto& request : Script()) {
      const absl::Status status = request();
      EXPECT_TRUE(status.ok() || plan_.failures() > 0) << status;
      if (status.ok()) continue;
      plan_.Disarm();
      ExpectSound("after the fault");
      SE_EXPECT_OK(request());
    }
    const bool reached = plan_.failures() > 0;
    plan_.Disarm();
    ExpectSound("in the end");
    ExpectOutcome();
    return reached;
  }
  // Which calls the script made.
  std::vector<std::string> calls() const { return plan_.calls(); }

 private:
  std::vector<std::function<absl::Status()>> Script() {
    return {
        [this]() -> absl::Status {
          auto engine = Engine::Initialise(ports());
          if (absl::IsAlreadyExists(engine.status())) engine = Engine::Open(ports());
          if (!engine.ok()) return engine.status();
          engine_ = *std::move(engine);
          session_ = engine_->OwnerSession();
          return absl::OkStatus();
        },
        [this] {
          return session_->CreateNamespace(client_.Record(), client_.keys().EncodeBundle())
              .status();
        },
        [this]() -> absl::Status {
          SYNCENGINE_ASSIGN_OR_RETURN(upload_, session_->BeginUpload(client_.id(), announced_));
          return absl::OkStatus();
        },
        [this]() -> absl::Status {
          SYNCENGINE_ASSIGN_OR_RETURN(const PutSegmentResult result,
                                      session_->PutSegment(client_.id(), upload_, file_.segment));
          EXPECT_TRUE(result.stored);
          EXPECT_EQ(result.blocks_new, 3u);
          return absl::OkStatus();
        },
        [this]() -> absl::Status {
          SYNCENGINE_ASSIGN_OR_RETURN(const auto missing,
                                      session_->MissingBlocks(client_.id(), upload_, file_.blocks));
          EXPECT_TRUE(missing.empty());
          return absl::OkStatus();
        },
        [this]() -> absl::Status {
          SYNCENGINE_ASSIGN_OR_RETURN(
              const CommitResult result,
              session_->Commit(client_.id(), {.op = op_, .upload = upload_, .changes = {change_}}));
          EXPECT_TRUE(result.committed);
          return absl::OkStatus();
        },
        [this] { return session_->AbortUpload(client_.id(), upload_); },
        [this]() -> absl::Status {
          SYNCENGINE_ASSIGN_OR_RETURN(const ChangesPage page, session_->Changes(client_.id(), {}));
          return session_->AcknowledgeChanges(client_.id(), page.next);
        },
        [this] { return session_->GetFrames(client_.id(), file_.blocks).status(); },
        [this]() -> absl::Status {
          SYNCENGINE_ASSIGN_OR_RETURN(const NewDevice device,
                                      session_->AddDevice("laptop", nonce_));
          return engine_->OpenSession(device.token.bytes()).status();
        },
        [this] { return session_->RevokeDevice("laptop"); },
    };
  }

  void ExpectSound(absl::string_view when) {
    const auto report = CheckRepository(stores_.metadata(), stores_.objects(), {.read_data = true});
    if (GetReason(report.status()) == Reason::kNotInitialised) return;
    ASSERT_TRUE(report.ok()) << report.status();
    for (const CheckProblem& problem : report->problems) {
      ADD_FAILURE() << when << ": " << problem.place << ": " << problem.what;
    }
  }
  void ExpectOutcome() {
    Caller caller(*session_, client_, entropy_);
    std::vector<JournalKind> kinds;
    for (const ChangesEntry& entry : caller.Journal()) kinds.push_back(entry.entry.kind);
    EXPECT_EQ(kinds, (std::vector<JournalKind>{JournalKind::kUploading, JournalKind::kUploading,
                                               JournalKind::kCommitted, JournalKind::kAborted}));
    const auto usage = session_->GetUsage(client_.id());
    ASSERT_TRUE(usage.ok());
    EXPECT_EQ(usage->segments, 1u);
    EXPECT_EQ(usage->blocks, 3u);
    EXPECT_EQ(usage->revisions, 1u);
    EXPECT_EQ(session_->ListDevices()->size(), 1u);
  }

  EnginePorts ports() {
    return {.objects = objects_,
            .metadata = metadata_,
            .notifier = notifier_,
            .clock = clock_,
            .entropy = entropy_,
            .executor = executor_,
            .keys = &keys_};
  }

  FaultPlan plan_;
  MemoryStores stores_;
  FaultyMetadataStore metadata_;
  FaultyObjectStore objects_{stores_.objects(), plan_};
  ManualClock clock_;
  SeededEntropy entropy_{3};
  OpenKeyProvider keys_;
  InProcessNotifier notifier_;
  ThreadPool executor_{1};
  Client client_{entropy_, "main"};
  const SealedFile file_ = client_.TallFile({"left", "right"});
  const OpId op_ = entropy_.NewId<OpId>();
  const OpId nonce_ = entropy_.NewId<OpId>();
  const Change change_{.node = entropy_.NewId<NodeId>(),
                       .state = {.name = "f", .content = file_.content}};
  const UploadRequest announced_{
      .op = entropy_.NewId<OpId>(),
      .announcements = {{.node = change_.node, .name = "f"},
                        {.node = entropy_.NewId<NodeId>(), .name = "never"}}};
  UploadId upload_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Service> session_;
};

void Sweep(const FaultyMetadataStore::Options& options, absl::StatusCode code) {
  int64_t index = 0;
  for (bool reached = true; reached; ++index) {
    SCOPED_TRACE(absl::StrCat("call ", index));
    reached = FaultyRun(options).Run({.index = index, .status = absl::Status(code, "injected")});
  }
  EXPECT_GT(index, 30) << "the script makes fewer calls than it must";
}

TEST(FaultTest, AnyCallThatFailsOnceIsRepeatedWithOneEffect) {
  Sweep({}, absl::StatusCode::kUnavailable);
}

TEST(FaultTest, AnyCallThatHitsAFullDiskOnceIsRepeatedWithOneEffect) {
  Sweep({}, absl::StatusCode::kResourceExhausted);
}

TEST(FaultTest, ClosuresThatRunTwiceHaveOneEffect) {
  Sweep({.rerun_closures = true}, absl::StatusCode::kUnavailable);
}

TEST(FaultTest, ACrashBetweenObjectAndMetadataShowsNothingAndTheRepetitionWorks) {
  MemoryStores stores;
  FaultPlan plan;
  FaultyMetadataStore metadata(stores.metadata(), plan);
  ManualClock clock;
  SeededEntropy entropy(4);
  OpenKeyProvider keys;
  InProcessNotifier notifier;
  ThreadPool executor(1);
  const EnginePorts ports{.objects = stores.objects(),
                          .metadata = metadata,
                          .notifier = notifier,
                          .clock = clock,
                          .entropy = entropy,
                          .executor = executor,
                          .keys = &keys};
  const auto engine = Engine::Initialise(ports).value();
  const auto session = engine->OwnerSession();
  Client client(entropy, "main");
  SE_ASSERT_OK(session->CreateNamespace(client.Record(), client.keys().EncodeBundle()));
  const SealedFile file = client.File({"one"});
  plan.Arm({.only = "Update"});
  SE_EXPECT_CODE(session->PutSegment(client.id(), {}, file.segment), kUnavailable);
  plan.Disarm();
  EXPECT_EQ(stores.objects().List("", "", 10)->entries.size(), 1u);
  SE_ASSERT_OK_AND_ASSIGN(const auto missing, session->MissingBlocks(client.id(), {}, file.blocks));
  EXPECT_EQ(missing, file.blocks);
  SE_ASSERT_OK_AND_ASSIGN(const PutSegmentResult result,
                          session->PutSegment(client.id(), {}, file.segment));
  EXPECT_TRUE(result.stored);
}

}  // namespace
}  // namespace syncengine::testing
