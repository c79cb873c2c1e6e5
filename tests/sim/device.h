// A simulated device: a folder, the client that syncs it, and what outlives the client's crashes.
#ifndef SYNCENGINE_TESTS_SIM_DEVICE_H_
#define SYNCENGINE_TESTS_SIM_DEVICE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "syncengine/folder/folder_client.h"
#include "syncengine/http/client.h"
#include "tests/sim/server.h"

namespace syncengine::sim {

// All files as path -> content; directories end in '/', symlinks read "-> target".
using Tree = std::map<std::string, std::string>;

class SimDevice {
 public:
  SimDevice(SimServer& server, const SimPlan& plan, int index, std::string token);

  // The client of one start of the device: syncs again and again until the machine dies or `stop`.
  void RunClient(const bool& stop);
  // One sync as the command line does it.
  absl::StatusOr<SyncReport> SyncOnce();
  // As SimServer::Stop.
  void Stop(bool power_cut);
  void FailDisk(uint64_t calls) { disk_fault_ = calls; }
  void JumpClock(absl::Duration skew) { clock_.SetSkew(skew); }
  // Waits on the device's own time.
  void Pause(absl::Duration time);

  Tree ReadTree();
  MemoryFileSystem& disk() { return *disk_; }
  const OpenedNamespace* opened() const { return opened_ ? &*opened_ : nullptr; }
  SimExecutor& executor() { return executor_; }
  int index() const { return index_; }

  SimMachine machine;
  Link link;
  // Told after each sync.
  std::function<void(const SimDevice&, const absl::StatusOr<SyncReport>&)> on_sync;
  uint64_t syncs = 0;
  uint64_t conflicts = 0;

 private:
  absl::Status Connect();
  absl::StatusOr<SyncReport> OpenAndSync();
  absl::StatusOr<SyncReport> SyncConfirming(FolderClient& client);

  SimServer& server_;
  const int index_;
  const std::string token_;
  SimClock clock_;
  SeededEntropy entropy_;
  SimRandom random_;
  SimExecutor executor_;
  std::unique_ptr<MemoryFileSystem> disk_;
  SimFileSystem files_;
  MemoryMetadataStore rows_;
  SimMetadataStore state_;
  uint64_t disk_fault_ = 0;
  uint64_t boots_ = 1;
  std::unique_ptr<http::Client> client_;
  std::optional<OpenedNamespace> opened_;
};

}  // namespace syncengine::sim

#endif  // SYNCENGINE_TESTS_SIM_DEVICE_H_
