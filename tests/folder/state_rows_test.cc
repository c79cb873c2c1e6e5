// Rows of a folder's state: a decoder accepts what its encoder writes, and nothing else.
#include "src/folder/state_rows.h"

#include <gtest/gtest.h>

#include <string>

#include "syncengine/base/error.h"
#include "syncengine/testing/status_matchers.h"

namespace syncengine::folder {
namespace {

void ExpectDamage(const absl::Status& status) {
  EXPECT_EQ(GetReason(status), Reason::kIntegrity) << status;
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

}  // namespace
}  // namespace syncengine::folder
