#include "src/transfer/retry.h"

#include <memory>

namespace syncengine {

absl::Status PauseBeforeRetry(const RetryPolicy& policy, int attempt, uint64_t spread) {
  if (policy.stop.stop_requested()) return absl::CancelledError("transfer: stop was requested");
  const absl::Duration pause = policy.first_pause * (1 << (attempt - 1));
  const std::unique_ptr<Signal> signal = policy.executor.NewSignal();
  const std::stop_callback wake(policy.stop, [&signal] { signal->Notify(); });
  const double share = static_cast<double>((spread >> (attempt * 8)) & 0xff) / 255;
  signal->Wait(pause / 2 + pause / 2 * share);
  if (policy.stop.stop_requested()) return absl::CancelledError("transfer: stop was requested");
  return absl::OkStatus();
}

}  // namespace syncengine
