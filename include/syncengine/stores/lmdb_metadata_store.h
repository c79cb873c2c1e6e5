// The default metadata store: LMDB, a memory-mapped copy-on-write B+tree in one file
// (http://www.lmdb.tech/doc/), used in its fully synchronous mode.
#ifndef SYNCENGINE_STORES_LMDB_METADATA_STORE_H_
#define SYNCENGINE_STORES_LMDB_METADATA_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/ports/metadata_store.h"

namespace syncengine {

namespace stores {
class LmdbEnvironment;
}  // namespace stores

// Durable: an OK Update is on disk. Several threads and processes of one machine may have it open;
// one of them writes at a time (over all partitions), readers never wait. Every value carries a
// checksum over its key and bytes that is checked at each read: kDataLoss (Reason::kIntegrity).
//
// The file grows as needed. A full disk is Reason::kDiskFull and leaves everything readable and
// writable again once there is space. Any other failed commit turns this process's store read-only:
// kFailedPrecondition until it is opened again, because the state of the file is then unknown.
//
// A process that forked must open the store anew in the child: kFailedPrecondition otherwise.
// Opening one directory twice in a process shares what is underneath. Thread-safe. Costs: a Get
// about 1 us; an Update that wrote something two flushes of the disk.
class LmdbMetadataStore final : public MetadataStore {
 public:
  struct Options {
    // Reserved address space, not disk space; doubled whenever it is full, up to `map_bytes_max`.
    uint64_t map_bytes = uint64_t{1} << 30;
    uint64_t map_bytes_max = uint64_t{1} << 42;
    // Network and user-space file systems do not keep the promises of mmap and file locks that the
    // store builds on, so they are refused unless this is set.
    bool allow_any_file_system = false;
  };

  // Opens the store in `directory`, which is created when missing (its parent must exist).
  // kFailedPrecondition on a file system that is refused; Reason::kVersion when a newer library
  // wrote it; Reason::kIntegrity when the file is not such a store.
  static absl::StatusOr<std::unique_ptr<MetadataStore>> Open(absl::string_view directory,
                                                             const Options& options);
  static absl::StatusOr<std::unique_ptr<MetadataStore>> Open(absl::string_view directory) {
    return Open(directory, Options{});
  }
  ~LmdbMetadataStore() override;

  Properties properties() const override { return {.durable = true, .multi_process = true}; }
  absl::Status Update(absl::string_view partition,
                      absl::FunctionRef<absl::Status(MetadataWriter&)> closure) override;
  absl::Status View(absl::string_view partition,
                    absl::FunctionRef<absl::Status(MetadataReader&)> closure) override;
  absl::StatusOr<std::vector<std::string>> ListPartitions() override;

 private:
  explicit LmdbMetadataStore(std::shared_ptr<stores::LmdbEnvironment> environment);

  // Shared with other stores on the same directory: LMDB forbids opening it twice in a process.
  const std::shared_ptr<stores::LmdbEnvironment> environment_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_STORES_LMDB_METADATA_STORE_H_
