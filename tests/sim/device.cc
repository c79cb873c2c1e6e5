#include "tests/sim/device.h"

#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/testing/power_cuts.h"

namespace syncengine::sim {
namespace {

void ReadInto(FileSystem& files, const std::string& path, Tree& tree) {
  const auto entries = files.List(path);
  if (!entries.ok()) return;
  for (const DirectoryEntry& entry : *entries) {
    if (entry.name == ".syncengine") continue;
    const std::string child = path.empty() ? entry.name : absl::StrCat(path, "/", entry.name);
    if (entry.kind == FileKind::kDirectory) {
      tree[child + "/"] = "";
      ReadInto(files, child, tree);
    } else if (entry.kind == FileKind::kSymlink) {
      tree[child] = absl::StrCat("-> ", files.ReadSymlink(child).value_or("?"));
    } else if (auto file = files.OpenToRead(child); file.ok()) {
      std::string bytes((*file)->Stat()->size, '\0');
      (*file)->ReadAt(0, bytes.data(), bytes.size()).IgnoreError();
      tree[child] = std::move(bytes);
    }
  }
}

}  // namespace

SimDevice::SimDevice(SimServer& server, const SimPlan& plan, int index, std::string token)
    : machine(server.machine.scheduler(), absl::StrCat("dev", index)),
      link(server.network, machine),
      server_(server),
      index_(index),
      token_(std::move(token)),
      clock_(server.machine.scheduler()),
      entropy_(plan.seed * 64 + index),
      random_(plan.seed ^ (0x6465'0000u + index)),
      executor_(machine),
      disk_(std::make_unique<MemoryFileSystem>(
          clock_,
          MemoryFileSystem::Options{.mtime_granularity_ns = plan.weather.mtime_granularity_ns,
                                    .power_cuts = true,
                                    .page_bytes = 512})),
      files_(machine, *disk_),
      state_(machine, rows_) {
  files_.SetFault([this](absl::string_view, absl::string_view) {
    if (disk_fault_ == 0 || --disk_fault_ > 0) return absl::OkStatus();
    return absl::DataLossError("sim: input/output error");
  });
}

absl::Status SimDevice::Connect() {
  if (opened_) return absl::OkStatus();
  client_ = std::make_unique<http::Client>(
      link, Secret(token_), http::ClientPorts{executor_, clock_, entropy_},
      http::ClientOptions{.retry = {.attempts_max = 3}, .timeout = absl::Seconds(5)});
  SYNCENGINE_ASSIGN_OR_RETURN(opened_, OpenNamespace(*client_, "main", &server_.keys(), entropy_));
  return absl::OkStatus();
}

// A user who is asked whether the deletions are meant says yes.
absl::StatusOr<SyncReport> SimDevice::SyncConfirming(FolderClient& client) {
  absl::StatusOr<SyncReport> report = client.SyncOnce();
  if (report.ok() || client.pending_confirmation().empty()) return report;
  machine.scheduler().Trace("confirmed");
  return client.SyncOnce({.confirm = client.pending_confirmation()});
}

absl::StatusOr<SyncReport> SimDevice::SyncOnce() {
  absl::StatusOr<SyncReport> report = OpenAndSync();
  if (report.ok()) conflicts += report->conflicts;
  ++syncs;
  if (on_sync) on_sync(*this, report);
  return report;
}

absl::StatusOr<SyncReport> SimDevice::OpenAndSync() {
  SYNCENGINE_RETURN_IF_ERROR(Connect());
  SYNCENGINE_ASSIGN_OR_RETURN(const std::unique_ptr<FolderClient> client,
                              FolderClient::Open({.files = files_,
                                                  .state = state_,
                                                  .opened = *opened_,
                                                  .executor = executor_,
                                                  .entropy = entropy_,
                                                  .clock = clock_,
                                                  .device = machine.name(),
                                                  .boot = absl::StrCat("boot", boots_)}));
  return SyncConfirming(*client);
}

void SimDevice::Pause(absl::Duration time) { executor_.NewSignal()->Wait(time); }

void SimDevice::RunClient(const bool& stop) {
  while (!stop && !machine.dead()) {
    SyncOnce().IgnoreError();
    if (!stop && !machine.dead()) Pause(absl::Milliseconds(200 + random_.Below(8000)));
  }
}

void SimDevice::Stop(bool power_cut) {
  opened_.reset();
  client_.reset();
  if (!power_cut) return;
  ++boots_;
  SeededPowerCut cut(random_.Next());
  disk_ = disk_->AfterPowerCut([&cut](uint64_t possibilities) { return cut(possibilities); });
  files_.Replace(*disk_);
}

Tree SimDevice::ReadTree() {
  Tree tree;
  ReadInto(*disk_, "", tree);
  return tree;
}

}  // namespace syncengine::sim
