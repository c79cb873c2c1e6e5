// Looks for damage: what a repository holds against what its rows promise.
#ifndef SYNCENGINE_ENGINE_CHECK_H_
#define SYNCENGINE_ENGINE_CHECK_H_

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "syncengine/base/progress.h"
#include "syncengine/ports/metadata_store.h"
#include "syncengine/ports/object_store.h"

namespace syncengine {

struct CheckOptions {
  // Also reads every segment and compares each frame with its checksum and its rows: as slow as
  // reading all that is stored. Without it only the sizes of segments are compared.
  bool read_data = false;
  ProgressCallback progress;  // Counts segments as files.
  std::stop_token stop;
};

struct CheckProblem {
  std::string place;  // "namespace main, block 12ab...".
  std::string what;   // What was found and what was expected.
};

struct CheckReport {
  std::vector<CheckProblem> problems;  // The first 1,000; none: the repository is sound.
  uint64_t problems_total = 0;

  uint64_t namespaces = 0;
  uint64_t nodes = 0;  // Deleted ones too.
  uint64_t revisions = 0;
  uint64_t journal_entries = 0;
  uint64_t blocks = 0;
  uint64_t segments = 0;
  uint64_t bytes_read = 0;            // Of segments.
  uint64_t objects_unreferenced = 0;  // Left by interrupted uploads; no problem.
  uint64_t objects_in_trash = 0;      // Of collected segments, to be deleted; no problem.

  bool clean() const { return problems_total == 0; }
};

// Checks everything that can be checked without keys: every row decodes; names, heads, revisions
// and journal agree and the journal has no gap; the tree hangs together; reference counts and usage
// are what a recount gives; every block that is referred to is present, in a segment whose object
// has the right size (and bytes: read_data). Changes nothing and may run beside writers: each
// namespace is seen as one snapshot.
//
// Damage is in the report; an error status means that a store could not be read at all, or
// kCancelled. Memory is about 200 bytes for each node, revision, block and journal entry of the
// largest namespace.
absl::StatusOr<CheckReport> CheckRepository(MetadataStore& metadata, ObjectStore& objects,
                                            const CheckOptions& options = {});

}  // namespace syncengine

#endif  // SYNCENGINE_ENGINE_CHECK_H_
