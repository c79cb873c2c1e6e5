#include "tests/sim/world.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "syncengine/testing/sim_ports.h"
#include "tests/sim/collectors.h"
#include "tests/sim/device.h"
#include "tests/sim/laws.h"
#include "tests/sim/server.h"
#include "tests/sim/users.h"

namespace syncengine::sim {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(50);
constexpr absl::Duration kNewsMax = absl::Seconds(20);  // Some clients only look now and then.
constexpr int kVacuumTicksMax = 100'000;
constexpr int kSettleRoundsMax = 16;

class World {
 public:
  World(const SimPlan& plan, bool log)
      : plan_(plan),
        log_(log),
        scheduler_(plan.seed ^ 0x7363),
        stage_(scheduler_, "stage"),
        server_(scheduler_, plan),
        users_(plan.weather.folds_case != 0),
        laws_(plan),
        collectors_(server_, laws_, plan) {}

  RunResult Run() {
    stage_.Spawn([this] { Direct(); });
    if (!scheduler_.Run()) laws_.Break("the run does not come to an end");
    RunResult result = laws_.TakeFailures();
    result.trace_hash = scheduler_.trace_hash();
    result.virtual_time = scheduler_.now();
    result.switches = scheduler_.switches();
    result.user_ops = users_.performed();
    result.crashes = crashes_;
    result.collections = collectors_.runs;
    result.collected_blocks = collectors_.deleted_blocks;
    result.collected_objects = collectors_.deleted_objects;
    result.requests = server_.network.requests;
    result.network_troubles = server_.network.troubles;
    for (const auto& device : devices_) {
      result.syncs += device->syncs;
      result.conflicts += device->conflicts;
    }
    return result;
  }

 private:
  void Log(absl::string_view event) {
    if (!log_) return;
    std::fprintf(stderr, "%s %.*s\n", absl::FormatDuration(scheduler_.now()).c_str(),
                 static_cast<int>(event.size()), event.data());
  }
  void SleepUntil(absl::Duration time) {
    if (time > scheduler_.now()) scheduler_.Sleep(time - scheduler_.now());
  }

  // The whole run, on a machine that never fails.
  void Direct() {
    Log(Describe(plan_.weather));
    if (plan_.weather.end_to_end) server_.network.canary = std::string(kCanary);
    if (const absl::Status made = server_.Initialise(); !made.ok()) {
      return laws_.Break(absl::StrCat("the server does not start: ", made.ToString()));
    }
    for (int i = 0; i < plan_.weather.devices; ++i) {
      devices_.push_back(std::make_unique<SimDevice>(server_, plan_, i, server_.token(i)));
      devices_.back()->on_sync = [this](SimDevice& device,
                                        const absl::StatusOr<SyncReport>& report) {
        laws_.FollowDevice(device);
        if (log_) LogReport(device, report);
      };
      StartClient(*devices_.back());
    }
    stage_.Spawn([this] { PlayUsers(); });
    stage_.Spawn([this] { Probe(); });
    if (plan_.weather.collect) stage_.Spawn([this] { Collect(); });
    for (const Fault& fault : plan_.faults) {
      stage_.Spawn([this, fault] { PlayFault(fault); });
    }
    scheduler_.Sleep(absl::Seconds(75));
    Settle();
  }

  void PlayUsers() {
    for (const UserOp& op : plan_.ops) {
      SleepUntil(op.at);
      SimDevice& device = *devices_[op.device];
      if (device.machine.dead() || settling_) continue;
      Log(Describe(op));
      users_.Perform(device, op);
    }
  }

  // Follows the journal as a reader does that never misses anything.
  void Probe() {
    while (!settling_) {
      scheduler_.Sleep(absl::Seconds(4));
      if (server_.machine.dead() || server_.network.handler == nullptr) continue;
      server_.machine.Spawn([this] { laws_.ReadJournal(server_); });
    }
  }

  // Runs may overlap: then one of them has lost its lease, or finds it taken.
  void Collect() {
    SimRandom random(plan_.seed ^ 0x6774);
    while (!settling_) {
      scheduler_.Sleep(absl::Milliseconds(random.Below(random.Chance(200) ? 100 : 6000)));
      if (!settling_ && server_.serving()) collectors_.Begin();
    }
  }

  void StartClient(SimDevice& device) {
    device.machine.Spawn([this, &device] { device.RunClient(settling_); });
  }

  // --- Faults ---

