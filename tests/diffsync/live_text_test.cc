// A link and its hub: what is exchanged, lost, doubled, refused, stored and brought together anew.
#include "syncengine/diffsync/live_text.h"

#include <gtest/gtest.h>

#include <string>

#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/diffsync/live_hub.h"
#include "syncengine/live/line_differ.h"
#include "syncengine/testing/status_matchers.h"
#include "tests/diffsync/generator.h"

namespace syncengine {
namespace {

using diffsync_test::Generator;

LiveText Writer(uint64_t link, absl::string_view text) {
  auto writer = LiveText::Create({.link = link}, text);
  EXPECT_TRUE(writer.ok()) << writer.status();
  return *std::move(writer);
}

LiveHub Hub(absl::string_view text, const LiveHubOptions& options = {.epoch = 9}) {
  auto hub = LiveHub::Create(options, text);
  EXPECT_TRUE(hub.ok()) << hub.status();
  return *std::move(hub);
}

LiveArrival Exchange(LiveText& writer, LiveHub& hub) {
  auto answer = hub.Receive(writer.NextPacket());
  EXPECT_TRUE(answer.ok()) << answer.status();
  auto arrival = writer.Receive(answer->reply);
  EXPECT_TRUE(arrival.ok()) << arrival.status();
  return *std::move(arrival);
}

TEST(LiveTextTest, TwoWritersSeeEachOther) {
  LiveHub hub = Hub("Hello.");
  LiveText a = Writer(1, "Hello."), b = Writer(2, "Hello.");
  Exchange(a, hub);
  Exchange(b, hub);
  SE_ASSERT_OK(a.Splice(5, 0, ", world"));
  SE_ASSERT_OK(b.Splice(0, 5, "Goodbye"));
  Exchange(a, hub);
  const LiveArrival at_b = Exchange(b, hub);
  EXPECT_EQ(at_b.remote, (std::vector<LiveSplice>{{7, 0, ", world"}}));
  Exchange(a, hub);
  EXPECT_EQ(a.Text(), "Goodbye, world.");
  EXPECT_EQ(b.Text(), a.Text());
  EXPECT_EQ(hub.Text(), a.Text());
  EXPECT_EQ(a.Checksum(), hub.Checksum());
}

TEST(LiveTextTest, RunsInsertedAtOnePlaceStayTogether) {
  LiveHub hub = Hub("<>");
  LiveText a = Writer(1, "<>"), b = Writer(2, "<>");
  Exchange(a, hub);
  Exchange(b, hub);
  Generator random(3);
  size_t a_at = 1, b_at = 1;
  const auto type = [&](LiveText& writer, size_t& at, const char* letter) {
    SE_ASSERT_OK(writer.Splice(at++, 0, letter));
    if (random.Percent(40)) at = MapPosition(at, Exchange(writer, hub).remote);
  };
  for (int i = 0; i < 200; ++i) {
    type(a, a_at, "a");
    type(b, b_at, "b");
  }
  Exchange(a, hub);
  Exchange(b, hub);
  Exchange(a, hub);
  EXPECT_EQ(a.Text(), b.Text());
  const std::string all_a(200, 'a'), all_b(200, 'b');
  EXPECT_TRUE(a.Text() == "<" + all_a + all_b + ">" || a.Text() == "<" + all_b + all_a + ">")
      << a.Text();
}

TEST(LiveTextTest, LostDoubledAndLatePacketsChangeNothing) {
  LiveHub hub = Hub("");
  LiveText a = Writer(1, "");
  Exchange(a, hub);
  SE_ASSERT_OK(a.Splice(0, 0, "one"));
  const std::string first = a.NextPacket();
  EXPECT_EQ(a.NextPacket(), first);  // Lost: the same bytes again.
  SE_ASSERT_OK(a.Splice(3, 0, " two"));
  EXPECT_EQ(a.NextPacket(), first);
  SE_ASSERT_OK_AND_ASSIGN(const LiveAnswer answer, hub.Receive(first));
  SE_ASSERT_OK_AND_ASSIGN(const LiveAnswer again, hub.Receive(first));
  EXPECT_EQ(answer.reply, again.reply);
  EXPECT_TRUE(again.applied.empty());
  SE_ASSERT_OK_AND_ASSIGN(const LiveArrival arrival, a.Receive(answer.reply));
  EXPECT_TRUE(arrival.answered);
  SE_ASSERT_OK_AND_ASSIGN(const LiveArrival late, a.Receive(answer.reply));
  EXPECT_FALSE(late.answered);
  Exchange(a, hub);
  SE_ASSERT_OK(hub.Receive(first));
  EXPECT_EQ(hub.Text(), "one two");
  EXPECT_EQ(a.Text(), "one two");
  EXPECT_EQ(hub.resyncs(), 0u);
}

TEST(LiveTextTest, DamagedAndForeignPacketsAreRefusedWithoutAChange) {
  LiveHub hub = Hub("some text");
  LiveText a = Writer(1, "some text");
  Exchange(a, hub);
  SE_ASSERT_OK(a.Splice(4, 0, " more"));
  const std::string packet = a.NextPacket(), hub_before = hub.Snapshot(), a_before = a.Snapshot();
  for (size_t at = 0; at < packet.size(); ++at) {
    for (const int bit : {1, 16, 128}) {
      std::string bad = packet;
      bad[at] = static_cast<char>(bad[at] ^ bit);
      ASSERT_TRUE(absl::IsInvalidArgument(hub.Receive(bad).status())) << at;
      ASSERT_TRUE(absl::IsInvalidArgument(a.Receive(bad).status())) << at;
    }
    ASSERT_FALSE(hub.Receive(packet.substr(0, at)).ok());
  }
  ASSERT_FALSE(a.Receive(packet).ok());
  EXPECT_EQ(hub.Snapshot(), hub_before);
  EXPECT_EQ(a.Snapshot(), a_before);
  SE_ASSERT_OK_AND_ASSIGN(const LiveAnswer answer, hub.Receive(packet));
  EXPECT_FALSE(hub.Receive(answer.reply).ok());
  LiveText b = Writer(2, "");
  b.NextPacket();
  EXPECT_FALSE(b.Receive(answer.reply).ok());
}

// Two texts of which each fits, and both together do not.
TEST(LiveTextTest, EditsThatMakeTheTextTooLongAreTakenBackAndKept) {
  const std::string many(limits::kLiveTextBytesMax / 2, 'a');
  LiveHub hub = Hub("start\n", {.epoch = 9, .log_bytes_max = size_t{64} << 20});
  LiveText a = Writer(1, "start\n"), b = Writer(2, "start\n");
  Exchange(a, hub);
  Exchange(b, hub);
  SE_ASSERT_OK(a.Splice(0, 0, many));
  SE_ASSERT_OK(b.Splice(6, 0, many));
  Exchange(a, hub);
  const std::string packet = b.NextPacket();
  const LiveArrival refused = Exchange(b, hub);
  EXPECT_TRUE(refused.refused);
  EXPECT_EQ(refused.kept, "start\n" + many);
  EXPECT_EQ(refused.remote, (std::vector<LiveSplice>{{6, many.size(), ""}}));
  EXPECT_EQ(b.Text(), "start\n");
  // The same request gets the same answer, also when there would be room.
  SE_ASSERT_OK(a.Splice(0, many.size(), ""));
  Exchange(a, hub);
  SE_ASSERT_OK_AND_ASSIGN(const LiveAnswer late, hub.Receive(packet));
  EXPECT_TRUE(late.applied.empty());
  SE_ASSERT_OK(b.Splice(0, 5, "begin"));
  EXPECT_FALSE(Exchange(b, hub).refused);
  EXPECT_EQ(b.Text(), "begin\n");
  EXPECT_EQ(hub.Text(), b.Text());
  EXPECT_EQ(a.resyncs() + b.resyncs() + hub.resyncs(), 0u);
}

TEST(LiveTextTest, AForgottenLinkWithTooMuchTextIsNotStuck) {
  const std::string many(limits::kLiveTextBytesMax / 2 + 1, 'a'), other(many.size(), 'b');
  LiveHub hub = Hub("");  // Its log is too short for what comes.
  LiveText a = Writer(1, ""), b = Writer(2, "");
  Exchange(a, hub);
  Exchange(b, hub);
  SE_ASSERT_OK(b.Splice(0, 0, other));
  SE_ASSERT_OK(a.Splice(0, 0, many));
  Exchange(a, hub);
  LiveArrival last;
  for (int i = 0; i < 4 && !last.refused; ++i) last = Exchange(b, hub);
  ASSERT_TRUE(last.refused);
  ASSERT_TRUE(last.kept.has_value());
  EXPECT_TRUE(*last.kept == many + other || *last.kept == other + many);
  EXPECT_FALSE(b.HasUnsent());
  EXPECT_EQ(b.Text(), hub.Text());
}

TEST(LiveTextTest, EditsInTooManyPlacesWaitForAnExchange) {
  const size_t places = LiveText::kUnsentRunsMax;
  LiveHub hub = Hub(std::string(places, 'x'));
  LiveText a = Writer(1, hub.Text());
  Exchange(a, hub);
  absl::Status status;
  size_t at = 0;
  for (; at < places && status.ok(); at += 2) status = a.Splice(at, 1, "y");
  SE_EXPECT_CODE(status, kResourceExhausted);
  SE_EXPECT_CODE(a.Replace("all"), kResourceExhausted);
  const LiveText copy = *LiveText::Restore({}, a.Snapshot());
  EXPECT_EQ(copy.Checksum(), a.Checksum());
  Exchange(a, hub);
  EXPECT_EQ(hub.Checksum(), a.Checksum());
  SE_EXPECT_OK(a.Splice(at, 1, "y"));
}

TEST(LiveTextTest, SplicesThatCutACodePointAreRefused) {
  LiveText a = Writer(1, "añb");
  EXPECT_TRUE(absl::IsInvalidArgument(a.Splice(2, 0, "x")));
  EXPECT_TRUE(absl::IsInvalidArgument(a.Splice(0, 2, "")));
  EXPECT_TRUE(absl::IsInvalidArgument(a.Splice(9, 0, "x")));
  EXPECT_TRUE(absl::IsInvalidArgument(a.Splice(0, 0, "\xFF")));
  EXPECT_TRUE(absl::IsInvalidArgument(a.Replace("\xFF")));
  EXPECT_EQ(a.Text(), "añb");
  SE_EXPECT_OK(a.Replace("aèb"));  // Shares a lead byte with what it replaces.
  EXPECT_EQ(a.Text(), "aèb");
}

TEST(LiveTextTest, SnapshotsContinueAndDamagedOnesAreRefused) {
  LiveHub hub = Hub("base");
  LiveText a = Writer(1, "base"), b = Writer(2, "base");
  Exchange(a, hub);
  Exchange(b, hub);
  SE_ASSERT_OK(a.Splice(4, 0, " a"));
  const std::string packet = a.NextPacket();
  SE_ASSERT_OK(a.Splice(0, 0, "new "));
  const std::string bytes = a.Snapshot(), hub_bytes = hub.Snapshot();
  SE_ASSERT_OK_AND_ASSIGN(LiveText again, LiveText::Restore({}, bytes));
  SE_ASSERT_OK_AND_ASSIGN(LiveHub hub_again, LiveHub::Restore({}, hub_bytes));
  EXPECT_EQ(again.Snapshot(), bytes);
  EXPECT_EQ(hub_again.Snapshot(), hub_bytes);
  EXPECT_EQ(again.NextPacket(), packet);
  EXPECT_EQ(again.Text(), "new base a");
  Exchange(again, hub_again);
  Exchange(again, hub_again);
  Exchange(b, hub_again);
  EXPECT_EQ(b.Text(), "new base a");
  EXPECT_EQ(again.resyncs() + b.resyncs() + hub_again.resyncs(), 0u);
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string bad = bytes;
    bad[at] ^= 4;
    ASSERT_FALSE(LiveText::Restore({}, bad).ok()) << at;
  }
  for (size_t at = 0; at < hub_bytes.size(); ++at) {
    ASSERT_FALSE(LiveHub::Restore({}, hub_bytes.substr(0, at)).ok()) << at;
  }
}

TEST(LiveTextTest, AWriterThatComesBackWithAKnownTextGetsEditsOnly) {
  LiveHub hub = Hub(std::string(5000, 'x'));
  LiveText a = Writer(1, hub.Text());
  Exchange(a, hub);
  const std::string old = a.Text();
  SE_ASSERT_OK(a.Splice(0, 0, "new"));
  Exchange(a, hub);
  LiveText b = Writer(2, old);
  SE_ASSERT_OK_AND_ASSIGN(const LiveAnswer answer, hub.Receive(b.NextPacket()));
  EXPECT_LT(answer.reply.size(), 100u);
  SE_ASSERT_OK(b.Receive(answer.reply));
  EXPECT_EQ(b.Text(), a.Text());
}

TEST(LiveTextTest, AForgottenLinkLosesNothing) {
  LiveHub hub = Hub("shared text\n", {.epoch = 9, .log_bytes_max = 2000});
  LiveText a = Writer(1, "shared text\n"), b = Writer(2, "shared text\n");
  Exchange(a, hub);
  Exchange(b, hub);
  SE_ASSERT_OK(b.Splice(0, 0, "offline "));
  for (int i = 0; i < 200; ++i) {
    SE_ASSERT_OK(a.Splice(a.size(), 0, "line\n"));
    Exchange(a, hub);
  }
  EXPECT_EQ(hub.links(), 1u);
  Exchange(b, hub);
  const LiveArrival arrival = Exchange(b, hub);
  EXPECT_EQ(b.resyncs(), 1u);
  EXPECT_EQ(arrival.kept, "offline shared text\n");
  Exchange(b, hub);
  EXPECT_EQ(b.Text(), "offline " + a.Text());
  EXPECT_EQ(hub.Text(), b.Text());
}

// The edits were applied, the reply was lost, and then the hub forgot the link.
TEST(LiveTextTest, EditsThatTheHubHasAreNotDoubledByBringingTogether) {
  LiveHub hub = Hub("text", {.epoch = 9, .log_bytes_max = 500});
  LiveText a = Writer(1, "text"), b = Writer(2, "text");
  Exchange(a, hub);
  Exchange(b, hub);
  SE_ASSERT_OK(b.Splice(4, 0, " of b"));
  SE_ASSERT_OK(hub.Receive(b.NextPacket()));
  for (int i = 0; i < 100; ++i) {
    SE_ASSERT_OK(a.Splice(0, 0, "line\n"));
    Exchange(a, hub);
  }
  for (int i = 0; i < 3; ++i) Exchange(b, hub);
  Exchange(a, hub);
  EXPECT_EQ(b.resyncs(), 1u);
  EXPECT_EQ(b.Text(), a.Text());
  EXPECT_EQ(b.Text().find("of b"), b.Text().rfind("of b"));
}

TEST(LiveTextTest, AHubThatBeganAgainFromWhatItStoredGetsTheRestFromTheWriters) {
  LiveHub hub = Hub("stored");
  const auto writer = [](uint64_t link) {
    return *LiveText::Create({.link = link, .differ = DifferByLines, .merger = MergeByLines},
                             "stored");
  };
  LiveText a = writer(1), b = writer(2);
  Exchange(a, hub);
  Exchange(b, hub);
  SE_ASSERT_OK(a.Splice(6, 0, ", more"));
  Exchange(a, hub);
  hub.MarkDurable(hub.sequence());
  const std::string stored = hub.Text();
  SE_ASSERT_OK(a.Splice(0, 6, "kept"));
  Exchange(a, hub);
  Exchange(b, hub);
  SE_ASSERT_OK(b.Splice(b.size(), 0, ", and b"));
  Exchange(b, hub);
  LiveHub next = Hub(stored, {.epoch = 10});
  for (int i = 0; i < 8; ++i) {
    Exchange(a, next);
    Exchange(b, next);
  }
  EXPECT_EQ(a.Text(), "kept, more, and b");
  EXPECT_EQ(b.Text(), a.Text());
  EXPECT_EQ(next.Text(), a.Text());
}

// A copy of an older state goes on beside the one that already sent more.
TEST(LiveTextTest, AWriterRestoredFromAnOldSnapshotIsNoticed) {
  LiveHub hub = Hub("text");
  LiveText a = Writer(1, "text");
  Exchange(a, hub);
  const std::string old = a.Snapshot();
  SE_ASSERT_OK(a.Splice(4, 0, " more"));
  Exchange(a, hub);
  SE_ASSERT_OK_AND_ASSIGN(LiveText again, LiveText::Restore({}, old));
  SE_ASSERT_OK(again.Splice(0, 0, "other "));
  for (int i = 0; i < 4; ++i) Exchange(again, hub);
  EXPECT_EQ(again.resyncs(), 1u);
  EXPECT_EQ(again.Text(), "other text more");
  EXPECT_EQ(hub.Text(), again.Text());
}

TEST(LiveHubTest, ACommitFromElsewhereBecomesAnEdit) {
  LiveHub hub = Hub("one\ntwo\n");
  LiveText a = Writer(1, "one\ntwo\n");
  Exchange(a, hub);
  SE_ASSERT_OK(a.Splice(0, 3, "ONE"));
  Exchange(a, hub);
  SE_ASSERT_OK(hub.Merge("one\ntwo\n", "one\ntwo\nthree\n"));
  Exchange(a, hub);
  EXPECT_EQ(a.Text(), "ONE\ntwo\nthree\n");
}

}  // namespace
}  // namespace syncengine
