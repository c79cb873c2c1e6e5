#include "tests/sim/device.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
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
          MemoryFileSystem::Options{
              .case_sensitive = index >= 32 || (plan.weather.folds_case >> index & 1) == 0,
              .mtime_granularity_ns = plan.weather.mtime_granularity_ns,
              .power_cuts = true,
              .page_bytes = 512})),
      files_(machine, *disk_),
      state_(machine, rows_),
      watches_(index < 32 && (plan.weather.watching >> index & 1) != 0) {
  SimRandom pace(plan.seed ^ (0x7061'6365u + index));
  slowness_ms_ = pace.Chance(400) ? pace.Below(80) : 0;
  files_.SetFault([this, pace](absl::string_view, absl::string_view) mutable {
    // Users do not wait for that: what they do comes in between.
    if (slowness_ms_ > 0 && !machine.dead()) {
      machine.scheduler().Sleep(absl::Milliseconds(pace.Below(slowness_ms_ + 1)));
      if (machine.dead()) return MachineIsDead();
    }
    if (disk_fault_ == 0 || --disk_fault_ > 0) return absl::OkStatus();
    return absl::DataLossError("sim: input/output error");
  });
  files_.SetLook([this](absl::string_view call, absl::string_view path) { LookAt(call, path); });
  state_.SetFault([this] { return rows_full_ ? DiskIsFull() : absl::OkStatus(); });
}

// No name leads upwards or to the root of the machine, and none through a link.
void SimDevice::LookAt(absl::string_view call, absl::string_view path) {
  if (path.empty() || !strayed_.empty()) return;
  bool inside = true;
  for (const absl::string_view name : absl::StrSplit(path, '/')) {
    inside = inside && !name.empty() && name != "." && name != ".." &&
             name.find('\0') == absl::string_view::npos;
  }
  for (size_t slash = path.find('/'); inside && slash != absl::string_view::npos;
       slash = path.find('/', slash + 1)) {
    const absl::StatusOr<FileStat> above = disk_->Stat(path.substr(0, slash));
    inside = !above.ok() || above->kind != FileKind::kSymlink;
  }
  if (!inside) strayed_ = absl::StrCat(call, " ", path);
}

void SimDevice::FillDisk(bool full, bool rows_too) {
  full_ = full;
  rows_full_ = rows_too;
  SetRoom(*disk_, full);
}

void SimDevice::Backup() {
  backup_rows_ = CopyRows(rows_);
  backup_disk_ = disk_->AfterPowerCut(KeepUnsynced);
}

void SimDevice::Restore(bool folder_too) {
  ReplaceRows(rows_, backup_rows_);
  if (!folder_too) return;
  disk_ = backup_disk_->AfterPowerCut(KeepUnsynced);
  files_.Replace(*disk_);
  MakeRoom();
}

std::optional<Cursor> SimDevice::RememberedCursor() {
  std::optional<Cursor> cursor;
  rows_
      .View("folder",
            [&cursor](MetadataReader& reader) -> absl::Status {
              SYNCENGINE_ASSIGN_OR_RETURN(const auto row, reader.Get("mcursor"));
              if (!row) return absl::OkStatus();
              SYNCENGINE_ASSIGN_OR_RETURN(cursor, ParseCursor(*row));
              return absl::OkStatus();
            })
      .IgnoreError();
  return cursor;
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

void SimDevice::Tell(const absl::StatusOr<SyncReport>& report) {
  if (report.ok()) conflicts += report->conflicts;
  ++syncs;
  twins_.clear();
  for (const Issue& issue : report.ok() ? report->issues : std::vector<Issue>()) {
    if (absl::StrContains(issue.cause, "letters' case")) twins_.insert(issue.path);
  }
  if (on_sync) on_sync(*this, report);
}

absl::StatusOr<SyncReport> SimDevice::SyncOnce() {
  absl::StatusOr<SyncReport> report = OpenAndSync();
  Tell(report);
  return report;
}

absl::StatusOr<std::unique_ptr<FolderClient>> SimDevice::Open() {
  SYNCENGINE_RETURN_IF_ERROR(Connect());
  return FolderClient::Open({.files = files_,
                             .state = state_,
                             .opened = *opened_,
                             .executor = executor_,
                             .entropy = entropy_,
                             .clock = clock_,
                             .device = machine.name(),
                             .boot = absl::StrCat("boot", boots_)});
}

absl::StatusOr<SyncReport> SimDevice::OpenAndSync() {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::unique_ptr<FolderClient> client, Open());
  return SyncConfirming(*client);
}

// A client that stays, until it is told to go or needs its user.
void SimDevice::WatchUntil(const bool& stop) {
  std::stop_source ending;
  ending_ = &ending;
  const absl::StatusOr<std::unique_ptr<FolderClient>> client = Open();
  if (client.ok() && !stop) {
    const auto told = [&](const absl::StatusOr<SyncReport>& report) {
      Tell(report);
      if (stop || machine.dead()) ending.request_stop();
    };
    (*client)->Watch({.rescan = absl::Seconds(40)}, told, ending.get_token()).IgnoreError();
    if (!stop && !(*client)->pending_confirmation().empty()) Tell(SyncConfirming(**client));
  }
  ending_ = nullptr;
}

void SimDevice::Pause(absl::Duration time) { executor_.NewSignal()->Wait(time); }

void SimDevice::RunClient(const bool& stop) {
  while (!stop && !machine.dead()) {
    if (watches_) {
      WatchUntil(stop);
    } else {
      SyncOnce().IgnoreError();
    }
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
  FillDisk(full_, rows_full_);
}

// Whether `path` or a directory above it has another spelling in `tree`.
bool HasTwin(const Tree& tree, const std::string& path) {
  for (const auto& [other, bytes] : tree) {
    const std::string above = path.substr(0, other.size());
    if (above != other && absl::EqualsIgnoreCase(above, other) &&
        (above == path || other.back() == '/')) {
      return true;
    }
  }
  return false;
}

bool Agree(SimDevice& whole, SimDevice& device) {
  const Tree all = whole.ReadTree();
  const Tree tree = device.ReadTree();
  if (!device.folds_case()) return all == tree;
  for (const auto& [path, bytes] : tree) {
    const auto there = all.find(path);
    const bool equal = there != all.end() && there->second == bytes;
    const bool waits =
        std::any_of(device.twins().begin(), device.twins().end(), [&path](const std::string& twin) {
          return path == twin || absl::StartsWith(path, twin + "/");
        });
    if (!equal && !waits) return false;
  }
  return std::all_of(all.begin(), all.end(), [&](const auto& entry) {
    return tree.contains(entry.first) || HasTwin(all, entry.first);
  });
}

Tree SimDevice::ReadTree() {
  Tree tree;
  ReadInto(*disk_, "", tree);
  return tree;
}

}  // namespace syncengine::sim
