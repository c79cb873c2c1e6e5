// One open LMDB file: the registry that keeps it open once per process, its growth, and what must
// hold before a transaction may begin.
#ifndef SYNCENGINE_SRC_STORES_LMDB_ENVIRONMENT_H_
#define SYNCENGINE_SRC_STORES_LMDB_ENVIRONMENT_H_

#include <lmdb.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "syncengine/stores/lmdb_metadata_store.h"

namespace syncengine::stores {

// Turns an LMDB error code into a status; `what` says what was attempted.
absl::Status LmdbError(int code, absl::string_view what);

// Thread-safe.
class LmdbEnvironment {
 public:
  // What the closure of a write transaction found out about it.
  enum class Outcome { kCommit, kAbort, kMapFull };
  struct WriteResult {
    Outcome outcome = Outcome::kAbort;
    absl::Status status;  // Of a kAbort.
  };

  // The environment of `directory`, shared with whoever has it open in this process.
  static absl::StatusOr<std::shared_ptr<LmdbEnvironment>> Open(
      const std::string& directory, const LmdbMetadataStore::Options& options);

  ~LmdbEnvironment();
  LmdbEnvironment(const LmdbEnvironment&) = delete;
  LmdbEnvironment& operator=(const LmdbEnvironment&) = delete;

  // Runs `body` in a read transaction.
  absl::Status Read(absl::FunctionRef<absl::Status(MDB_txn*)> body);
  // Runs `body` in the one write transaction and commits it durably on Outcome::kCommit. Runs it
  // again after the map grew.
  absl::Status Write(absl::FunctionRef<WriteResult(MDB_txn*)> body);

  MDB_dbi rows() const { return rows_; }

 private:
  LmdbEnvironment(std::string directory, const LmdbMetadataStore::Options& options, MDB_env* env);

  absl::Status OpenFiles();
  absl::Status CheckFormat();
  absl::Status CheckUsable() const;
  absl::StatusOr<MDB_txn*> Begin(unsigned flags) ABSL_LOCKS_EXCLUDED(transactions_);
  // Nothing when it is done; otherwise how large the map was that must grow first.
  absl::StatusOr<std::optional<uint64_t>> WriteOnce(absl::FunctionRef<WriteResult(MDB_txn*)> body);
  absl::Status CommitStatus(int code);
  bool IsDiskNearlyFull() const;
  absl::Status Grow(uint64_t full_at);
  absl::Status AdoptSize();
  // LMDB reads it in the map itself: for whoever holds `transactions_`, shared or not.
  uint64_t map_bytes() const ABSL_SHARED_LOCKS_REQUIRED(transactions_);

  const std::string directory_;
  const LmdbMetadataStore::Options options_;
  const pid_t pid_;
  MDB_env* const env_;
  MDB_dbi rows_ = 0;

  // Held shared by every transaction: LMDB wants none to be active while the map changes size.
  mutable absl::Mutex transactions_;
  mutable absl::Mutex poison_mutex_;
  std::string poison_ ABSL_GUARDED_BY(poison_mutex_);  // Why writing ended; empty while it works.
};

}  // namespace syncengine::stores

#endif  // SYNCENGINE_SRC_STORES_LMDB_ENVIRONMENT_H_
