// Reading the tree of live nodes inside one snapshot.
#ifndef SYNCENGINE_ENGINE_TREE_READER_H_
#define SYNCENGINE_ENGINE_TREE_READER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "src/engine/rows.h"

namespace syncengine::engine {

// The head of the root directory, which has no row.
Revision RootRevision();

// The head of each node that there is, tombstones included. Two round trips.
absl::StatusOr<std::vector<std::optional<Revision>>> ReadHeads(MetadataReader& rows,
                                                               absl::Span<const NodeId> nodes);

// The head of `node`, tombstones included. kNotFound.
absl::StatusOr<Revision> ReadHeadRevision(MetadataReader& rows, const NodeId& node);

// The live node at `names` below `directory`, if there is one. One read for each name.
absl::StatusOr<std::optional<NodeId>> FindNode(MetadataReader& rows, const NodeId& directory,
                                               absl::Span<const std::string> names);

// The live children of a directory with names behind `after`, at most `limit`, by name. Three
// round trips.
absl::StatusOr<std::vector<ListEntry>> ReadChildren(MetadataReader& rows, const NodeId& directory,
                                                    absl::string_view after, int limit);

// Visits all live descendants of a directory, depth first by name, from behind any path on. Reads
// children in batches and keeps one batch for each level. Single-threaded.
class TreeWalk {
 public:
  // `rows` outlives the walk. `batch` is about how many entries the caller wants.
  TreeWalk(MetadataReader& rows, int batch) : rows_(rows), batch_(batch) {}

  // Stands behind `after`, the relative path of an entry of this walk (which may be gone by now);
  // empty: at the beginning.
  absl::Status Start(const NodeId& directory, absl::string_view after);
  // The next entry; nullopt at the end.
  absl::StatusOr<std::optional<ListEntry>> Next();

 private:
  // One directory whose children are being visited.
  struct Level {
    NodeId directory;
    std::string prefix;  // Of the children's paths: empty or "a/b/".
    std::string after;   // The name of the last child read.
    std::vector<ListEntry> batch;
    size_t next = 0;
    bool exhausted = false;  // Nothing behind the batch.
  };

  MetadataReader& rows_;
  const int batch_;
  std::vector<Level> levels_;
};

// Finds paths of nodes by their ids, remembering directories. Single-threaded.
class PathFinder {
 public:
  explicit PathFinder(MetadataReader& rows) : rows_(rows) {}

  // "/a/b" for the name "b" in `parent`; also below deleted directories, which keep their place.
  // Empty when an ancestor was never committed.
  absl::StatusOr<std::string> PathOf(const NodeId& parent, absl::string_view name);

 private:
  // "" for the root, "/a" below; nullopt when unknown.
  absl::StatusOr<std::optional<std::string>> DirectoryPath(const NodeId& directory);

  MetadataReader& rows_;
  absl::flat_hash_map<NodeId, std::optional<std::string>> known_;
};

}  // namespace syncengine::engine

#endif  // SYNCENGINE_ENGINE_TREE_READER_H_
