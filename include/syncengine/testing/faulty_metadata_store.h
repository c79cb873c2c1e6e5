// A metadata store whose calls fail on demand and whose closures may run twice.
#ifndef SYNCENGINE_TESTING_FAULTY_METADATA_STORE_H_
#define SYNCENGINE_TESTING_FAULTY_METADATA_STORE_H_

#include <string>
#include <vector>

#include "syncengine/base/error.h"
#include "syncengine/ports/metadata_store.h"
#include "syncengine/testing/fault_plan.h"

namespace syncengine {

// Asks `plan` before each call and passes what may happen on to `base`; both must outlive it. The
// calls are named "Update", "UpdateAnswer" (fails after the commit: the answer was lost), "View"
// and "ListPartitions". Thread-safe.
class FaultyMetadataStore final : public MetadataStore {
 public:
  struct Options {
    // Runs each Update's closure once in vain first, as a conflict would: finds closures with
    // effects outside their transaction.
    bool rerun_closures = false;
  };

  FaultyMetadataStore(MetadataStore& base, FaultPlan& plan)
      : FaultyMetadataStore(base, plan, Options{}) {}
  FaultyMetadataStore(MetadataStore& base, FaultPlan& plan, const Options& options)
      : base_(base), plan_(plan), options_(options) {}

  Properties properties() const override { return base_.properties(); }
  absl::Status Update(absl::string_view partition,
                      absl::FunctionRef<absl::Status(MetadataWriter&)> closure) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("Update"));
    if (options_.rerun_closures) SYNCENGINE_RETURN_IF_ERROR(RunInVain(partition, closure));
    SYNCENGINE_RETURN_IF_ERROR(base_.Update(partition, closure));
    return plan_.Next("UpdateAnswer");
  }
  absl::Status View(absl::string_view partition,
                    absl::FunctionRef<absl::Status(MetadataReader&)> closure) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("View"));
    return base_.View(partition, closure);
  }
  absl::StatusOr<std::vector<std::string>> ListPartitions() override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("ListPartitions"));
    return base_.ListPartitions();
  }

 private:
  absl::Status RunInVain(absl::string_view partition,
                         absl::FunctionRef<absl::Status(MetadataWriter&)> closure) {
    const absl::Status status = base_.Update(partition, [&](MetadataWriter& rows) -> absl::Status {
      SYNCENGINE_RETURN_IF_ERROR(closure(rows));
      return absl::AbortedError("run in vain");
    });
    return absl::IsAborted(status) ? absl::OkStatus() : status;
  }

  MetadataStore& base_;
  FaultPlan& plan_;
  const Options options_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_TESTING_FAULTY_METADATA_STORE_H_
