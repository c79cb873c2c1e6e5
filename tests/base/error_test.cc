#include "syncengine/base/error.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "syncengine/base/secret.h"

namespace syncengine {
namespace {

constexpr Reason kLast = Reason::kMissingBlocks;

TEST(ErrorTest, EveryReasonHasACodeAndANameOfItsOwn) {
  std::set<std::string> names;
  for (int i = 0; i <= static_cast<int>(kLast); ++i) {
    const auto reason = static_cast<Reason>(i);
    const absl::Status status = MakeError(reason, "what happened");
    EXPECT_EQ(status.code(), ReasonCode(reason));
    EXPECT_EQ(GetReason(status), reason);
    EXPECT_EQ(ReasonFromName(ReasonName(reason)), reason);
    names.insert(std::string(ReasonName(reason)));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(kLast) + 1);
}

TEST(ErrorTest, ReasonsFollowTheirComments) {
  EXPECT_EQ(ReasonCode(Reason::kIntegrity), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReasonCode(Reason::kVersion), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonCode(Reason::kPassphrase), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ReasonCode(Reason::kCursorExpired), absl::StatusCode::kOutOfRange);
}

TEST(ErrorTest, UnknownReasonsAreNone) {
  EXPECT_EQ(ReasonFromName("no_such_reason"), std::nullopt);
  EXPECT_EQ(GetReason(absl::DataLossError("plain")), std::nullopt);
  EXPECT_EQ(GetReason(absl::OkStatus()), std::nullopt);
}

TEST(ErrorTest, AnnotateKeepsCodeAndReason) {
  const absl::Status status = Annotate(MakeError(Reason::kQuota, "full"), "put");
  EXPECT_EQ(status.message(), "put: full");
  EXPECT_EQ(GetReason(status), Reason::kQuota);
  EXPECT_TRUE(Annotate(absl::OkStatus(), "put").ok());
}

absl::StatusOr<int> Half(int value) {
  if (value % 2 != 0) return absl::InvalidArgumentError("odd");
  return value / 2;
}

absl::StatusOr<int> Quarter(int value) {
  SYNCENGINE_ASSIGN_OR_RETURN(const int half, Half(value));
  SYNCENGINE_RETURN_IF_ERROR(Half(half).status());
  return Half(half);
}

TEST(ErrorTest, MacrosReturnTheFirstError) {
  EXPECT_EQ(Quarter(8).value(), 2);
  EXPECT_TRUE(absl::IsInvalidArgument(Quarter(7).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Quarter(6).status()));
}

TEST(SecretTest, MovingEmptiesTheSource) {
  Secret first("0123456789abcdef0123456789abcdef");
  Secret second(std::move(first));
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): the promise under test.
  EXPECT_EQ(second.bytes(), "0123456789abcdef0123456789abcdef");
  Secret third("short");
  third = std::move(second);
  EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(third.Clone().bytes(), third.bytes());
}

}  // namespace
}  // namespace syncengine
