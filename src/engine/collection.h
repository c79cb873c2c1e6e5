// One collector's run over one namespace: what its phases share. The phases are in
// collection_lease.cc (who may collect, and for how long the past is), collection_search.cc (what
// could go), collection_blocks.cc and collection_segments.cc (what goes). keys.h has the rows.
#ifndef SYNCENGINE_ENGINE_COLLECTION_H_
#define SYNCENGINE_ENGINE_COLLECTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "src/engine/rows.h"
#include "syncengine/engine/collector.h"

namespace syncengine::engine {

// What a search found. Vectors are in the order of ids.
struct Candidates {
  std::vector<BlockId> to_condemn;  // Unreferenced for all this run knows.
  std::vector<BlockId> to_delete;   // Condemned for long enough.
  uint64_t to_condemn_total = 0;    // Also those beyond candidates_max.
  uint64_t to_delete_total = 0;
  uint64_t blocks = 0;     // Usable ones.
  uint64_t manifests = 0;  // Of them.
  uint64_t deltas = 0;     // Of them, in delta frames.
};

// How much of what can refer the second witness has read.
struct Seen {
  uint64_t revisions = 0;
  uint64_t manifests = 0;
  uint64_t deltas = 0;  // Blocks in delta frames.
};

// Single-threaded.
class Collection {
 public:
  // Everything outlives the collection.
  Collection(const EnginePorts& ports, const NamespaceId& id, const CollectorOptions& options,
             CollectionReport& report)
      : ports_(ports), id_(id), options_(options), report_(report) {}

  // A whole run; the lease is given back at its end.
  absl::Status Run();
  // What a run would do.
  absl::Status DryRun();

 private:
  using Update = absl::FunctionRef<absl::Status(MetadataWriter& rows, HeadRow& head)>;
  absl::Status RunLeased();

  // --- collection_lease.cc ---
  absl::Status TakeLease();
  absl::Status GiveLeaseBack();
  // A transaction that fails with Reason::kLocked when another collector has taken over.
  absl::Status Fenced(Update update);
  absl::Status BeginEpoch();
  absl::Status CompleteEpoch(const Candidates& candidates);
  // Sets horizon_: what was condemned or suspected in this epoch or an earlier one has waited for
  // long enough.
  absl::Status FindHorizon();
  // Visits the completed epochs, newest first, until `visit` says false.
  absl::Status ForEachEpoch(absl::FunctionRef<bool(uint64_t epoch, const EpochRow& row)> visit);
  absl::Status ForgetOldEpochs();
  absl::Status CheckStop() const;
  // Visits the rows with keys that begin with `prefix`, a slice at a time, each of its own
  // snapshot.
  absl::Status ForEachSlice(absl::string_view prefix,
                            absl::FunctionRef<absl::Status(const std::vector<KeyValue>&)> visit);

  // --- collection_search.cc ---
  // Also sets touched_before_.
  absl::Status EndIdleUploads();
  absl::StatusOr<Candidates> FindCandidates();
  void Consider(const BlockId& id, const BlockRow& row, Candidates& candidates);
  absl::Status CheckBrakes(const Candidates& candidates);
  // Looks for references to the candidates in everything that can refer.
  absl::Status ConfirmUnreferenced(const Candidates& candidates);
  absl::Status CheckComplete(const Seen& seen, uint64_t sequence_before,
                             const Candidates& candidates);
  // `referred` are candidates that something refers to: fine only when that is news.
  absl::Status CheckReferred(const std::vector<BlockId>& referred);

  // --- collection_blocks.cc ---
  absl::Status Condemn(const std::vector<BlockId>& ids);
  absl::Status DeleteBlocks(const std::vector<BlockId>& ids);
  // Removes rows of deleted blocks whose segment is gone, too.
  absl::Status ForgetDeleted(const std::vector<BlockId>& ids);

  // --- collection_segments.cc ---
  absl::Status DoomSegments();
  absl::Status CheckUnused(const std::vector<SegmentId>& ids);
  absl::Status Doom(const std::vector<SegmentId>& ids);
  absl::Status SuspectOrphans();
  absl::Status SuspectOrphansOf(const std::vector<ObjectEntry>& entries);
  absl::Status DeleteDoomed();
  absl::Status AdvanceDoomed(const std::vector<KeyValue>& slice);
  absl::Status DeleteObjects(const std::vector<SegmentId>& ids);

  const EnginePorts& ports_;
  const NamespaceId id_;
  const CollectorOptions& options_;
  CollectionReport& report_;

  CollectorId holder_;
  uint64_t token_ = 0;
  uint64_t epoch_ = 0;               // Of this run.
  uint64_t touched_before_ = 0;      // Candidates were last wanted in an epoch before this one.
  std::optional<uint64_t> horizon_;  // Absent: nothing has waited for long enough.
  uint64_t blocks_before_ = 0;       // UsageRow when the run began.
  uint64_t condemned_ = 0;
  uint64_t deleted_ = 0;
};

}  // namespace syncengine::engine

#endif  // SYNCENGINE_ENGINE_COLLECTION_H_
