// A server and devices with folders, all in memory, for tests of the folder client.
#ifndef SYNCENGINE_TESTS_FOLDER_FOLDER_WORLD_H_
#define SYNCENGINE_TESTS_FOLDER_FOLDER_WORLD_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "syncengine/engine/engine.h"
#include "syncengine/folder/folder_client.h"
#include "syncengine/stores/in_process_notifier.h"
#include "syncengine/stores/memory_file_system.h"
#include "syncengine/stores/memory_metadata_store.h"
#include "syncengine/stores/memory_object_store.h"
#include "syncengine/stores/thread_pool.h"
#include "syncengine/testing/fault_plan.h"
#include "syncengine/testing/faulty_file_system.h"
#include "syncengine/testing/manual_clock.h"
#include "syncengine/testing/seeded_entropy.h"
#include "syncengine/testing/status_matchers.h"

namespace syncengine::testing {

// Wraps keys by writing them down: quick, and wrong for anything but tests.
class OpenKeyProvider final : public KeyProvider {
 public:
  absl::StatusOr<std::string> Wrap(const NamespaceId&, const Secret& bundle) override {
    return std::string(bundle.bytes());
  }
  absl::StatusOr<Secret> Unwrap(const NamespaceId&, absl::string_view slot) override {
    return Secret(slot);
  }
};

// A server with one namespace.
class FolderServer {
 public:
  FolderServer() {
    auto engine = Engine::Initialise(ports_);
    EXPECT_TRUE(engine.ok()) << engine.status();
    engine_ = *std::move(engine);
    owner_ = engine_->OwnerSession();
    auto created = CreateNamespace(*owner_, {.average_block_bytes = 1024}, nullptr, entropy);
    EXPECT_TRUE(created.ok()) << created.status();
  }

  Engine& engine() { return *engine_; }
  // Copies the metadata, and puts the copy back: a new history begins.
  void Backup() { backup_ = CopyRows(); }
  void Restore() {
    for (const auto& [partition, rows] : CopyRows()) ReplaceRows(partition, {});
    for (const auto& [partition, rows] : backup_) ReplaceRows(partition, rows);
    SE_ASSERT_OK(engine_->StartNewHistories());
  }
  Service& owner() { return *owner_; }
  ManualClock clock;
  SeededEntropy entropy{7};
  ThreadPool pool{4};

 private:
  std::map<std::string, std::vector<KeyValue>> CopyRows() {
    std::map<std::string, std::vector<KeyValue>> copy;
    const auto partitions = metadata_.ListPartitions();
    EXPECT_TRUE(partitions.ok()) << partitions.status();
    for (const std::string& partition : *partitions) {
      SE_EXPECT_OK(metadata_.View(partition, [&](MetadataReader& reader) -> absl::Status {
        SYNCENGINE_ASSIGN_OR_RETURN(copy[partition], reader.Scan({.limit = 1'000'000}));
        return absl::OkStatus();
      }));
    }
    return copy;
  }
  void ReplaceRows(const std::string& partition, const std::vector<KeyValue>& wanted) {
    SE_EXPECT_OK(metadata_.Update(partition, [&](MetadataWriter& writer) -> absl::Status {
      SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<KeyValue> rows,
                                  writer.Scan({.limit = 1'000'000}));
      for (const auto& [key, value] : rows) SYNCENGINE_RETURN_IF_ERROR(writer.Delete(key));
      for (const auto& [key, value] : wanted) {
        SYNCENGINE_RETURN_IF_ERROR(writer.Put(key, value));
      }
      return absl::OkStatus();
    }));
  }

  std::map<std::string, std::vector<KeyValue>> backup_;
  OpenKeyProvider keys_;
  MemoryObjectStore objects_;
  MemoryMetadataStore metadata_;
  InProcessNotifier notifier_;
  EnginePorts ports_{objects_, metadata_, notifier_, clock, entropy, pool, &keys_};
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Service> owner_;
};

// All files below `path` as path -> content; directories end in '/', symlinks read "-> target".
inline void ReadTree(FileSystem& files, const std::string& path,
                     std::map<std::string, std::string>& tree) {
  auto entries = files.List(path);
  ASSERT_TRUE(entries.ok()) << entries.status();
  for (const DirectoryEntry& entry : *entries) {
    const std::string child = path.empty() ? entry.name : absl::StrCat(path, "/", entry.name);
    if (child == ".syncengine") continue;
    if (entry.kind == FileKind::kDirectory) {
      tree[child + "/"] = "";
      ReadTree(files, child, tree);
    } else if (entry.kind == FileKind::kSymlink) {
      tree[child] = absl::StrCat("-> ", files.ReadSymlink(child).value_or("?"));
    } else {
      auto file = files.OpenToRead(child);
      ASSERT_TRUE(file.ok()) << file.status();
      std::string bytes((*file)->Stat()->size, '\0');
      ASSERT_TRUE((*file)->ReadAt(0, bytes.data(), bytes.size()).ok());
      tree[child] = bytes;
    }
  }
}

