// gtest expectations about statuses.
#ifndef SYNCENGINE_TESTING_STATUS_MATCHERS_H_
#define SYNCENGINE_TESTING_STATUS_MATCHERS_H_

#include <gtest/gtest.h>

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "syncengine/base/error.h"

namespace syncengine::testing {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

inline ::testing::AssertionResult HasCode(const absl::Status& status, absl::StatusCode expected) {
  if (status.code() == expected) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "expected " << absl::StatusCodeToString(expected) << ", found " << status;
}

inline ::testing::AssertionResult HasReason(const absl::Status& status, Reason expected) {
  if (GetReason(status) == expected) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "expected reason " << ReasonName(expected) << ", found " << status;
}

}  // namespace syncengine::testing

// Each takes a Status or a StatusOr. SE_ASSERT_OK_AND_ASSIGN declares or assigns `target`.
#define SE_EXPECT_OK(expression)                                                          \
  EXPECT_TRUE(::syncengine::testing::HasCode(::syncengine::testing::StatusOf(expression), \
                                             absl::StatusCode::kOk))
#define SE_ASSERT_OK(expression)                                                          \
  ASSERT_TRUE(::syncengine::testing::HasCode(::syncengine::testing::StatusOf(expression), \
                                             absl::StatusCode::kOk))
#define SE_EXPECT_CODE(expression, code)                                                  \
  EXPECT_TRUE(::syncengine::testing::HasCode(::syncengine::testing::StatusOf(expression), \
                                             absl::StatusCode::code))
#define SE_EXPECT_REASON(expression, reason) \
  EXPECT_TRUE(::syncengine::testing::HasReason(::syncengine::testing::StatusOf(expression), reason))
#define SE_ASSERT_OK_AND_ASSIGN(target, expression) \
  SE_ASSERT_OK_AND_ASSIGN_IMPL_(SYNCENGINE_CONCAT_(result_or_, __LINE__), target, expression)
#define SE_ASSERT_OK_AND_ASSIGN_IMPL_(holder, target, expression) \
  auto holder = (expression);                                     \
  SE_ASSERT_OK(holder);                                           \
  target = std::move(holder).value()

#endif  // SYNCENGINE_TESTING_STATUS_MATCHERS_H_
