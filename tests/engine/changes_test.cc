// Following the journal: pages, cursors, waiting.
#include <gtest/gtest.h>

#include <functional>

#include "src/engine/keys.h"
#include "src/engine/rows.h"
#include "syncengine/testing/manual_executor.h"
#include "tests/engine/engine_fixture.h"

namespace syncengine::testing {
namespace {

template <typename Stores>
using ChangesTest = EngineFixture<Stores>;
TYPED_TEST_SUITE(ChangesTest, AllStores);

TYPED_TEST(ChangesTest, PagesGiveEveryChangeOnceInOrderWithoutAGap) {
  Caller caller = this->caller();
  for (int i = 0; i < 7; ++i) {
    caller.Create(Caller::EmptyFile(caller.NewNode(), kRootNode, absl::StrCat("f", i)));
  }
  ChangesRequest request{.limit = 3};
  std::vector<uint64_t> sequences;
  for (;;) {
    SE_ASSERT_OK_AND_ASSIGN(const ChangesPage page, this->session_->Changes(this->ns(), request));
    EXPECT_EQ(page.head, 7u);
    for (const ChangesEntry& entry : page.entries) {
      sequences.push_back(entry.entry.sequence);
      ASSERT_TRUE(entry.revision.has_value());
      EXPECT_EQ(entry.path, "/" + entry.revision->state.name);
    }
    request.after = page.next;
    if (page.next.sequence == page.head) break;
  }
  EXPECT_EQ(sequences, (std::vector<uint64_t>{1, 2, 3, 4, 5, 6, 7}));
}

TYPED_TEST(ChangesTest, PathsAreThoseOfNowAlsoBelowMovedAndDeletedDirectories) {
  Caller caller = this->caller();
  const Revision directory = caller.Create(Caller::Directory(caller.NewNode(), kRootNode, "old"));
  const Revision file = caller.Create(Caller::EmptyFile(caller.NewNode(), directory.node, "f"));
  ASSERT_TRUE(caller.Commit({Caller::Move(directory, kRootNode, "new")}).committed);
  EXPECT_EQ(caller.Journal()[1].path, "/new/f");
  ASSERT_TRUE(caller.Commit({Caller::Deletion(file), Caller::Deletion(caller.Head(directory.node))})
                  .committed);
  EXPECT_EQ(caller.Journal()[1].path, "/new/f");
}

TYPED_TEST(ChangesTest, ACursorOfAnotherHistoryOrFromTheFutureIsRefused) {
  Caller caller = this->caller();
  caller.Create(Caller::EmptyFile(caller.NewNode(), kRootNode, "f"));
  SE_ASSERT_OK_AND_ASSIGN(const ChangesPage page, this->session_->Changes(this->ns(), {}));
  Cursor future = page.next;
  ++future.sequence;
  SE_EXPECT_REASON(this->session_->Changes(this->ns(), {.after = future}), Reason::kHistoryChanged);
  SE_EXPECT_REASON(this->session_->AcknowledgeChanges(this->ns(), future), Reason::kHistoryChanged);
  SE_ASSERT_OK(this->engine_->StartNewHistories());
  SE_EXPECT_REASON(this->session_->Changes(this->ns(), {.after = page.next}),
                   Reason::kHistoryChanged);
  SE_ASSERT_OK_AND_ASSIGN(const ChangesPage anew, this->session_->Changes(this->ns(), {}));
  EXPECT_EQ(anew.entries.size(), 1u);
}

TYPED_TEST(ChangesTest, ACursorBeforeTheKeptJournalIsExpired) {
  Caller caller = this->caller();
  for (const char* name : {"a", "b", "c"}) {
    caller.Create(Caller::EmptyFile(caller.NewNode(), kRootNode, name));
  }
  Cursor cursor;
  SE_ASSERT_OK(this->stores_.metadata().Update(
      engine::NamespacePartition(this->ns()), [&](MetadataWriter& rows) -> absl::Status {
        auto head = *engine::ReadRow<engine::HeadRow>(rows, engine::HeadKey());
        cursor = {.history = head->history, .sequence = 1};
        head->first_sequence = 3;
        return rows.Put(engine::HeadKey(), EncodeRow(*head));
      }));
  SE_EXPECT_REASON(this->session_->Changes(this->ns(), {.after = cursor}), Reason::kCursorExpired);
  SE_EXPECT_REASON(this->session_->Changes(this->ns(), {}), Reason::kCursorExpired);
  cursor.sequence = 2;
  SE_EXPECT_OK(this->session_->Changes(this->ns(), {.after = cursor}));
}

// A notifier that runs `on_subscribe` when somebody subscribes, and may lose all hints.
class ScriptedNotifier final : public Notifier {
 public:
  void Publish(const NamespaceId& id) override {
    if (!deaf) base.Publish(id);
  }
  std::unique_ptr<Subscription> Subscribe(const NamespaceId& id,
                                          std::function<void()> callback) override {
    auto subscription = base.Subscribe(id, std::move(callback));
    if (on_subscribe) on_subscribe();
    return subscription;
  }