// Lets a test act as another program at a chosen moment. Thread-compatible.
class HookedFileSystem final : public FileSystem {
 public:
  explicit HookedFileSystem(FileSystem& base) : base_(base) {}

  std::function<void(absl::string_view path)> before_open;
  std::function<void(absl::string_view from, absl::string_view to)> before_rename;

  Properties properties() const override { return base_.properties(); }
  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenToRead(absl::string_view path) override {
    auto file = base_.OpenToRead(path);
    if (before_open) before_open(path);
    return file;
  }
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(absl::string_view path,
                                                       uint32_t mode) override {
    return base_.Create(path, mode);
  }
  absl::StatusOr<FileStat> Stat(absl::string_view path) override { return base_.Stat(path); }
  absl::StatusOr<std::vector<DirectoryEntry>> List(absl::string_view path) override {
    return base_.List(path);
  }
  absl::Status MakeDirectory(absl::string_view path, uint32_t mode) override {
    return base_.MakeDirectory(path, mode);
  }
  absl::Status MakeSymlink(absl::string_view path, absl::string_view target) override {
    return base_.MakeSymlink(path, target);
  }
  absl::StatusOr<std::string> ReadSymlink(absl::string_view path) override {
    return base_.ReadSymlink(path);
  }
  absl::Status RemoveFile(absl::string_view path) override { return base_.RemoveFile(path); }
  absl::Status RemoveDirectory(absl::string_view path) override {
    return base_.RemoveDirectory(path);
  }
  absl::Status Rename(absl::string_view from, absl::string_view to, RenameMode mode) override {
    if (before_rename) before_rename(from, to);
    return base_.Rename(from, to, mode);
  }
  absl::Status SetAttributes(absl::string_view path, std::optional<int64_t> mtime_ns,
                             std::optional<uint32_t> mode) override {
    return base_.SetAttributes(path, mtime_ns, mode);
  }
  absl::Status SyncDirectory(absl::string_view path) override { return base_.SyncDirectory(path); }
  absl::StatusOr<uint64_t> FreeBytes() override { return base_.FreeBytes(); }
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(absl::string_view path) override {
    return base_.Lock(path);
  }
  absl::StatusOr<std::unique_ptr<FileWatch>> Watch() override { return base_.Watch(); }

 private:
  FileSystem& base_;
};

// A user and a client on one folder.
class FolderDevice {
 public:
  FolderDevice(FolderServer& server, std::string name, FileSystem* disk = nullptr)
      : server_(server), name_(std::move(name)), memory_(server.clock, {.power_cuts = true}) {
    base_ = disk != nullptr ? disk : &memory_;
    hooks = std::make_unique<HookedFileSystem>(*base_);
    files_ = std::make_unique<FaultyFileSystem>(*hooks, faults);
    service_ = server.engine().OwnerSession();
    Connect();
  }

  // --- The user ---

  void Write(const std::string& path, const std::string& bytes) {
    server_.clock.Advance(absl::Seconds(5));
    const std::string aside = path + ".~new";
    auto file = base_->Create(aside, 0644);
    ASSERT_TRUE(file.ok()) << path << ": " << file.status();
    ASSERT_TRUE((*file)->WriteAt(0, bytes).ok());
    ASSERT_TRUE((*file)->Sync().ok());
    file->reset();
    ASSERT_TRUE(base_->Rename(aside, path, RenameMode::kReplace).ok());
    server_.clock.Advance(absl::Seconds(5));
  }
  void MakeDirectory(const std::string& path) { SE_ASSERT_OK(base_->MakeDirectory(path, 0755)); }
  void Rename(const std::string& from, const std::string& to) {
    SE_ASSERT_OK(base_->Rename(from, to, RenameMode::kReplace));
  }
  void Remove(const std::string& path) { SE_ASSERT_OK(base_->RemoveFile(path)); }
  void RemoveTree(const std::string& path) {
    auto entries = base_->List(path);
    ASSERT_TRUE(entries.ok()) << entries.status();
    for (const DirectoryEntry& entry : *entries) {
      const std::string child = path.empty() ? entry.name : absl::StrCat(path, "/", entry.name);
      if (child == ".syncengine") continue;
      if (entry.kind == FileKind::kDirectory) {
        RemoveTree(child);
      } else {
        Remove(child);
      }
    }
    if (path.empty()) return;
    SE_ASSERT_OK(base_->RemoveDirectory(path));
  }
  std::map<std::string, std::string> Tree() {
    std::map<std::string, std::string> tree;
    ReadTree(*base_, "", tree);
    return tree;
  }

  // --- The client ---

