// A store whose every transaction takes a while, so that what others do comes in between.
#ifndef SYNCENGINE_TESTS_SIM_SLOW_METADATA_H_
#define SYNCENGINE_TESTS_SIM_SLOW_METADATA_H_

#include <string>
#include <vector>

#include "syncengine/base/error.h"
#include "syncengine/ports/metadata_store.h"
#include "syncengine/testing/sim_ports.h"
#include "syncengine/testing/sim_random.h"
#include "syncengine/testing/sim_scheduler.h"

namespace syncengine::sim {

class SlowMetadata final : public MetadataStore {
 public:
  // Waits for up to `most` before a call. `machine` and `base` outlive it.
  SlowMetadata(SimMachine& machine, MetadataStore& base, absl::Duration most, uint64_t seed)
      : machine_(machine), base_(base), most_(most), random_(seed) {}

  Properties properties() const override { return base_.properties(); }
  absl::Status Update(absl::string_view partition,
                      absl::FunctionRef<absl::Status(MetadataWriter&)> closure) override {
    SYNCENGINE_RETURN_IF_ERROR(Dawdle());
    return base_.Update(partition, closure);
  }
  absl::Status View(absl::string_view partition,
                    absl::FunctionRef<absl::Status(MetadataReader&)> closure) override {
    SYNCENGINE_RETURN_IF_ERROR(Dawdle());
    return base_.View(partition, closure);
  }
  absl::StatusOr<std::vector<std::string>> ListPartitions() override {
    return base_.ListPartitions();
  }

 private:
  // A dead machine has nothing to wait for.
  absl::Status Dawdle() {
    if (machine_.dead() || most_ == absl::ZeroDuration()) return absl::OkStatus();
    const auto most = static_cast<uint64_t>(absl::ToInt64Milliseconds(most_));
    machine_.scheduler().Sleep(absl::Milliseconds(random_.Below(most + 1)));
    return machine_.dead() ? MachineIsDead() : absl::OkStatus();
  }

  SimMachine& machine_;
  MetadataStore& base_;
  const absl::Duration most_;
  SimRandom random_;
};

}  // namespace syncengine::sim

#endif  // SYNCENGINE_TESTS_SIM_SLOW_METADATA_H_
