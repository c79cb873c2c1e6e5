#include "tests/sim/server.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "syncengine/base/error.h"
#include "syncengine/stores/local_object_store.h"
#include "syncengine/testing/power_cuts.h"
#include "syncengine/transfer/opened_namespace.h"

namespace syncengine::sim {

absl::Status DiskIsFull() { return MakeError(Reason::kDiskFull, "sim: the disk is full"); }

void SetRoom(MemoryFileSystem& disk, bool full) {
  constexpr uint64_t kRoom = uint64_t{1} << 50;
  disk.SetCapacity(kRoom);
  if (full) disk.SetCapacity(kRoom - disk.FreeBytes().value_or(kRoom));
}

using Rows = std::vector<std::pair<std::string, std::vector<KeyValue>>>;

Rows CopyRows(MetadataStore& store) {
  Rows all;
  const auto partitions = store.ListPartitions();
  if (!partitions.ok()) return all;
  for (const std::string& partition : *partitions) {
    std::vector<KeyValue> rows;
    store
        .View(partition,
              [&rows](MetadataReader& reader) -> absl::Status {
                SYNCENGINE_ASSIGN_OR_RETURN(rows, reader.Scan({.limit = 10'000'000}));
                return absl::OkStatus();
              })
        .IgnoreError();
    all.emplace_back(partition, std::move(rows));
  }
  return all;
}

void ReplaceRows(MetadataStore& store, const Rows& rows) {
  const auto put_back = [&store](const std::string& partition,
                                 const std::vector<KeyValue>& wanted) {
    return store.Update(partition, [&wanted](MetadataWriter& writer) -> absl::Status {
      SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<KeyValue> present,
                                  writer.Scan({.limit = 10'000'000}));
      for (const auto& [key, value] : present) SYNCENGINE_RETURN_IF_ERROR(writer.Delete(key));
      for (const auto& [key, value] : wanted) SYNCENGINE_RETURN_IF_ERROR(writer.Put(key, value));
      return absl::OkStatus();
    });
  };
  for (const auto& [partition, present] : CopyRows(store)) put_back(partition, {}).IgnoreError();
  for (const auto& [partition, wanted] : rows) put_back(partition, wanted).IgnoreError();
}

SimServer::SimServer(SimScheduler& scheduler, const SimPlan& plan)
    : machine(scheduler, "server"),
      network(machine, plan.weather, plan.seed ^ 0x6e65),
      plan_(plan),
      clock_(scheduler),
      entropy_(plan.seed ^ 0x7365),
      random_(plan.seed ^ 0x6469),
      executor_(machine),
      disk_(std::make_unique<MemoryFileSystem>(
          clock_, MemoryFileSystem::Options{.power_cuts = true, .page_bytes = 512})),
      files_(machine, *disk_),
      metadata_(machine, rows_) {
  files_.SetFault([this](absl::string_view, absl::string_view) {
    if (disk_fault_ == 0 || --disk_fault_ > 0) return absl::OkStatus();
    return absl::DataLossError("sim: input/output error");
  });
  metadata_.SetFault([this] { return rows_full_ ? DiskIsFull() : absl::OkStatus(); });
}

void SimServer::FillDisk(bool full, bool rows_too) {
  full_ = full;
  rows_full_ = rows_too;
  SetRoom(*disk_, full);
}

absl::Status SimServer::Open(bool fresh) {
  SYNCENGINE_ASSIGN_OR_RETURN(objects_, LocalObjectStore::Open(files_, entropy_));
  const EnginePorts ports{*objects_, metadata_, notifier_, clock_, entropy_, executor_, &keys_};
  SYNCENGINE_ASSIGN_OR_RETURN(engine_, fresh ? Engine::Initialise(ports) : Engine::Open(ports));
  handler_ = std::make_unique<http::Handler>(*engine_);
  network.handler = handler_.get();
  return absl::OkStatus();
}

absl::Status SimServer::Initialise() {
  SYNCENGINE_RETURN_IF_ERROR(Open(true));
  const std::unique_ptr<Service> owner = engine_->OwnerSession();
  const KeyHolder holder = plan_.weather.end_to_end ? KeyHolder::kEndToEnd : KeyHolder::kServer;
  SYNCENGINE_RETURN_IF_ERROR(
      CreateNamespace(*owner, {.key_holder = holder, .average_block_bytes = 1024}, &keys_, entropy_)
          .status());
  for (int device = 0; device < plan_.weather.devices; ++device) {
    SYNCENGINE_ASSIGN_OR_RETURN(const NewDevice added, owner->AddDevice(absl::StrCat("dev", device),
                                                                        entropy_.NewId<OpId>()));
    tokens_.emplace_back(added.token.bytes());
  }
  return absl::OkStatus();
}

absl::Status SimServer::Start() {
  SYNCENGINE_RETURN_IF_ERROR(Open(false));
  if (!std::exchange(restored_, false)) return absl::OkStatus();
  return engine_->StartNewHistories();
}

void SimServer::Stop(bool power_cut) {
  network.handler = nullptr;
  handler_.reset();
  engine_.reset();
  objects_.reset();
  if (!power_cut) return;
  SeededPowerCut cut(random_.Next());
  disk_ = disk_->AfterPowerCut([&cut](uint64_t possibilities) { return cut(possibilities); });
  files_.Replace(*disk_);
  FillDisk(full_, rows_full_);
}

void SimServer::Backup() {
  // As the manual says: metadata first, so that every object it names is in the copy.
  backup_rows_ = CopyRows(rows_);
  backup_disk_ = disk_->AfterPowerCut(KeepUnsynced);
}

void SimServer::Restore() {
  disk_ = backup_disk_->AfterPowerCut(KeepUnsynced);
  files_.Replace(*disk_);
  ReplaceRows(rows_, backup_rows_);
  network.effects.clear();
  restored_ = true;
}

}  // namespace syncengine::sim
