// Rows of a folder's state: a decoder accepts what its encoder writes, and nothing else.
#include "src/folder/state_rows.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "syncengine/base/error.h"
#include "syncengine/reconcile/history.h"
#include "syncengine/testing/status_matchers.h"

namespace syncengine::folder {
namespace {

void ExpectDamage(const absl::Status& status) {
  EXPECT_EQ(GetReason(status), Reason::kIntegrity) << status;
}

RevisionId Numbered(uint8_t number) {
  RevisionId id;
  id.mutable_data()[0] = number;
  return id;
}

TEST(StateRowsTest, FlagsAreZeroOrOne) {
  Identity identity;
  identity.clean = true;
  std::string bytes = EncodeIdentity(identity);
  SE_EXPECT_OK(DecodeIdentity(bytes));
  bytes[bytes.size() - 9] = 2;
  ExpectDamage(DecodeIdentity(bytes).status());

  SyncedNode row;
  row.state.name = "file";
  std::string synced = EncodeSynced(NodeId(), row);
  SE_EXPECT_OK(DecodeSynced(synced));
  const size_t print_bytes = 44;
  synced[1 + print_bytes] = 2;
  ExpectDamage(DecodeSynced(synced).status());
}

TEST(StateRowsTest, IssuesAreNoLongerThanTheyAreWritten) {
  const Issue issue{.path = std::string(5000, 'p'), .cause = "c", .hint = "h"};
  std::string bytes = EncodeIssues({issue});
  SE_EXPECT_OK(DecodeIssues(bytes));
  const size_t length_at = 5;
  bytes.replace(length_at, 2, "\x01\x10");  // 4097.
  bytes.insert(length_at + 2, "p");
  ExpectDamage(DecodeIssues(bytes).status());
}

TEST(StateRowsTest, ASyncedRowNamesWhatItGrewFrom) {
  SyncedNode row;
  row.state.name = "file";
  SE_ASSERT_OK_AND_ASSIGN(const SyncedNode first, DecodeSynced(EncodeSynced(NodeId(), row)));
  EXPECT_TRUE(first.earlier.empty());
  for (uint8_t i = 1; i <= kEarlierHeadsMax + 2; ++i) {
    FollowHead(row, Numbered(i), row.revision);
  }
  SE_ASSERT_OK_AND_ASSIGN(const SyncedNode grown, DecodeSynced(EncodeSynced(NodeId(), row)));
  EXPECT_EQ(grown.earlier, row.earlier);
  EXPECT_EQ(grown.earlier.size(), kEarlierHeadsMax);
  EXPECT_EQ(grown.earlier.front().bytes()[0], kEarlierHeadsMax + 1);
  ExpectDamage(DecodeSynced(EncodeSynced(NodeId(), row) + "x").status());
}

TEST(StateRowsTest, SentChangesComeBackAsTheyWere) {
  SentChange sent{
      .base = Numbered(1), .print = {.inode = 3, .size = 4}, .at = absl::FromUnixMicros(5)};
  sent.state.name = "file";
  const std::string bytes = EncodeSent(NodeId(), {sent, sent});
  SE_ASSERT_OK_AND_ASSIGN(const std::vector<SentChange> back, DecodeSent(bytes));
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[1].base, sent.base);
  EXPECT_EQ(back[1].state, sent.state);
  EXPECT_EQ(back[1].print, sent.print);
  EXPECT_EQ(back[1].at, sent.at);
  ExpectDamage(DecodeSent(bytes.substr(0, bytes.size() - 1)).status());
  ExpectDamage(DecodeSent(EncodeSent(NodeId(), {})).status());
}

}  // namespace
}  // namespace syncengine::folder
