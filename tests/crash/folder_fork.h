// A server and folders whose whole state can be copied at any moment, so that many futures can be
// tried from one place.
#ifndef SYNCENGINE_TESTS_CRASH_FOLDER_FORK_H_
#define SYNCENGINE_TESTS_CRASH_FOLDER_FORK_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "syncengine/engine/engine.h"
#include "syncengine/folder/folder_client.h"
#include "syncengine/stores/in_process_notifier.h"
#include "syncengine/stores/memory_file_system.h"
#include "syncengine/stores/memory_metadata_store.h"
#include "syncengine/stores/memory_object_store.h"
#include "syncengine/testing/manual_clock.h"
#include "syncengine/testing/manual_executor.h"
#include "syncengine/testing/seeded_entropy.h"
#include "tests/crash/snapshots.h"

namespace syncengine::testing {

// Writes keys down as they are: quick, and wrong for anything but tests.
class PlainKeyProvider final : public KeyProvider {
 public:
  absl::StatusOr<std::string> Wrap(const NamespaceId&, const Secret& bundle) override {
    return std::string(bundle.bytes());
  }
  absl::StatusOr<Secret> Unwrap(const NamespaceId&, absl::string_view slot) override {
    return Secret(slot);
  }
};

struct ServerState {
  absl::Time now;
  Rows rows;
  Objects objects;
};

// A server with one namespace, in memory. Single-threaded, as all that uses its executor.
class ForkServer {
 public:
  // A new one.
  explicit ForkServer(uint64_t seed, uint32_t average_block_bytes = 1024);
  // One that goes on from `state`.
  ForkServer(const ServerState& state, uint64_t seed);

  ServerState Copy() { return {clock.Now(), CopyRows(memory_), CopyObjects(objects_)}; }
  Engine& engine() { return *engine_; }

  ManualClock clock;
  ManualExecutor executor;
  SeededEntropy entropy;

 private:
  EnginePorts ports() { return {objects_, metadata, notifier_, clock, entropy, executor, &keys_}; }

  PlainKeyProvider keys_;
  MemoryObjectStore objects_;
  MemoryMetadataStore memory_;
  InProcessNotifier notifier_;
  std::unique_ptr<Engine> engine_;

 public:
  ObservedMetadataStore metadata{memory_};
};

// One client on a folder that somebody else owns.
class ForkClient {
 public:
  ForkClient(ForkServer& server, FileSystem& files, MetadataStore& state, std::string device);

  // As a run of the command line.
  absl::StatusOr<SyncReport> Sync(const std::string& boot);
  // Until there is nothing left to do; gives why when it never comes to rest.
  absl::Status SyncUntilIdle(const std::string& boot);

 private:
  ForkServer& server_;
  FileSystem& files_;
  MetadataStore& state_;
  const std::string device_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<OpenedNamespace> opened_;
};

// The user's tree as path -> kind, mode and content.
using Tree = std::map<std::string, std::string>;
Tree TreeOf(FileSystem& files);

// What a user does, at once durable.
class User {
 public:
  User(ManualClock& clock, MemoryFileSystem& disk) : clock_(clock), disk_(&disk) {}

  MemoryFileSystem& disk() { return *disk_; }
  void Write(const std::string& path, const std::string& bytes, uint32_t mode = 0644);
  void MakeDirectory(const std::string& path);
  void MakeSymlink(const std::string& path, const std::string& target);
  void Rename(const std::string& from, const std::string& to);
  void Remove(const std::string& path);
  void RemoveTree(const std::string& path);
  void SetMode(const std::string& path, uint32_t mode);

 private:
  ManualClock& clock_;
  MemoryFileSystem* disk_;
};

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTS_CRASH_FOLDER_FORK_H_
