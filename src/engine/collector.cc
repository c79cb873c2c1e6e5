#include "syncengine/engine/collector.h"

#include "absl/strings/str_cat.h"
#include "src/engine/collection.h"
#include "src/engine/keys.h"
#include "src/engine/transactions.h"
#include "src/engine/verbs.h"
#include "syncengine/base/error.h"

namespace syncengine {
namespace engine {

absl::Status Collection::Run() {
  SYNCENGINE_RETURN_IF_ERROR(TakeLease());
  const absl::Status status = RunLeased();
  const absl::Status returned = GiveLeaseBack();
  // Counts that do not match are no damage when another collector has changed them meanwhile.
  const bool replaced = GetReason(returned) == Reason::kLocked;
  return status.ok() || (replaced && absl::IsDataLoss(status)) ? returned : status;
}

absl::Status Collection::RunLeased() {
  SYNCENGINE_RETURN_IF_ERROR(BeginEpoch());
  SYNCENGINE_RETURN_IF_ERROR(FindHorizon());
  SYNCENGINE_RETURN_IF_ERROR(EndIdleUploads());
  SYNCENGINE_ASSIGN_OR_RETURN(const Candidates candidates, FindCandidates());
  SYNCENGINE_RETURN_IF_ERROR(CheckBrakes(candidates));
  SYNCENGINE_RETURN_IF_ERROR(ConfirmUnreferenced(candidates));
  SYNCENGINE_RETURN_IF_ERROR(Condemn(candidates.to_condemn));
  SYNCENGINE_RETURN_IF_ERROR(DeleteBlocks(candidates.to_delete));
  SYNCENGINE_RETURN_IF_ERROR(DoomSegments());
  SYNCENGINE_RETURN_IF_ERROR(SuspectOrphans());
  SYNCENGINE_RETURN_IF_ERROR(DeleteDoomed());
  return CompleteEpoch(candidates);
}

absl::Status Collection::DryRun() {
  const auto read = [&](MetadataReader&, const HeadRow& head) {
    epoch_ = head.epoch + 1;
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(ports_, id_, read));
  SYNCENGINE_RETURN_IF_ERROR(FindHorizon());
  SYNCENGINE_RETURN_IF_ERROR(EndIdleUploads());
  SYNCENGINE_ASSIGN_OR_RETURN(const Candidates candidates, FindCandidates());
  report_.blocks_condemned += candidates.to_condemn_total;
  report_.blocks_deleted += candidates.to_delete_total;
  SYNCENGINE_RETURN_IF_ERROR(CheckBrakes(candidates));
  return DoomSegments();
}

}  // namespace engine

absl::StatusOr<CollectionReport> CollectGarbage(const EnginePorts& ports,
                                                const CollectorOptions& options) {
  if (options.slice_rows < 1 || options.median_times_max < 1) {
    return absl::InvalidArgumentError(
        "collector: expected slice_rows and median_times_max of at least 1");
  }
  CollectionReport report;
  Progress progress;
  SYNCENGINE_ASSIGN_OR_RETURN(const auto namespaces, engine::ListNamespaces(ports));
  progress.files_total = namespaces.size();
  progress.total_known = true;
  for (const NamespaceRecord& record : namespaces) {
    progress.current = record.name;
    if (options.progress) options.progress(progress);
    engine::Collection collection(ports, record.id, options, report);
    const absl::Status status = options.dry_run ? collection.DryRun() : collection.Run();
    if (!status.ok()) return Annotate(status, absl::StrCat("namespace ", record.name));
    ++report.namespaces;
    ++progress.files_done;
  }
  if (options.progress) options.progress(progress);
  return report;
}

}  // namespace syncengine