  // Options for the next Open.
  FolderOptions Options() {
    return {.files = *files_,
            .state = state_,
            .opened = *opened_,
            .executor = server_.pool,
            .entropy = server_.entropy,
            .clock = server_.clock,
            .device = name_,
            .mode = mode,
            .merge_contents = merge_contents,
            .mergers = mergers,
            .conflict_copies_max = copies_max,
            .boot = boot,
            .accept_root = accept_root};
  }
  absl::StatusOr<std::unique_ptr<FolderClient>> Open() { return FolderClient::Open(Options()); }
  // As a run of the command line: open, sync, close.
  absl::StatusOr<SyncReport> Sync(const SyncOptions& options = {}) {
    SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<FolderClient> client, Open());
    auto report = client->SyncOnce(options);
    token = client->pending_confirmation();
    return report;
  }
  // As Sync, and it must go well.
  SyncReport MustSync() {
    auto report = Sync();
    EXPECT_TRUE(report.ok()) << name_ << ": " << report.status();
    if (!report.ok()) return {};
    for (const Issue& issue : report->issues) {
      ADD_FAILURE() << name_ << ": " << issue.path << ": " << issue.cause;
    }
    return *report;
  }
  // Another service than the server's, e.g. one that fails.
  void Connect(Service* service = nullptr) {
    auto opened =
        OpenNamespace(service != nullptr ? *service : *service_, "main", nullptr, server_.entropy);
    ASSERT_TRUE(opened.ok()) << opened.status();
    opened_ = std::make_unique<OpenedNamespace>(*std::move(opened));
  }
  // Loses the client's memory.
  void ForgetState() {
    SE_ASSERT_OK(state_.Update("folder", [](MetadataWriter& writer) -> absl::Status {
      SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<KeyValue> rows,
                                  writer.Scan({.limit = 1'000'000}));
      for (const auto& [key, value] : rows) SYNCENGINE_RETURN_IF_ERROR(writer.Delete(key));
      return absl::OkStatus();
    }));
  }
  // The state as a killed process leaves it: nothing after the copy happened.
  std::vector<KeyValue> CopyState() {
    std::vector<KeyValue> rows;
    SE_EXPECT_OK(state_.View("folder", [&rows](MetadataReader& reader) -> absl::Status {
      SYNCENGINE_ASSIGN_OR_RETURN(rows, reader.Scan({.limit = 1'000'000}));
      return absl::OkStatus();
    }));
    return rows;
  }
  void RestoreState(const std::vector<KeyValue>& rows) {
    ForgetState();
    SE_ASSERT_OK(state_.Update("folder", [&rows](MetadataWriter& writer) -> absl::Status {
      for (const auto& [key, value] : rows) {
        SYNCENGINE_RETURN_IF_ERROR(writer.Put(key, value));
      }
      return absl::OkStatus();
    }));
  }
  // How often the client read from a file since the last call.
  size_t CountReads() {
    const std::vector<std::string> calls = faults.calls();
    const size_t reads = std::count(calls.begin() + counted_, calls.end(), "ReadAt");
    counted_ = calls.size();
    return reads;
  }

  FileSystem& disk() { return *base_; }
  MemoryFileSystem& memory() { return memory_; }
  MetadataStore& state() { return state_; }
  OpenedNamespace& opened() { return *opened_; }

  FaultPlan faults;
  std::unique_ptr<HookedFileSystem> hooks;
  SyncMode mode = SyncMode::kTwoWay;
  bool merge_contents = true;
  const MergerRegistry* mergers = nullptr;
  size_t copies_max = 100;
  std::string boot;
  bool accept_root = false;
  std::string token;

 private:
  FolderServer& server_;
  const std::string name_;
  MemoryFileSystem memory_;
  FileSystem* base_;
  std::unique_ptr<FaultyFileSystem> files_;
  MemoryMetadataStore state_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<OpenedNamespace> opened_;
  size_t counted_ = 0;
};

class FolderTest : public ::testing::Test {
 protected:
  // Until neither moves anything.
  void Settle() {
    for (int round = 0; round < 8; ++round) {
      const bool idle = a.MustSync().idle & b.MustSync().idle;
      if (idle && a.Tree() == b.Tree()) return;
    }
    EXPECT_EQ(a.Tree(), b.Tree()) << "never came to rest";
  }
  // Contents under conflicted names.
  static std::vector<std::string> ConflictedCopies(const std::map<std::string, std::string>& tree) {
    std::vector<std::string> contents;
    for (const auto& [path, bytes] : tree) {
      if (path.find(" (conflict ") != std::string::npos) contents.push_back(bytes);
    }
    return contents;
  }

  FolderServer server;
  FolderDevice a{server, "A"};
  FolderDevice b{server, "B"};
};

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTS_FOLDER_FOLDER_WORLD_H_
