#include "tests/sim/collectors.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/engine/check.h"
#include "syncengine/engine/forget.h"
#include "tests/sim/laws.h"
#include "tests/sim/slow_metadata.h"

namespace syncengine::sim {
namespace {

constexpr int kRunsToEmptyTrash = 8;  // Manifests go level by level, and each step takes a run.

void ForgetOld(const EnginePorts& ports, Service& owner, uint64_t keep) {
  const auto spaces = owner.ListNamespaces();
  if (!spaces.ok() || spaces->empty()) return;
  ForgetRevisions(ports, spaces->front().id, {.keep_newest = keep}).IgnoreError();
}

}  // namespace

Collectors::Haste Collectors::MakeHaste() {
  Haste haste;
  // Hours ahead: uploads count as idle and every grace has passed, which must not matter.
  if (random_.Chance(300)) haste.skew = absl::Minutes(random_.Below(170));
  if (random_.Chance(600)) haste.slowness = absl::Milliseconds(random_.Below(400));
  haste.options.grace = absl::Seconds(random_.Below(20));
  haste.options.trash = absl::Seconds(random_.Below(20));
  haste.options.lease = absl::Milliseconds(1 + random_.Below(random_.Chance(300) ? 5 : 5000));
  haste.options.force = true;
  haste.options.slice_rows = 1 + static_cast<int>(random_.Below(20));
  return haste;
}

absl::StatusOr<CollectionReport> Collectors::Run(const Haste& haste) {
  SimClock clock(server_.machine.scheduler());
  clock.SetSkew(haste.skew);
  const EnginePorts own = server_.ports();
  SlowMetadata rows(server_.machine, own.metadata, haste.slowness, random_.Next());
  const EnginePorts ports{own.objects, rows,         own.notifier, clock,
                          own.entropy, own.executor, own.keys};
  if (forget_ && random_.Chance(400)) ForgetOld(ports, *server_.engine().OwnerSession(), 1);
  absl::StatusOr<CollectionReport> report = CollectGarbage(ports, haste.options);
  ++runs;
  laws_.Said(report.status().ToString());
  if (report.ok()) {
    deleted_blocks += report->blocks_deleted;
    deleted_objects += report->objects_deleted;
  } else if (!disk_fails_ && GetReason(report.status()) == Reason::kIntegrity) {
    laws_.Break(absl::StrCat("collection: ", report.status().ToString()));
  }
  return report;
}

void Collectors::Begin() {
  server_.machine.Spawn([this, haste = MakeHaste()] {
    if (server_.serving()) Run(haste).IgnoreError();
  });
}

void Collectors::CollectAll() {
  for (int run = 0; run < kRunsToEmptyTrash; ++run) {
    const Haste haste{
        .skew = absl::Hours(3 * (run + 1)),
        .options = {.grace = absl::ZeroDuration(), .trash = absl::ZeroDuration(), .force = true}};
    const auto report = Run(haste);
    if (!report.ok()) {
      return laws_.Break(absl::StrCat("collection at rest: ", report.status().ToString()));
    }
  }
  const auto check = CheckRepository(server_.rows(), server_.objects());
  if (!check.ok()) return laws_.Break(absl::StrCat("check: ", check.status().ToString()));
  if (check->objects_unreferenced + check->objects_in_trash > 0) {
    laws_.Break(absl::StrCat("collection leaves ", check->objects_unreferenced, " orphans and ",
                             check->objects_in_trash, " objects in the trash"));
  }
}

}  // namespace syncengine::sim
