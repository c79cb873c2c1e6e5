#include "syncengine/format/journal.h"

#include <gtest/gtest.h>

#include "syncengine/base/limits.h"
#include "tests/format/format_fixture.h"

namespace syncengine {
namespace {

using testing::CountingId;
using testing::IsDamage;

constexpr char kCursorText[] = "0102030405060708090a0b0c0d0e0f10.42";

std::vector<JournalEntry> Entries() {
  JournalEntry common{.sequence = 7,
                      .node = CountingId<NodeId>(1),
                      .device = CountingId<DeviceId>(2),
                      .time = absl::FromUnixMicros(-1)};
  JournalEntry uploading = common;
  uploading.kind = JournalKind::kUploading;
  uploading.upload = CountingId<UploadId>(3);
  uploading.parent = CountingId<NodeId>(4);
  uploading.name = "film.mkv";
  uploading.size = uint64_t{1} << 40;
  JournalEntry committed = common;
  committed.kind = JournalKind::kCommitted;
  committed.revision = CountingId<RevisionId>(5);
  JournalEntry aborted = common;
  aborted.kind = JournalKind::kAborted;
  aborted.upload = CountingId<UploadId>(6);
  JournalEntry aside = committed;
  aside.kind = JournalKind::kAside;
  return {uploading, committed, aborted, aside};
}

TEST(JournalTest, EntriesOfEveryKindRoundTrip) {
  for (const JournalEntry& entry : Entries()) {
    auto decoded = DecodeJournalEntry(EncodeJournalEntry(entry));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, entry);
  }
}

TEST(JournalTest, TruncatedExtendedAndUnknownEntriesAreRefused) {
  for (const JournalEntry& entry : Entries()) {
    const std::string bytes = EncodeJournalEntry(entry);
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_TRUE(IsDamage(DecodeJournalEntry(bytes.substr(0, size)).status())) << size;
    }
    EXPECT_TRUE(IsDamage(DecodeJournalEntry(bytes + "x").status()));
    std::string unknown = bytes;
    unknown[1] = 5;
    EXPECT_TRUE(IsDamage(DecodeJournalEntry(unknown).status()));
    unknown[0] = 2;
    EXPECT_EQ(GetReason(DecodeJournalEntry(unknown).status()), Reason::kVersion);
  }
}

TEST(CursorTest, FormatsAndParses) {
  const Cursor cursor = {.history = CountingId<HistoryId>(1), .sequence = 42};
  EXPECT_EQ(FormatCursor(cursor), kCursorText);
  EXPECT_EQ(ParseCursor(kCursorText).value(), cursor);
  const Cursor last = {.history = HistoryId(), .sequence = ~uint64_t{0}};
  EXPECT_EQ(ParseCursor(FormatCursor(last)).value(), last);
  EXPECT_EQ(ParseCursor(FormatCursor(Cursor())).value(), Cursor());
}

TEST(CursorTest, OnlyTheOneFormIsACursor) {
  const std::string history = "0102030405060708090a0b0c0d0e0f10";
  for (const std::string& text :
       {std::string(), history, history + ".", history + ".-1", history + ".+1", history + ".01",
        history + ". 1", history + ".1 ", " " + history + ".1", history + ".1x", history + ":1",
        history + ".18446744073709551616", history.substr(1) + ".10", history + ".0x1",
        std::string("0102030405060708090A0B0C0D0E0F10.42"), history + "." + std::string(1000, '1'),
        history + std::string(".1\0", 3)}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseCursor(text).status())) << text;
  }
}

}  // namespace
}  // namespace syncengine
