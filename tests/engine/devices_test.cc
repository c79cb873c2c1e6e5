// Repositories, namespaces, devices and what each may do.
#include <gtest/gtest.h>

#include "src/engine/keys.h"
#include "src/engine/rows.h"
#include "tests/engine/engine_fixture.h"

namespace syncengine::testing {
namespace {

template <typename Stores>
using DevicesTest = EngineFixture<Stores>;
TYPED_TEST_SUITE(DevicesTest, AllStores);

TYPED_TEST(DevicesTest, ATokenOpensASessionThatMayDoEverythingButManageDevices) {
  SE_ASSERT_OK_AND_ASSIGN(const NewDevice device,
                          this->session_->AddDevice("laptop", this->caller().NewOp()));
  SE_ASSERT_OK_AND_ASSIGN(const auto session, this->engine_->OpenSession(device.token.bytes()));
  Caller caller(*session, this->client_, this->entropy_);
  const Revision file = caller.Create(Caller::EmptyFile(caller.NewNode(), kRootNode, "f"));
  EXPECT_EQ(file.device, device.id);
  SE_EXPECT_OK(session->ListNamespaces());
  SE_EXPECT_OK(session->FetchKeys(this->ns()));
  SE_EXPECT_REASON(session->AddDevice("phone", caller.NewOp()), Reason::kNotAllowed);
  SE_EXPECT_REASON(session->ListDevices(), Reason::kNotAllowed);
  SE_EXPECT_REASON(session->RevokeDevice("laptop"), Reason::kNotAllowed);
}

TYPED_TEST(DevicesTest, UnknownAndMistypedTokensOpenNothing) {
  SE_ASSERT_OK_AND_ASSIGN(const NewDevice device,
                          this->session_->AddDevice("laptop", this->caller().NewOp()));
  std::string token(device.token.bytes());
  EXPECT_TRUE(token.starts_with("se1_"));
  for (size_t i = 0; i < token.size(); ++i) {
    std::string mistyped = token;
    mistyped[i] = mistyped[i] == 'A' ? 'B' : 'A';
    SE_EXPECT_REASON(this->engine_->OpenSession(mistyped), Reason::kBadToken) << mistyped;
  }
  SE_EXPECT_REASON(this->engine_->OpenSession(""), Reason::kBadToken);
  SE_EXPECT_OK(this->engine_->OpenSession(token));
}

TYPED_TEST(DevicesTest, ARevokedDevicesNextRequestFails) {
  SE_ASSERT_OK_AND_ASSIGN(const NewDevice device,
                          this->session_->AddDevice("laptop", this->caller().NewOp()));
  SE_ASSERT_OK_AND_ASSIGN(const auto session, this->engine_->OpenSession(device.token.bytes()));
  SE_ASSERT_OK(session->Stat(this->ns(), {}));
  SE_ASSERT_OK(this->session_->RevokeDevice("laptop"));
  SE_ASSERT_OK(this->session_->RevokeDevice("laptop"));
  SE_EXPECT_REASON(session->Stat(this->ns(), {}), Reason::kBadToken);
  SE_EXPECT_REASON(this->engine_->OpenSession(device.token.bytes()), Reason::kBadToken);
  SE_EXPECT_CODE(this->session_->RevokeDevice("phone"), kNotFound);
}

TYPED_TEST(DevicesTest, AddingTwiceWithOneNonceGivesOneTokenWhileTheDeviceIsNew) {
  const OpId nonce = this->caller().NewOp();
  SE_ASSERT_OK_AND_ASSIGN(const NewDevice first, this->session_->AddDevice("laptop", nonce));
  this->Reopen();
  SE_ASSERT_OK_AND_ASSIGN(const NewDevice again, this->session_->AddDevice("laptop", nonce));
  EXPECT_EQ(first.id, again.id);
  EXPECT_EQ(first.token.bytes(), again.token.bytes());
  SE_EXPECT_CODE(this->session_->AddDevice("laptop", this->caller().NewOp()), kAlreadyExists);
  this->clock_.Advance(absl::Hours(25));
  SE_EXPECT_CODE(this->session_->AddDevice("laptop", nonce), kAlreadyExists);
  // The name of a revoked device is free.
  SE_ASSERT_OK(this->session_->RevokeDevice("laptop"));
  SE_ASSERT_OK_AND_ASSIGN(const NewDevice next, this->session_->AddDevice("laptop", nonce));
  EXPECT_NE(next.id, first.id);
  SE_EXPECT_OK(this->engine_->OpenSession(next.token.bytes()));
  SE_EXPECT_REASON(this->engine_->OpenSession(first.token.bytes()), Reason::kBadToken);
}

TYPED_TEST(DevicesTest, NoRowHoldsAToken) {
  SE_ASSERT_OK_AND_ASSIGN(const NewDevice device,
                          this->session_->AddDevice("laptop", this->caller().NewOp()));
  const std::string body(device.token.bytes().substr(4, 43));
  SE_ASSERT_OK(this->stores_.metadata().View(
      engine::kRepositoryPartition, [&](MetadataReader& rows) -> absl::Status {
        const auto all = rows.Scan({}).value();
        EXPECT_FALSE(all.empty());
        for (const auto& [key, value] : all) {
          EXPECT_EQ((key + value).find(body), std::string::npos) << key;
        }
        return absl::OkStatus();
      }));
}

TYPED_TEST(DevicesTest, AnAcknowledgedCursorNeverGoesBackAndGivesTheBacklog) {
  SE_ASSERT_OK_AND_ASSIGN(const NewDevice device,
                          this->session_->AddDevice("laptop", this->caller().NewOp()));
  SE_ASSERT_OK_AND_ASSIGN(const auto session, this->engine_->OpenSession(device.token.bytes()));
  Caller caller(*session, this->client_, this->entropy_);
  for (const char* name : {"a", "b", "c"}) {
    caller.Create(Caller::EmptyFile(caller.NewNode(), kRootNode, name));
  }
  SE_ASSERT_OK_AND_ASSIGN(ChangesPage page, session->Changes(this->ns(), {.limit = 2}));
  SE_ASSERT_OK(session->AcknowledgeChanges(this->ns(), page.next));
  Cursor early = page.next;
  early.sequence = 1;
  this->clock_.Advance(absl::Minutes(1));
  SE_ASSERT_OK(session->AcknowledgeChanges(this->ns(), early));
  SE_ASSERT_OK_AND_ASSIGN(const auto devices, this->session_->ListDevices());
  ASSERT_EQ(devices.size(), 1u);
  EXPECT_EQ(devices[0].last_seen, this->clock_.Now());
  ASSERT_EQ(devices[0].places.size(), 1u);
  EXPECT_EQ(devices[0].places[0].cursor, page.next);
  EXPECT_EQ(devices[0].places[0].backlog, 1u);
}

TYPED_TEST(DevicesTest, NamespacesAreCreatedOnceAndKeepTheirKeys) {
  SE_ASSERT_OK_AND_ASSIGN(const auto list, this->session_->ListNamespaces());
  ASSERT_EQ(list.size(), 1u);
  SE_ASSERT_OK_AND_ASSIGN(
      const NamespaceRecord again,
      this->session_->CreateNamespace(this->client_.Record(), this->client_.keys().EncodeBundle()));
  EXPECT_EQ(again.history, list[0].history);
  Client twin(this->entropy_, "main");
  SE_EXPECT_CODE(this->session_->CreateNamespace(twin.Record(), twin.keys().EncodeBundle()),
                 kAlreadyExists);
  NamespaceRecord renamed = this->client_.Record();
  renamed.name = "other";
  SE_EXPECT_CODE(this->session_->CreateNamespace(renamed, this->client_.keys().EncodeBundle()),
                 kAlreadyExists);
  SE_ASSERT_OK_AND_ASSIGN(const Secret bundle, this->session_->FetchKeys(this->ns()));
  EXPECT_EQ(bundle.bytes(), this->client_.keys().EncodeBundle().bytes());
}

TYPED_TEST(DevicesTest, AnEndToEndNamespaceGivesItsSlotsAndNeverTakesKeys) {
  Client client(this->entropy_, "private");
  NamespaceRecord record = client.Record();
  record.key_holder = KeyHolder::kEndToEnd;
  record.chunker_suite = 2;
  SE_EXPECT_CODE(this->session_->CreateNamespace(record, Secret()), kInvalidArgument);
  record.key_slots = {"slot"};
  SE_EXPECT_CODE(this->session_->CreateNamespace(record, client.keys().EncodeBundle()),
                 kInvalidArgument);
  SE_ASSERT_OK(this->session_->CreateNamespace(record, Secret()));
  SE_EXPECT_CODE(this->session_->FetchKeys(record.id), kFailedPrecondition);
  SE_ASSERT_OK_AND_ASSIGN(const auto list, this->session_->ListNamespaces());
  EXPECT_EQ(list[1].key_slots, record.key_slots);
  EXPECT_EQ(list[1].chunker_suite, 2);
}

TYPED_TEST(DevicesTest, MalformedNamespacesAreRefused) {
  Client client(this->entropy_, "fine");
  const auto refused = [&](const NamespaceRecord& record) {
    return HasCode(this->session_->CreateNamespace(record, client.keys().EncodeBundle()).status(),
                   absl::StatusCode::kInvalidArgument);
  };
  for (const char* name : {"", "UPPER", "a/b", "a b"}) {
    NamespaceRecord record = client.Record();
    record.name = name;
    EXPECT_TRUE(refused(record)) << name;
  }
  NamespaceRecord record = client.Record();
  record.average_block_bytes = 1000;
  EXPECT_TRUE(refused(record));
  record = client.Record();
  record.id = this->entropy_.template NewId<NamespaceId>();  // Not the one of the bundle.
  EXPECT_TRUE(refused(record));
}

TYPED_TEST(DevicesTest, ARepositoryIsInitialisedOnceAndANewerOneIsRefused) {
  SE_EXPECT_CODE(Engine::Initialise(this->ports()), kAlreadyExists);
  SE_ASSERT_OK(this->stores_.metadata().Update(
      engine::kRepositoryPartition, [&](MetadataWriter& rows) -> absl::Status {
        std::string format = *rows.Get(engine::FormatKey()).value();
        format[4] = engine::kLayoutVersion + 1;
        return rows.Put(engine::FormatKey(), format);
      }));
  SE_EXPECT_REASON(Engine::Open(this->ports()), Reason::kVersion);
}

TEST(EngineTest, ThereIsNoRepositoryInEmptyStores) {
  MemoryStores stores;
  ManualClock clock;
  SeededEntropy entropy(1);
  InProcessNotifier notifier;
  ThreadPool executor(1);
  SE_EXPECT_REASON(Engine::Open({.objects = stores.objects(),
                                 .metadata = stores.metadata(),
                                 .notifier = notifier,
                                 .clock = clock,
                                 .entropy = entropy,
                                 .executor = executor}),
                   Reason::kNotInitialised);
}

}  // namespace
}  // namespace syncengine::testing
