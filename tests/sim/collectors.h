// Garbage collection beside everything else: collectors that overlap, stop in the middle and have
// wrong clocks, since none of that may cost a byte.
#ifndef SYNCENGINE_TESTS_SIM_COLLECTORS_H_
#define SYNCENGINE_TESTS_SIM_COLLECTORS_H_

#include <cstdint>

#include "syncengine/engine/collector.h"
#include "tests/sim/server.h"

namespace syncengine::sim {

class Laws;

class Collectors {
 public:
  Collectors(SimServer& server, Laws& laws, const SimPlan& plan)
      : server_(server),
        laws_(laws),
        random_(plan.seed ^ 0x6763),
        forget_(plan.weather.forget),
        disk_fails_(plan.weather.server_disk_fails) {}

  // Begins one run on the server's machine, and perhaps forgets old revisions before.
  void Begin();
  // Collects all there is when nobody does anything: what is referenced stays, nothing else does.
  void CollectAll();

  uint64_t runs = 0;
  uint64_t deleted_blocks = 0;
  uint64_t deleted_objects = 0;

 private:
  struct Haste {
    absl::Duration skew;      // Of the collector's clock.
    absl::Duration slowness;  // Of its transactions, at most.
    CollectorOptions options;
  };

  Haste MakeHaste();
  absl::StatusOr<CollectionReport> Run(const Haste& haste);

  SimServer& server_;
  Laws& laws_;
  SimRandom random_;
  const bool forget_;
  const bool disk_fails_;  // Then unreadable objects are no surprise.
};

}  // namespace syncengine::sim

#endif  // SYNCENGINE_TESTS_SIM_COLLECTORS_H_
