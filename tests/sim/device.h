// A simulated device: a folder, the client that syncs it, and what outlives the client's crashes.
#ifndef SYNCENGINE_TESTS_SIM_DEVICE_H_
#define SYNCENGINE_TESTS_SIM_DEVICE_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "syncengine/folder/folder_client.h"
#include "syncengine/http/client.h"
#include "tests/sim/server.h"

namespace syncengine::sim {

// All files as path -> content; directories end in '/', symlinks read "-> target".
using Tree = std::map<std::string, std::string>;

class SimDevice;
// Whether both show the same to their users: equal trees, byte for byte, except that a disk that
// does not tell letters' case has only one of several names.
bool Agree(SimDevice& whole, SimDevice& device);

class SimDevice {
 public:
  SimDevice(SimServer& server, const SimPlan& plan, int index, std::string token);

  // The client of one start of the device: syncs again and again, or watches, until the machine
  // dies or `stop`.
  void RunClient(const bool& stop);
  // Ends a watch that is under way.
  void EndWatch() {
    if (ending_ != nullptr) ending_->request_stop();
  }
  // One sync as the command line does it.
  absl::StatusOr<SyncReport> SyncOnce();
  // As SimServer::Stop.
  void Stop(bool power_cut);
  void FailDisk(uint64_t calls) { disk_fault_ = calls; }
  // As on the server.
  void FillDisk(bool full, bool rows_too);
  void MakeRoom() { FillDisk(false, false); }
  // Copies what the client remembers and the folder; puts the first or both back while it is off.
  void Backup();
  bool has_backup() const { return backup_disk_ != nullptr; }
  void Restore(bool folder_too);
  void JumpClock(absl::Duration skew) { clock_.SetSkew(skew); }
  // Waits on the device's own time.
  void Pause(absl::Duration time);

  Tree ReadTree();
  MemoryFileSystem& disk() { return *disk_; }
  const OpenedNamespace* opened() const { return opened_ ? &*opened_ : nullptr; }
  SimExecutor& executor() { return executor_; }
  int index() const { return index_; }
  bool folds_case() const { return !disk_->properties().case_sensitive; }
  // What the last sync left as it was, because the disk has another spelling of its name.
  const std::set<std::string>& twins() const { return twins_; }
  // The place in the journal that the client remembers.
  std::optional<Cursor> RememberedCursor();
  // The first path outside the folder that was touched; empty when there is none.
  const std::string& strayed() const { return strayed_; }
  bool slow() const { return slowness_ms_ > 0; }

  SimMachine machine;
  Link link;
  // Told after each sync.
  std::function<void(SimDevice&, const absl::StatusOr<SyncReport>&)> on_sync;
  uint64_t syncs = 0;
  uint64_t conflicts = 0;

 private:
  absl::Status Connect();
  absl::StatusOr<std::unique_ptr<FolderClient>> Open();
  absl::StatusOr<SyncReport> OpenAndSync();
  void WatchUntil(const bool& stop);
  void Tell(const absl::StatusOr<SyncReport>& report);
  void LookAt(absl::string_view call, absl::string_view path);
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
  bool full_ = false;
  bool rows_full_ = false;
  const bool watches_;
  std::stop_source* ending_ = nullptr;  // Of the watch under way.
  std::string strayed_;
  std::set<std::string> twins_;
  std::unique_ptr<MemoryFileSystem> backup_disk_;
  std::vector<std::pair<std::string, std::vector<KeyValue>>> backup_rows_;
  uint64_t slowness_ms_ = 0;  // Of a call to its disk, at most.
  uint64_t boots_ = 1;
  std::unique_ptr<http::Client> client_;
  std::optional<OpenedNamespace> opened_;
};

}  // namespace syncengine::sim

#endif  // SYNCENGINE_TESTS_SIM_DEVICE_H_