  void PlayFault(const Fault& fault) {
    SleepUntil(fault.at);
    if (settling_) return;
    Log(Describe(fault));
    SimDevice& device = *devices_[fault.device];
    switch (fault.kind) {
      case FaultKind::kCrashDevice:
        return CrashDevice(device, fault.a, false);
      case FaultKind::kPowerCutDevice:
        return CrashDevice(device, fault.a, true);
      case FaultKind::kCrashServer:
        return CrashServer(fault.a, false);
      case FaultKind::kPowerCutServer:
        return CrashServer(fault.a, true);
      case FaultKind::kPartition:
        device.link.SetCut(true);
        scheduler_.Sleep(absl::Seconds(fault.a));
        return device.link.SetCut(false);
      case FaultKind::kClockJump:
        return device.JumpClock(absl::Seconds(static_cast<int64_t>(fault.a) - 50'000));
      case FaultKind::kBackupServer:
        if (server_.machine.dead()) return;
        return server_.Backup();
      case FaultKind::kRestoreServer:
        return RestoreServer();
      case FaultKind::kDiskFault:
        return device.FailDisk(fault.a);
      case FaultKind::kServerDiskFault:
        return server_.FailDisk(fault.a);
      case FaultKind::kFillDevice:
        device.FillDisk(true, fault.a % 2 == 0);
        scheduler_.Sleep(absl::Seconds(fault.a));
        return device.MakeRoom();
      case FaultKind::kFillServer:
        server_.FillDisk(true, fault.a % 2 == 0);
        scheduler_.Sleep(absl::Seconds(fault.a));
        return server_.MakeRoom();
      case FaultKind::kBackupDevice:
        if (device.machine.dead()) return;
        return device.Backup();
      case FaultKind::kRestoreDevice:
        return RestoreDevice(device, fault.a % 2 != 0);
    }
  }

  // True when it died; all its fibers have ended then.
  bool Kill(SimMachine& machine, uint64_t calls) {
    if (machine.dead() || !falling_.insert(&machine).second) return false;
    machine.CrashAfter(calls);
    for (int tick = 0; tick < 200 && !machine.dead() && !settling_; ++tick) scheduler_.Sleep(kTick);
    machine.CancelCrash();
    if (!machine.dead()) falling_.erase(&machine);
    if (!machine.dead()) return false;
    ++crashes_;
    AwaitVacuum(machine);
    return true;
  }
  void AwaitVacuum(SimMachine& machine) {
    int ticks = 0;
    while (machine.fibers() > 0 && ++ticks < kVacuumTicksMax) scheduler_.Sleep(kTick);
    if (machine.fibers() > 0)
      laws_.Break(absl::StrCat(machine.name(), ": code runs on for ever after its machine died"));
  }

  void CrashDevice(SimDevice& device, uint64_t calls, bool power_cut) {
    if (!Kill(device.machine, calls)) return;
    Log(absl::StrCat(device.machine.name(), power_cut ? " lost power" : " was killed"));
    device.Stop(power_cut);
    device.FailDisk(0);
    scheduler_.Sleep(absl::Seconds(1));
    device.machine.Revive();
    falling_.erase(&device.machine);
    if (!settling_) StartClient(device);
  }

  void RestoreDevice(SimDevice& device, bool folder_too) {
    if (!device.has_backup() || !falling_.insert(&device.machine).second) return;
    device.machine.Crash();
    ++crashes_;
    AwaitVacuum(device.machine);
    device.Stop(false);
    const Tree before = device.ReadTree();
    device.Restore(folder_too);
    users_.PutBack(before, device.ReadTree());
    laws_.ForgetDevice(device);
    device.FailDisk(0);
    device.machine.Revive();
    falling_.erase(&device.machine);
    if (!settling_) StartClient(device);
  }

  // Whoever starts it sees to its disk.
  void StartServer() {
    server_.machine.Revive();
    server_.FailDisk(0);
    server_.MakeRoom();
    if (const absl::Status started = server_.Start(); !started.ok()) {
      laws_.Said(started.ToString());
      laws_.Break(absl::StrCat("the server does not start again: ", started.ToString()));
    }
    falling_.erase(&server_.machine);  // Not earlier: who takes it down would meet half a server.
  }
  void CrashServer(uint64_t calls, bool power_cut) {
    if (!Kill(server_.machine, calls)) return;
    Log(power_cut ? "the server lost power" : "the server was killed");
    server_.Stop(power_cut);
    scheduler_.Sleep(absl::Seconds(2));
    StartServer();
  }
  void RestoreServer() {
    if (!server_.has_backup() || !falling_.insert(&server_.machine).second) return;
    server_.machine.Crash();
    ++crashes_;
    AwaitVacuum(server_.machine);
    server_.Stop(false);
    server_.Restore();
    laws_.ForgetJournal();
    StartServer();
  }

  // --- Rest ---

  void Settle() {
    settling_ = true;
    server_.network.calm = true;
    for (const auto& device : devices_) {
      device->link.SetCut(false);
      device->FailDisk(0);
      device->MakeRoom();
      device->JumpClock(absl::ZeroDuration());
      device->EndWatch();
    }
    server_.MakeRoom();
    scheduler_.Sleep(absl::Seconds(30));  // The last faults play out, the clients end.
    for (const auto& device : devices_) AwaitVacuum(device->machine);
    server_.machine.Crash();
    AwaitVacuum(server_.machine);
    server_.Stop(false);
    StartServer();
    Log("all is calm");
    const bool rested = ComeToRest() && NewsArrives() && ComeToRest();
    scheduler_.Sleep(absl::Minutes(10));
    if (rested) {
      laws_.ReadJournal(server_);
      const uint64_t before = laws_.journal_size();
      for (const auto& device : devices_) laws_.MovesNothing(*device, device->SyncOnce());
      laws_.ReadJournal(server_);
      if (laws_.journal_size() != before) laws_.Break("the journal grew when nobody did anything");
    }
    if (plan_.weather.collect) collectors_.CollectAll();
    laws_.JudgeRest(server_, devices_, users_);
  }

  bool ComeToRest() {
    for (int round = 0; round < kSettleRoundsMax; ++round) {
      scheduler_.Sleep(absl::Seconds(10));
      bool idle = true;
      for (const auto& device : devices_) {
        const absl::StatusOr<SyncReport> report = device->SyncOnce();
        if (report.ok() && (report->idle || LacksOnlyTwins(*device, *report))) continue;
        idle = false;
        last_ = report;
      }
      if (!idle) continue;
      bool same = true;
      for (const auto& device : devices_) same = same && Agree(*devices_[0], *device);
      if (same) return true;
    }
    laws_.NeverAtRest(devices_, last_);
    return false;
  }
  // Where clients stay and watch, a new file is everywhere soon, and nobody has to ask for it.
  bool NewsArrives() {
    if (plan_.weather.watching == 0) return true;
    bool stop = false;
    for (const auto& device : devices_) {
      device->machine.Spawn([&device = *device, &stop] { device.RunClient(stop); });
    }
    scheduler_.Sleep(absl::Seconds(10));
    users_.Perform(*devices_[0], {.kind = OpKind::kWrite, .a = plan_.seed, .b = plan_.seed / 7});
    scheduler_.Sleep(kNewsMax);
    for (const auto& device : devices_) {
      if (!Agree(*devices_[0], *device)) {
        laws_.Break(absl::StrCat("news does not arrive: ", device->machine.name()));
      }
    }
    stop = true;
    for (const auto& device : devices_) device->EndWatch();
    for (const auto& device : devices_) AwaitVacuum(device->machine);
    return true;
  }
  // A disk that takes 'a' for 'A' has one of two such files, and the client says so.
  static bool LacksOnlyTwins(const SimDevice& device, const SyncReport& report) {
    if (!device.folds_case()) return false;
    const bool still = report.uploaded + report.downloaded + report.moved + report.deleted == 0;
    return still && report.issues.size() == device.twins().size();
  }
  void LogReport(const SimDevice& device, const absl::StatusOr<SyncReport>& last) {
    if (!last.ok()) return Log(absl::StrCat(device.machine.name(), ": ", last.status().ToString()));
    Log(absl::StrCat(device.machine.name(), ": up ", last->uploaded, " down ", last->downloaded,
                     " moved ", last->moved, " deleted ", last->deleted, " issues ",
                     last->issues.size(), last->idle ? " idle" : ""));
    for (const Issue& issue : last->issues) Log(absl::StrCat("  ", issue.path, ": ", issue.cause));
  }

  const SimPlan& plan_;
  const bool log_;
  SimScheduler scheduler_;
  SimMachine stage_;
  SimServer server_;
  std::vector<std::unique_ptr<SimDevice>> devices_;
  Users users_;
  Laws laws_;
  Collectors collectors_;
  absl::StatusOr<SyncReport> last_ = SyncReport{};
  std::set<SimMachine*> falling_;  // From the decision that they crash until they run again.
  uint64_t crashes_ = 0;
  bool settling_ = false;
};

}  // namespace

RunResult RunPlan(const SimPlan& plan, bool log) { return World(plan, log).Run(); }

}  // namespace syncengine::sim
