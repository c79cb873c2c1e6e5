// The simulated server: an engine on a disk and a metadata store that outlive its crashes.
#ifndef SYNCENGINE_TESTS_SIM_SERVER_H_
#define SYNCENGINE_TESTS_SIM_SERVER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "syncengine/engine/engine.h"
#include "syncengine/stores/in_process_notifier.h"
#include "syncengine/stores/memory_file_system.h"
#include "syncengine/stores/memory_metadata_store.h"
#include "syncengine/testing/seeded_entropy.h"
#include "syncengine/testing/sim_ports.h"
#include "tests/sim/network.h"

namespace syncengine::sim {

// Wraps keys by writing them down: quick, and wrong for anything but tests.
class OpenKeys final : public KeyProvider {
 public:
  absl::StatusOr<std::string> Wrap(const NamespaceId&, const Secret& bundle) override {
    return std::string(bundle.bytes());
  }
  absl::StatusOr<Secret> Unwrap(const NamespaceId&, absl::string_view slot) override {
    return Secret(slot);
  }
};

absl::Status DiskIsFull();
// Somebody else fills the disk, or makes room again.
void SetRoom(MemoryFileSystem& disk, bool full);

// All rows of a store, to put back or to search.
std::vector<std::pair<std::string, std::vector<KeyValue>>> CopyRows(MetadataStore& store);
void ReplaceRows(MetadataStore& store,
                 const std::vector<std::pair<std::string, std::vector<KeyValue>>>& rows);

class SimServer {
 public:
  SimServer(SimScheduler& scheduler, const SimPlan& plan);

  // Makes the repository with one namespace and a token for each device.
  absl::Status Initialise();
  absl::Status Start();
  // After a crash, when the last fiber has ended: forgets what was in memory, and with `power_cut`
  // what was not synced.
  void Stop(bool power_cut);

  void Backup();
  bool has_backup() const { return backup_disk_ != nullptr; }
  // Puts the backup in place of the stores; the next Start begins new histories.
  void Restore();

  // Fails the `calls`-th file-system call from now.
  void FailDisk(uint64_t calls) { disk_fault_ = calls; }

  // Leaves no byte of room for content, and no row either with `rows_too`; or as much as one may
  // want.
  void FillDisk(bool full, bool rows_too);
  void MakeRoom() { FillDisk(false, false); }

  // Up, and nobody is about to take it down.
  bool serving() const { return !machine.dead() && engine_ != nullptr; }
  EnginePorts ports() {
    return {*objects_, metadata_, notifier_, clock_, entropy_, executor_, &keys_};
  }
  Engine& engine() { return *engine_; }
  MetadataStore& rows() { return rows_; }
  MemoryFileSystem& disk() { return *disk_; }
  ObjectStore& objects() { return *objects_; }
  OpenKeys& keys() { return keys_; }
  Entropy& entropy() { return entropy_; }
  const std::string& token(int device) const { return tokens_[device]; }

  SimMachine machine;
  Network network;

 private:
  absl::Status Open(bool fresh);

  const SimPlan& plan_;
  SimClock clock_;
  SeededEntropy entropy_;
  SimRandom random_;
  SimExecutor executor_;
  OpenKeys keys_;
  InProcessNotifier notifier_;
  std::unique_ptr<MemoryFileSystem> disk_;
  MemoryMetadataStore rows_;
  SimFileSystem files_;
  SimMetadataStore metadata_;
  uint64_t disk_fault_ = 0;
  bool full_ = false;
  bool rows_full_ = false;
  std::unique_ptr<ObjectStore> objects_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<http::Handler> handler_;
  std::vector<std::string> tokens_;
  std::unique_ptr<MemoryFileSystem> backup_disk_;
  std::vector<std::pair<std::string, std::vector<KeyValue>>> backup_rows_;
  bool restored_ = false;
};

}  // namespace syncengine::sim

#endif  // SYNCENGINE_TESTS_SIM_SERVER_H_
