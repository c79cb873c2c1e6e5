// The ports of a simulated machine: its executor, clock, disk and metadata, each call a switch
// point at which the machine may die or the call may fail.
#ifndef SYNCENGINE_TESTING_SIM_PORTS_H_
#define SYNCENGINE_TESTING_SIM_PORTS_H_

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/ports/clock.h"
#include "syncengine/ports/executor.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/ports/metadata_store.h"
#include "syncengine/testing/sim_scheduler.h"

namespace syncengine {

inline absl::Status MachineIsDead() { return absl::UnavailableError("the machine has crashed"); }

// Tasks are fibers of the machine. Not thread-safe, as all of the world.
class SimExecutor final : public Executor {
 public:
  explicit SimExecutor(SimMachine& machine) : machine_(machine) {}

  void Schedule(absl::AnyInvocable<void()> task) override { machine_.Spawn(std::move(task)); }
  int Parallelism() const override { return 4; }
  std::unique_ptr<Signal> NewSignal() override { return std::make_unique<SimSignal>(machine_); }

 private:
  class SimSignal final : public Signal {
   public:
    explicit SimSignal(SimMachine& machine) : machine_(machine) {}
    void Notify() override {
      open_ = true;
      if (waiter_ != nullptr) machine_.scheduler().Wake(waiter_);
    }
    // On a dead machine finite waits end at once: nobody is there who could be waited for but the
    // other fibers, which then get their turn.
    bool Wait(absl::Duration timeout) override {
      SimScheduler& scheduler = machine_.scheduler();
      if (!open_ && timeout > absl::ZeroDuration()) {
        const bool vacuum = machine_.dead() && timeout != absl::InfiniteDuration();
        waiter_ = scheduler.current();
        scheduler.Sleep(vacuum ? absl::ZeroDuration() : timeout);
        waiter_ = nullptr;
      }
      return std::exchange(open_, false);
    }

   private:
    SimMachine& machine_;
    SimScheduler::Fiber* waiter_ = nullptr;
    bool open_ = false;
  };

  SimMachine& machine_;
};

// Virtual time, and a wall clock that may be wrong.
class SimClock final : public Clock {
 public:
  explicit SimClock(SimScheduler& scheduler) : scheduler_(scheduler) {}

  absl::Time Now() override {
    return absl::FromUnixSeconds(1'893'456'000) + scheduler_.now() + skew_;
  }
  absl::Duration Monotonic() override { return scheduler_.now(); }
  void SetSkew(absl::Duration skew) { skew_ = skew; }

 private:
  SimScheduler& scheduler_;
  absl::Duration skew_ = absl::ZeroDuration();
};

// Rows outlive a crash; a transaction that was running when the machine died happened or did not.
class SimMetadataStore final : public MetadataStore {
 public:
  using Fault = std::function<absl::Status()>;

  // Both outlive it.
  SimMetadataStore(SimMachine& machine, MetadataStore& base) : machine_(machine), base_(base) {}

  // Asked before each update, which it may fail.
  void SetFault(Fault fault) { fault_ = std::move(fault); }

  Properties properties() const override {
    return {.durable = true, .multi_process = base_.properties().multi_process};
  }
  absl::Status Update(absl::string_view partition,
                      absl::FunctionRef<absl::Status(MetadataWriter&)> closure) override {
    if (!machine_.PortCall("Update")) return MachineIsDead();
    if (fault_) SYNCENGINE_RETURN_IF_ERROR(fault_());
    SYNCENGINE_RETURN_IF_ERROR(base_.Update(partition, closure));
    return machine_.PortCall("Updated") ? absl::OkStatus() : MachineIsDead();
  }
  absl::Status View(absl::string_view partition,
                    absl::FunctionRef<absl::Status(MetadataReader&)> closure) override {
    if (!machine_.PortCall("View")) return MachineIsDead();
    return base_.View(partition, closure);
  }
  absl::StatusOr<std::vector<std::string>> ListPartitions() override {
    if (!machine_.PortCall("ListPartitions")) return MachineIsDead();
    return base_.ListPartitions();
  }

