// What all stages of one upload share.
#ifndef SYNCENGINE_SRC_TRANSFER_UPLOAD_CONTEXT_H_
#define SYNCENGINE_SRC_TRANSFER_UPLOAD_CONTEXT_H_

#include <atomic>
#include <cstdint>
#include <stop_token>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "src/transfer/crew.h"
#include "src/transfer/retry.h"
#include "syncengine/ports/clock.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/executor.h"
#include "syncengine/transfer/opened_namespace.h"
#include "syncengine/transfer/uploader.h"

namespace syncengine {

struct UploadContext {
  const OpenedNamespace& opened;
  Executor& executor;
  Entropy& entropy;
  Clock& clock;
  const UploaderOptions& options;
  const std::stop_token stop;
  Crew& crew;
  UploadStats stats;
  // Plaintext in arenas and sealed bytes that are not stored yet. Atomic because arenas may go on
  // any thread.
  std::atomic<uint64_t>& held_bytes;
  absl::Status failure;  // The first error that ends the whole upload.

  Service& service() const { return *opened.service; }
  const NamespaceId& id() const { return opened.record.id; }
  const NamespaceKeys& keys() const { return *opened.keys; }
  RetryPolicy retry() const { return {.executor = executor, .stop = stop}; }
  // A random number for the pauses of one request.
  uint64_t NewSpread() {
    uint8_t bytes[8];
    entropy.Fill(absl::MakeSpan(bytes));
    uint64_t spread = 0;
    for (const uint8_t byte : bytes) spread = spread << 8 | byte;
    return spread;
  }
  void Fail(const absl::Status& status) {
    if (failure.ok()) failure = status;
  }
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_UPLOAD_CONTEXT_H_