  InProcessNotifier base;
  bool deaf = false;
  std::function<void()> on_subscribe;
};

// Waiting on one thread: what happens meanwhile is a scheduled task, and waits move the clock.
class WaitChangesTest : public EngineFixture<MemoryStores> {
 protected:
  WaitChangesTest() {
    EnginePorts manual = ports();
    engine_two_ = Engine::Open({.objects = manual.objects,
                                .metadata = manual.metadata,
                                .notifier = scripted_,
                                .clock = clock_,
                                .entropy = entropy_,
                                .executor = manual_,
                                .keys = manual.keys})
                      .value();
    waiter_ = engine_two_->OwnerSession();
    cursor_ = session_->Changes(ns(), {}).value().next;
  }
  void CommitOne() {
    Caller caller(*waiter_, client_, entropy_);
    caller.Create(Caller::EmptyFile(caller.NewNode(), kRootNode, "f"));
  }
  absl::StatusOr<ChangesPage> Wait(Service& service, absl::Duration timeout,
                                   std::stop_token stop = {}) {
    return service.WaitChanges(ns(), {.after = cursor_}, timeout, stop);
  }

  ScriptedNotifier scripted_;
  ManualExecutor manual_{&clock_};
  std::unique_ptr<Engine> engine_two_;
  std::unique_ptr<Service> waiter_;
  Cursor cursor_;
  const absl::Duration start_ = clock_.Monotonic();
};

TEST_F(WaitChangesTest, ACommitWakesAWaiterAtOnce) {
  manual_.Schedule([this] { CommitOne(); });
  SE_ASSERT_OK_AND_ASSIGN(const ChangesPage page, Wait(*waiter_, absl::Seconds(60)));
  EXPECT_EQ(page.entries.size(), 1u);
  EXPECT_EQ(clock_.Monotonic() - start_, absl::ZeroDuration());
}

TEST_F(WaitChangesTest, ACommitBetweenSubscribingAndReadingIsNotLost) {
  scripted_.deaf = true;
  scripted_.on_subscribe = [this] { CommitOne(); };
  SE_ASSERT_OK_AND_ASSIGN(const ChangesPage page, Wait(*waiter_, absl::Seconds(60)));
  EXPECT_EQ(page.entries.size(), 1u);
  EXPECT_EQ(clock_.Monotonic() - start_, absl::ZeroDuration());
}

TEST_F(WaitChangesTest, ACommitWithoutAHintIsSeenWithinASecond) {
  scripted_.deaf = true;
  manual_.Schedule([this] { CommitOne(); });
  SE_ASSERT_OK_AND_ASSIGN(const ChangesPage page, Wait(*waiter_, absl::Seconds(60)));
  EXPECT_EQ(page.entries.size(), 1u);
  EXPECT_LE(clock_.Monotonic() - start_, absl::Seconds(1));
}

TEST_F(WaitChangesTest, AnUneventfulWaitEndsEmptyAtItsTimeout) {
  SE_ASSERT_OK_AND_ASSIGN(const ChangesPage page, Wait(*waiter_, absl::Milliseconds(2500)));
  EXPECT_TRUE(page.entries.empty());
  EXPECT_EQ(page.next, cursor_);
  EXPECT_EQ(clock_.Monotonic() - start_, absl::Milliseconds(2500));
}

TEST_F(WaitChangesTest, WhatIsThereAlreadyIsNotWaitedFor) {
  CommitOne();
  SE_ASSERT_OK_AND_ASSIGN(const ChangesPage page, Wait(*waiter_, absl::Seconds(60)));
  EXPECT_EQ(page.entries.size(), 1u);
  EXPECT_EQ(clock_.Monotonic() - start_, absl::ZeroDuration());
}

TEST_F(WaitChangesTest, AStopEndsTheWaitAtOnce) {
  std::stop_source stop;
  manual_.Schedule([&stop] { stop.request_stop(); });
  SE_EXPECT_CODE(Wait(*waiter_, absl::Seconds(60), stop.get_token()), kCancelled);
  EXPECT_EQ(clock_.Monotonic() - start_, absl::ZeroDuration());
}

TEST_F(WaitChangesTest, ARevokedDevicesParkedWaitEndsWithinASecond) {
  SE_ASSERT_OK_AND_ASSIGN(const NewDevice device,
                          session_->AddDevice("laptop", entropy_.NewId<OpId>()));
  SE_ASSERT_OK_AND_ASSIGN(const auto parked, engine_two_->OpenSession(device.token.bytes()));
  manual_.Schedule([this] { SE_EXPECT_OK(session_->RevokeDevice("laptop")); });
  SE_EXPECT_REASON(Wait(*parked, absl::Seconds(60)), Reason::kBadToken);
  EXPECT_LE(clock_.Monotonic() - start_, absl::Seconds(1));
}

TEST_F(WaitChangesTest, AWaitLongerThanTheLimitIsRefused) {
  SE_EXPECT_CODE(Wait(*waiter_, absl::Seconds(301)), kInvalidArgument);
}

}  // namespace
}  // namespace syncengine::testing