 private:
  SimMachine& machine_;
  MetadataStore& base_;
  Fault fault_;
};

// A disk of the machine. `fault` is asked before each call and may fail it.
class SimFileSystem final : public FileSystem {
 public:
  using Fault = std::function<absl::Status(absl::string_view call, absl::string_view path)>;
  using Look = std::function<void(absl::string_view call, absl::string_view path)>;

  // `base` may be replaced while the machine is off: a power cut.
  SimFileSystem(SimMachine& machine, FileSystem& base) : machine_(machine), base_(&base) {}

  void Replace(FileSystem& base) { base_ = &base; }
  void SetFault(Fault fault) { fault_ = std::move(fault); }
  // Told of every path before it is touched.
  void SetLook(Look look) { look_ = std::move(look); }

  Properties properties() const override { return base_->properties(); }
  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenToRead(absl::string_view path) override {
    SYNCENGINE_RETURN_IF_ERROR(Ask("OpenToRead", path));
    SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, base_->OpenToRead(path));
    return std::unique_ptr<ReadableFile>(std::make_unique<Reader>(*this, std::move(file)));
  }
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(absl::string_view path,
                                                       uint32_t mode) override {
    SYNCENGINE_RETURN_IF_ERROR(Ask("Create", path));
    SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, base_->Create(path, mode));
    return std::unique_ptr<WritableFile>(std::make_unique<Writer>(*this, std::move(file)));
  }
  absl::StatusOr<FileStat> Stat(absl::string_view path) override {
    SYNCENGINE_RETURN_IF_ERROR(Ask("Stat", path));
    return base_->Stat(path);
  }
  absl::StatusOr<std::vector<DirectoryEntry>> List(absl::string_view path) override {
    SYNCENGINE_RETURN_IF_ERROR(Ask("List", path));
    return base_->List(path);
  }
  absl::Status MakeDirectory(absl::string_view path, uint32_t mode) override {
    SYNCENGINE_RETURN_IF_ERROR(Ask("MakeDirectory", path));
    return Done(base_->MakeDirectory(path, mode));
  }
  absl::Status MakeSymlink(absl::string_view path, absl::string_view target) override {
    SYNCENGINE_RETURN_IF_ERROR(Ask("MakeSymlink", path));
    return Done(base_->MakeSymlink(path, target));
  }
  absl::StatusOr<std::string> ReadSymlink(absl::string_view path) override {
    SYNCENGINE_RETURN_IF_ERROR(Ask("ReadSymlink", path));
    return base_->ReadSymlink(path);
  }
  absl::Status RemoveFile(absl::string_view path) override {
    SYNCENGINE_RETURN_IF_ERROR(Ask("RemoveFile", path));
    return Done(base_->RemoveFile(path));
  }
  absl::Status RemoveDirectory(absl::string_view path) override {
    SYNCENGINE_RETURN_IF_ERROR(Ask("RemoveDirectory", path));
    return Done(base_->RemoveDirectory(path));
  }
  absl::Status Rename(absl::string_view from, absl::string_view to, RenameMode mode) override {
    SYNCENGINE_RETURN_IF_ERROR(Ask("Rename", from));
    if (look_) look_("Rename", to);
    return Done(base_->Rename(from, to, mode));
  }
  absl::Status SetAttributes(absl::string_view path, std::optional<int64_t> mtime_ns,
                             std::optional<uint32_t> mode) override {
    SYNCENGINE_RETURN_IF_ERROR(Ask("SetAttributes", path));
    return Done(base_->SetAttributes(path, mtime_ns, mode));
  }
  absl::Status SyncDirectory(absl::string_view path) override {
    SYNCENGINE_RETURN_IF_ERROR(Ask("SyncDirectory", path));
    return Done(base_->SyncDirectory(path));
  }
  absl::StatusOr<uint64_t> FreeBytes() override {
    SYNCENGINE_RETURN_IF_ERROR(Ask("FreeBytes", ""));
    return base_->FreeBytes();
  }
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(absl::string_view path) override {
    SYNCENGINE_RETURN_IF_ERROR(Ask("Lock", path));
    return base_->Lock(path);
  }
  absl::StatusOr<std::unique_ptr<FileWatch>> Watch() override {
    SYNCENGINE_RETURN_IF_ERROR(Ask("Watch", ""));
    SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<FileWatch> watch, base_->Watch());
    return std::unique_ptr<FileWatch>(std::make_unique<Watcher>(*this, std::move(watch)));
  }

 private:
  class Reader final : public ReadableFile {
   public:
    Reader(SimFileSystem& disk, std::unique_ptr<ReadableFile> base)
        : disk_(disk), base_(std::move(base)) {}
    absl::StatusOr<size_t> ReadAt(uint64_t offset, char* buffer, size_t size) override {
      SYNCENGINE_RETURN_IF_ERROR(disk_.Ask("ReadAt", ""));
      return base_->ReadAt(offset, buffer, size);
    }
    absl::StatusOr<FileStat> Stat() override { return base_->Stat(); }

   private:
    SimFileSystem& disk_;
    const std::unique_ptr<ReadableFile> base_;
  };

  class Writer final : public WritableFile {
   public:
    Writer(SimFileSystem& disk, std::unique_ptr<WritableFile> base)
        : disk_(disk), base_(std::move(base)) {}
    absl::Status WriteAt(uint64_t offset, absl::string_view bytes) override {
      SYNCENGINE_RETURN_IF_ERROR(disk_.Ask("WriteAt", ""));
      return disk_.Done(base_->WriteAt(offset, bytes));
    }
    absl::Status Truncate(uint64_t size) override {
      SYNCENGINE_RETURN_IF_ERROR(disk_.Ask("Truncate", ""));
      return disk_.Done(base_->Truncate(size));
    }
    absl::Status Sync() override {
      SYNCENGINE_RETURN_IF_ERROR(disk_.Ask("Sync", ""));
      return disk_.Done(base_->Sync());
    }
    absl::Status SetAttributes(std::optional<int64_t> mtime_ns,
                               std::optional<uint32_t> mode) override {
      SYNCENGINE_RETURN_IF_ERROR(disk_.Ask("SetAttributes", ""));
      return disk_.Done(base_->SetAttributes(mtime_ns, mode));
    }
    absl::StatusOr<FileStat> Stat() override { return base_->Stat(); }

   private:
    SimFileSystem& disk_;
    const std::unique_ptr<WritableFile> base_;
  };

  // Looks again and again into what the disk remembers: waiting there would stop the world.
  class Watcher final : public FileWatch {
   public:
    Watcher(SimFileSystem& disk, std::unique_ptr<FileWatch> base)
        : disk_(disk),
          base_(std::move(base)),
          executor_(disk.machine_),
          woken_(executor_.NewSignal()) {}
    absl::Status Add(absl::string_view path) override {
      SYNCENGINE_RETURN_IF_ERROR(disk_.Ask("Add", path));
      return base_->Add(path);
    }
    absl::StatusOr<WatchBatch> Wait(absl::Duration timeout) override {
      constexpr absl::Duration kTick = absl::Milliseconds(250);
      while (true) {
        SYNCENGINE_RETURN_IF_ERROR(disk_.Ask("Wait", ""));
        absl::StatusOr<WatchBatch> batch = base_->Wait(absl::ZeroDuration());
        const bool quiet = batch.ok() && !batch->overflow && batch->directories.empty();
        if (!quiet || timeout <= absl::ZeroDuration()) return batch;
        if (woken_->Wait(std::min(timeout, kTick))) return WatchBatch();
        timeout -= kTick;
      }
    }
    void Interrupt() override { woken_->Notify(); }

   private:
    SimFileSystem& disk_;
    const std::unique_ptr<FileWatch> base_;
    SimExecutor executor_;
    const std::unique_ptr<Signal> woken_;
  };

  absl::Status Ask(absl::string_view call, absl::string_view path) {
    if (!machine_.PortCall(call)) return MachineIsDead();
    if (look_) look_(call, path);
    if (!fault_) return absl::OkStatus();
    const absl::Status status = fault_(call, path);
    if (!status.ok()) machine_.scheduler().Trace("disk fault");
    return status;
  }
  // An effect whose answer may not arrive any more.
  absl::Status Done(absl::Status status) {
    return machine_.PortCall("done") ? std::move(status) : MachineIsDead();
  }

  SimMachine& machine_;
  FileSystem* base_;
  Fault fault_;
  Look look_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_TESTING_SIM_PORTS_H_
