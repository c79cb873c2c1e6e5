// An object store in a directory.
#ifndef SYNCENGINE_STORES_LOCAL_OBJECT_STORE_H_
#define SYNCENGINE_STORES_LOCAL_OBJECT_STORE_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/ports/object_store.h"

namespace syncengine {

// Keeps one file per object in the tree of `files`:
//
//   tmp/                     what is being written; emptied at Open
//   objects/<d>+/<xx>=/<n>   the object "d/n": every directory of a name gets a '+', and a
//   directory
//                            of the first two bytes of a component keeps directories small
//   lock                     held by the process that may empty tmp/
//
// Put is durable: exclusive temporary file, write, Sync, rename to the final name that is never
// replaced, SyncDirectory, only then OK. A failed Sync is answered with one new file; when that
// fails too, or a directory cannot be synced, the store turns read-only (kFailedPrecondition for
// Put and Delete) until it is opened again. Thread-safe. Several processes may use one directory.
class LocalObjectStore final : public ObjectStore {
 public:
  // `files` and `entropy` must outlive the store. Creates what is missing.
  static absl::StatusOr<std::unique_ptr<ObjectStore>> Open(FileSystem& files, Entropy& entropy);

  Properties properties() const override { return {.durable = true, .tiers = false}; }
  absl::Status Put(absl::string_view name, absl::string_view bytes) override;
  absl::StatusOr<std::string> Get(absl::string_view name, uint64_t offset,
                                  uint64_t length) override;
  absl::StatusOr<ObjectEntry> Stat(absl::string_view name) override;
  absl::Status Delete(absl::string_view name) override;
  absl::StatusOr<ObjectPage> List(absl::string_view prefix, absl::string_view after,
                                  int limit) override;
  absl::Status SetTier(absl::string_view name, Tier tier) override;
  absl::Status Restore(absl::string_view name) override;

 private:
  LocalObjectStore(FileSystem& files, Entropy& entropy) : files_(files), entropy_(entropy) {}

  absl::Status Prepare();
  absl::Status EmptyTemporaries();
  absl::Status EnsureDirectories(absl::string_view directory);
  absl::StatusOr<std::string> WriteTemporary(absl::string_view bytes);
  absl::Status WriteAndSync(const std::string& path, absl::string_view bytes);
  absl::Status Publish(const std::string& temporary, const std::string& path,
                       absl::string_view name);
  absl::Status SyncNames(absl::string_view directory);
  absl::Status CheckWritable();
  absl::Status TurnReadOnly(const absl::Status& cause);

  FileSystem& files_;
  Entropy& entropy_;
  std::unique_ptr<FileLock> lock_;  // None when another process has it.

  absl::Mutex mutex_;
  // Directories whose names are known to be durable.
  absl::flat_hash_set<std::string> durable_ ABSL_GUARDED_BY(mutex_);
  std::string read_only_ ABSL_GUARDED_BY(mutex_);  // Why; empty while writable.
};

}  // namespace syncengine

#endif  // SYNCENGINE_STORES_LOCAL_OBJECT_STORE_H_
