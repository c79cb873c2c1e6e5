// Repeats a request that the service could not take just now.
#ifndef SYNCENGINE_SRC_TRANSFER_RETRY_H_
#define SYNCENGINE_SRC_TRANSFER_RETRY_H_

#include <cstdint>
#include <stop_token>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "syncengine/ports/executor.h"

namespace syncengine {

// Where a repeated request waits, and when it must not wait any more.
struct RetryPolicy {
  Executor& executor;
  std::stop_token stop;
  int attempts = 5;                                     // In all.
  absl::Duration first_pause = absl::Milliseconds(50);  // Doubles each time.
};

// Waits before attempt number `attempt` (from 1), half of the pause at least and the rest by
// `spread`, so that many clients do not come back together; kCancelled when stop was requested.
absl::Status PauseBeforeRetry(const RetryPolicy& policy, int attempt, uint64_t spread);

// Calls `request` (giving a Status or a StatusOr) until it gives anything but kUnavailable. The
// request must be the same each time: the service makes repeats have one effect.
template <typename Request>
auto RetryUnavailable(const RetryPolicy& policy, uint64_t spread, Request request)
    -> decltype(request()) {
  for (int attempt = 1;; ++attempt) {
    auto answer = request();
    const absl::Status status = [&] {
      if constexpr (std::is_same_v<decltype(answer), absl::Status>) {
        return answer;
      } else {
        return answer.status();
      }
    }();
    if (!absl::IsUnavailable(status) || attempt == policy.attempts) return answer;
    if (absl::Status paused = PauseBeforeRetry(policy, attempt, spread); !paused.ok()) {
      return paused;
    }
  }
}

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_RETRY_H_
