// Port: a partitioned, ordered, transactional key-value store. All metadata logic is written once
// above it.
#ifndef SYNCENGINE_PORTS_METADATA_STORE_H_
#define SYNCENGINE_PORTS_METADATA_STORE_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace syncengine {

using KeyValue = std::pair<std::string, std::string>;

// Which keys a scan visits: begin <= key < end, in byte order.
struct ScanRange {
  std::string begin;
  std::string end;   // Empty: to the last key.
  int limit = 1000;  // At most this many results, at least 1.
  bool reverse = false;
};

// A consistent view of one partition. Single-threaded, valid only inside the closure it was given
// to.
class MetadataReader {
 public:
  virtual ~MetadataReader() = default;

  virtual absl::StatusOr<std::optional<std::string>> Get(absl::string_view key) = 0;
  // One result per key, in order; for many keys a single round trip.
  virtual absl::StatusOr<std::vector<std::optional<std::string>>> GetMany(
      absl::Span<const std::string> keys) = 0;
  virtual absl::StatusOr<std::vector<KeyValue>> Scan(const ScanRange& range) = 0;
};

// A reader that also writes. Reads see the transaction's own writes. An error of any call must end
// the closure with that error.
class MetadataWriter : public MetadataReader {
 public:
  virtual absl::Status Put(absl::string_view key, absl::string_view value) = 0;
  // OK when there was none.
  virtual absl::Status Delete(absl::string_view key) = 0;
};

// Thread-safe, all calls block. Keys are 1 to limits::kMetadataKeyMax bytes, values up to
// limits::kMetadataValueMax, partitions 1 to 40 bytes of [a-z0-9:.-]; anything else is
// kInvalidArgument. kUnavailable when trying again can help; kDataLoss when stored bytes fail their
// check; Reason::kDiskFull. A closure must not call the store again.
class MetadataStore {
 public:
  struct Properties {
    bool durable = false;        // An OK Update survives power loss.
    bool multi_process = false;  // Several processes may have the store open.
  };

  virtual ~MetadataStore() = default;

  virtual Properties properties() const = 0;

  // Runs `closure` in a serializable transaction of `partition` and commits it when it returns OK:
  // then all its writes are visible and durable at once. On an error nothing was written and the
  // error comes back. On a conflict the closure runs again (up to limits::kTransactionAttemptsMax
  // times, then kAborted), so it must have no effect outside the transaction that a second run
  // would not undo.
  virtual absl::Status Update(absl::string_view partition,
                              absl::FunctionRef<absl::Status(MetadataWriter&)> closure) = 0;
  // Runs `closure` on one snapshot.
  virtual absl::Status View(absl::string_view partition,
                            absl::FunctionRef<absl::Status(MetadataReader&)> closure) = 0;
  // The partitions that hold at least one key, in order.
  virtual absl::StatusOr<std::vector<std::string>> ListPartitions() = 0;
};

}  // namespace syncengine

#endif  // SYNCENGINE_PORTS_METADATA_STORE_H_
