#include "tests/sim/plan.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "syncengine/testing/sim_random.h"

namespace syncengine::sim {
namespace {

constexpr absl::Duration kBusy = absl::Seconds(60);  // How long users work.

Weather MakeWeather(SimRandom& random) {
  Weather weather;
  weather.devices = 2 + static_cast<int>(random.Below(random.Chance(200) ? 4 : 2));
  weather.end_to_end = random.Chance(250);
  if (random.Chance(500)) weather.lose_request = random.Below(200);
  if (random.Chance(500)) weather.lose_reply = random.Below(200);
  if (random.Chance(400)) weather.repeat_request = random.Below(300);
  if (random.Chance(500)) weather.delay_max = absl::Milliseconds(1 + random.Below(3000));
  weather.collect = random.Chance(500);
  weather.forget = weather.collect && random.Chance(300);
  if (random.Chance(250)) weather.mtime_granularity_ns = 2'000'000'000;
  return weather;
}

absl::Duration SomeTime(SimRandom& random) {
  return absl::Milliseconds(random.Below(absl::ToInt64Milliseconds(kBusy)));
}

void AddOps(SimRandom& random, SimPlan& plan) {
  std::array<uint64_t, kOpKinds> weights = {30, 30, 12, 12, 8, 4, 6, 4, 4};
  for (uint64_t& weight : weights) {
    if (random.Chance(250)) weight = 0;
  }
  weights[0] = std::max<uint64_t>(weights[0], 5);
  uint64_t total = 0;
  for (const uint64_t weight : weights) total += weight;
  const uint64_t count = 3 + random.Below(random.Chance(300) ? 40 : 14);
  for (uint64_t i = 0; i < count; ++i) {
    UserOp op{.at = SomeTime(random),
              .device = static_cast<int>(random.Below(plan.weather.devices))};
    uint64_t dice = random.Below(total);
    int kind = 0;
    while (dice >= weights[kind]) dice -= weights[kind++];
    op.kind = static_cast<OpKind>(kind);
    op.a = random.Next() >> 8;
    op.b = random.Next() >> 8;
    plan.ops.push_back(op);
  }
}

void AddFault(SimRandom& random, SimPlan& plan, FaultKind kind, uint64_t bound) {
  plan.faults.push_back({.at = SomeTime(random),
                         .kind = kind,
                         .device = static_cast<int>(random.Below(plan.weather.devices)),
                         .a = 1 + random.Below(bound)});
}

void AddFaults(SimRandom& random, SimPlan& plan) {
  struct Kind {
    FaultKind kind;
    uint64_t chance;  // In a thousand runs.
    uint64_t most;    // Of one run.
    uint64_t bound;
  };
  static constexpr Kind kKinds[] = {
      {FaultKind::kCrashDevice, 350, 3, 400}, {FaultKind::kPowerCutDevice, 250, 2, 400},
      {FaultKind::kCrashServer, 350, 3, 200}, {FaultKind::kPowerCutServer, 250, 2, 200},
      {FaultKind::kPartition, 400, 4, 30},    {FaultKind::kClockJump, 250, 2, 100'000},
      {FaultKind::kDiskFault, 250, 4, 300},   {FaultKind::kServerDiskFault, 200, 3, 100},
  };
  for (const Kind& kind : kKinds) {
    if (!random.Chance(kind.chance)) continue;
    const uint64_t count = 1 + random.Below(kind.most);
    for (uint64_t i = 0; i < count; ++i) AddFault(random, plan, kind.kind, kind.bound);
    if (kind.kind == FaultKind::kServerDiskFault) plan.weather.server_disk_fails = true;
    if (kind.kind == FaultKind::kPowerCutDevice) plan.weather.resurrection_law = false;
  }
  if (!random.Chance(120)) return;
  plan.weather.server_restored = true;
  plan.weather.resurrection_law = false;
  plan.faults.push_back({.at = kBusy * 0.3, .kind = FaultKind::kBackupServer});
  plan.faults.push_back({.at = kBusy * 0.7, .kind = FaultKind::kRestoreServer});
}

// Drawn apart from the rest, which the seeds in seeds.txt go on drawing as they did.
void AddRareParts(SimPlan& plan) {
  SimRandom random(SimRandom(plan.seed ^ 0x72617265).Next());
  Weather& weather = plan.weather;
  if (random.Chance(250)) weather.watching = static_cast<uint32_t>(random.Next());
  if (random.Chance(120)) {
    // What waits for its name on such a disk waits with its deletion.
    weather.folds_case = static_cast<uint32_t>(random.Next()) & ~1u;
    weather.resurrection_law = false;
  }
  for (const FaultKind kind : {FaultKind::kFillDevice, FaultKind::kFillServer}) {
    if (!random.Chance(120)) continue;
    const uint64_t count = 1 + random.Below(2);
    for (uint64_t i = 0; i < count; ++i) AddFault(random, plan, kind, 20);
  }
  if (!random.Chance(120)) return;
  weather.device_restored = true;
  weather.resurrection_law = false;
  AddFault(random, plan, FaultKind::kBackupDevice, 2);
  Fault restore = plan.faults.back();
  restore.kind = FaultKind::kRestoreDevice;
  restore.at += (kBusy - restore.at) * 0.5;
  plan.faults.push_back(restore);
}

template <typename Event>
void SortByTime(std::vector<Event>& events) {
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.at < b.at; });
}

}  // namespace

SimPlan MakePlan(uint64_t seed) {
  SimRandom random(SimRandom(seed).Next());  // Neighbours would share a part of their numbers.
  SimPlan plan;
  plan.seed = seed;
  plan.weather = MakeWeather(random);
  AddOps(random, plan);
  AddFaults(random, plan);
  AddRareParts(plan);
  SortByTime(plan.ops);
  SortByTime(plan.faults);
  return plan;
}

std::string Describe(const Weather& weather) {
  std::string text = absl::StrCat(weather.devices, " devices");
  if (weather.end_to_end) absl::StrAppend(&text, ", end to end");
  if (weather.collect) absl::StrAppend(&text, ", collection");
  if (weather.forget) absl::StrAppend(&text, ", old revisions are forgotten");
  for (int device = 0; device < weather.devices; ++device) {
    if (weather.watching >> device & 1) absl::StrAppend(&text, ", device ", device, " watches");
    if (weather.folds_case >> device & 1) {
      absl::StrAppend(&text, ", device ", device, " takes 'a' for 'A'");
    }
  }
  return text;
}

std::string Describe(const UserOp& op) {
  static constexpr absl::string_view kVerbs[] = {"writes",
                                                 "edits",
                                                 "deletes",
                                                 "renames",
                                                 "makes a directory",
                                                 "removes a tree",
                                                 "moves a directory",
                                                 "links",
                                                 "sets a mode"};
  return absl::StrCat(absl::FormatDuration(op.at), " user ", op.device, " ",
                      kVerbs[static_cast<int>(op.kind)], " (", op.a % 1000, ", ", op.b % 1000, ")");
}

std::string Describe(const Fault& fault) {
  static constexpr absl::string_view kNames[] = {
      "crash of device",          "power cut of device",   "crash of the server",
      "power cut of the server",  "partition of device",   "clock jump of device",
      "backup of the server",     "restore of the server", "disk fault of device",
      "disk fault of the server", "full disk of device",   "full disk of the server",
      "backup of device",         "restore of device"};
  return absl::StrCat(absl::FormatDuration(fault.at), " ", kNames[static_cast<int>(fault.kind)],
                      " ", fault.device, " (", fault.a, ")");
}

}  // namespace syncengine::sim
