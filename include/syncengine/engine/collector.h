// Garbage collection: gives back the space of blocks that no revision needs any more.
//
//   SYNCENGINE_ASSIGN_OR_RETURN(const CollectionReport report, CollectGarbage(ports, {}));
//
// Run it now and then (hourly, nightly) beside the engine: in the server's process, in another one,
// on another machine. Nothing has to stop for it.
#ifndef SYNCENGINE_ENGINE_COLLECTOR_H_
#define SYNCENGINE_ENGINE_COLLECTOR_H_

#include <cstdint>
#include <stop_token>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "syncengine/base/progress.h"
#include "syncengine/engine/engine.h"

namespace syncengine {

struct CollectorOptions {
  // How long a block stays condemned, at least; two completed runs since then are needed, too.
  absl::Duration grace = absl::Hours(24);
  // How long the object of a segment is kept when nothing in it is used any more. Keep it longer
  // than backups of the metadata may be old.
  absl::Duration trash = absl::Hours(7 * 24);

  // Brakes: a run that would condemn more than `always_allowed` blocks and more than
  // `percent_max` of all, or more than `median_times_max` times the median of recent runs that
  // condemned any, does nothing and fails with Reason::kSafetyStop. `force` takes them off.
  uint64_t always_allowed = 1000;
  uint64_t percent_max = 20;
  uint64_t median_times_max = 4;
  bool force = false;

  // Only counts what a run would do.
  bool dry_run = false;
  // Blocks that one run looks at for condemning and for deleting, each: 60 bytes of memory for one.
  // What is beyond waits for the next run.
  uint64_t candidates_max = uint64_t{1} << 18;
  // Rows that one transaction reads or writes.
  int slice_rows = 1000;
  // How long other collectors keep out when this one falls silent; at most an hour.
  absl::Duration lease = absl::Minutes(2);

  ProgressCallback progress;  // Counts namespaces as files.
  std::stop_token stop;
};

struct CollectionReport {
  uint64_t namespaces = 0;
  uint64_t blocks = 0;           // In use or condemned, before the run.
  uint64_t uploads_expired = 0;  // Idle sessions that were ended.
  uint64_t blocks_condemned = 0;
  uint64_t blocks_deleted = 0;   // Taken out of use for good.
  uint64_t blocks_waiting = 0;   // Condemned, and not yet for long enough.
  uint64_t blocks_held = 0;      // Unreferenced, and used by an open upload or since the run began.
  uint64_t segments_doomed = 0;  // Nothing in them is used any more.
  uint64_t orphans_doomed = 0;   // Objects that never became segments.
  uint64_t objects_deleted = 0;  // Of either kind.
  uint64_t bytes_freed = 0;      // Of them.
  uint64_t objects_waiting = 0;  // Doomed, and in the trash still.
  uint64_t orphans_waiting = 0;  // Suspected, and not yet for long enough.
  uint64_t segments_sparse = 0;  // More than half of their blocks are gone.
  bool more = false;             // candidates_max was reached: run again.
};

// One run over all namespaces.
//
// A block goes PRESENT -> CONDEMNED -> DELETING -> gone, one step a run at most, and each step
// looks at the block again inside its transaction:
// - Condemned is what no revision and no manifest is counted to name, and that a search through all
//   revisions and manifests, begun after anybody last wanted the block, did not find either. When
//   the count and the search disagree the run fails with Reason::kIntegrity and removes nothing.
// - Whoever asks for, stores or commits a condemned block revives it.
// - Deleting begins after two completed runs and `grace`, and after a second search. From then on
//   the block counts as missing and may be stored anew, elsewhere.
// - A segment whose blocks are all gone is doomed; its object goes after `trash`. Its id is never
//   accepted again. Objects that crashed uploads left behind go the same way, after the same time.
//
// Safe beside any number of writers, and whenever it is stopped, killed or run again. One collector
// works on a namespace at a time (others: Reason::kLocked); one that was replaced because it fell
// silent can no longer change anything. Clocks and leases decide only when something happens, never
// whether it is safe. Any unreadable row or failed listing ends the run before it removes anything
// that depends on it.
//
// kCancelled when `stop` is requested: what was done counts. Segments with few live blocks are
// counted and stay as they are.
absl::StatusOr<CollectionReport> CollectGarbage(const EnginePorts& ports,
                                                const CollectorOptions& options);

}  // namespace syncengine

#endif  // SYNCENGINE_ENGINE_COLLECTOR_H_
