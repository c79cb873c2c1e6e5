// Remembers which local file was read for which revision, so that unchanged files are not read
// again.
#ifndef SYNCENGINE_SRC_TRANSFER_PUT_CACHE_H_
#define SYNCENGINE_SRC_TRANSFER_PUT_CACHE_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "src/kernels/digest.h"
#include "syncengine/base/ids.h"
#include "syncengine/format/journal.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/ports/metadata_store.h"

namespace syncengine {

// What was true when a file was read.
struct PutCacheRow {
  FileStat stat;
  RevisionId revision;
};

// That a whole tree was put, as of a place in the journal.
struct PutTreeRow {
  Cursor cursor;
  kernels::Digest digest{};  // Of what was read.
};

// One row for each remote path of a namespace. A cache: losing it only costs reading files again.
// With a null store it remembers nothing. Thread-compatible.
class PutCache {
 public:
  PutCache(MetadataStore* store, const NamespaceId& id);

  // One answer for each path, in order.
  absl::StatusOr<std::vector<std::optional<PutCacheRow>>> Find(
      absl::Span<const std::string> paths) const;
  // Queues a row; Flush writes them.
  void Remember(const std::string& path, const PutCacheRow& row);
  // The same for a put of a tree at `remote`, with or without mirroring. What cannot be read is not
  // there.
  std::optional<PutTreeRow> FindTree(const std::string& remote, bool mirror) const;
  void RememberTree(const std::string& remote, bool mirror, const PutTreeRow& row);
  absl::Status Flush();

 private:
  MetadataStore* const store_;
  const std::string partition_;
  std::vector<std::pair<std::string, std::string>> rows_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_PUT_CACHE_H_
