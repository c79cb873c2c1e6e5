// An object store whose calls fail on demand.
#ifndef SYNCENGINE_TESTING_FAULTY_OBJECT_STORE_H_
#define SYNCENGINE_TESTING_FAULTY_OBJECT_STORE_H_

#include <string>

#include "syncengine/base/error.h"
#include "syncengine/ports/object_store.h"
#include "syncengine/testing/fault_plan.h"

namespace syncengine {

// Asks `plan` before each call and passes what may happen on to `base`; both must outlive it. The
// calls are named after the methods. Thread-safe.
class FaultyObjectStore final : public ObjectStore {
 public:
  FaultyObjectStore(ObjectStore& base, FaultPlan& plan) : base_(base), plan_(plan) {}

  Properties properties() const override { return base_.properties(); }
  absl::Status Put(absl::string_view name, absl::string_view bytes) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("Put"));
    SYNCENGINE_RETURN_IF_ERROR(base_.Put(name, bytes));
    // "PutAnswer" fails after the effect: the answer was lost.
    return plan_.Next("PutAnswer");
  }
  absl::StatusOr<std::string> Get(absl::string_view name, uint64_t offset,
                                  uint64_t length) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("Get"));
    return base_.Get(name, offset, length);
  }
  absl::StatusOr<ObjectEntry> Stat(absl::string_view name) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("Stat"));
    return base_.Stat(name);
  }
  absl::Status Delete(absl::string_view name) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("Delete"));
    return base_.Delete(name);
  }
  absl::StatusOr<ObjectPage> List(absl::string_view prefix, absl::string_view after,
                                  int limit) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("List"));
    return base_.List(prefix, after, limit);
  }
  absl::Status SetTier(absl::string_view name, Tier tier) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("SetTier"));
    return base_.SetTier(name, tier);
  }
  absl::Status Restore(absl::string_view name) override {
    SYNCENGINE_RETURN_IF_ERROR(plan_.Next("Restore"));
    return base_.Restore(name);
  }

 private:
  ObjectStore& base_;
  FaultPlan& plan_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_TESTING_FAULTY_OBJECT_STORE_H_
