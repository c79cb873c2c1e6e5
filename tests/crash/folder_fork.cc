#include "tests/crash/folder_fork.h"

#include "absl/strings/str_cat.h"
#include "syncengine/testing/status_matchers.h"
#include "tests/crash/state_digest.h"

namespace syncengine::testing {
namespace {

constexpr int kSyncsMax = 8;

void ReadTree(FileSystem& files, const std::string& path, Tree& tree) {
  const std::vector<DirectoryEntry> entries = files.List(path).value();
  for (const DirectoryEntry& entry : entries) {
    const std::string child = path.empty() ? entry.name : absl::StrCat(path, "/", entry.name);
    if (child == ".syncengine") continue;
    const uint32_t executable = files.Stat(child).value().mode & 0100;
    if (entry.kind == FileKind::kDirectory) {
      tree[child] = "directory";
      ReadTree(files, child, tree);
    } else if (entry.kind == FileKind::kSymlink) {
      tree[child] = absl::StrCat("link to ", files.ReadSymlink(child).value());
    } else {
      tree[child] = absl::StrCat(executable != 0 ? "program " : "file ", ReadAll(files, child));
    }
  }
}

}  // namespace

ForkServer::ForkServer(uint64_t seed, uint32_t average_block_bytes) : entropy(seed) {
  engine_ = Engine::Initialise(ports()).value();
  const auto owner = engine_->OwnerSession();
  SE_EXPECT_OK(
      CreateNamespace(*owner, {.average_block_bytes = average_block_bytes}, nullptr, entropy));
}

ForkServer::ForkServer(const ServerState& state, uint64_t seed) : clock(state.now), entropy(seed) {
  PutRows(state.rows, memory_);
  PutObjects(state.objects, objects_);
  engine_ = Engine::Open(ports()).value();
}

ForkClient::ForkClient(ForkServer& server, FileSystem& files, MetadataStore& state,
                       std::string device)
    : server_(server),
      files_(files),
      state_(state),
      device_(std::move(device)),
      service_(server.engine().OwnerSession()) {
  opened_ = std::make_unique<OpenedNamespace>(
      OpenNamespace(*service_, "main", nullptr, server.entropy).value());
}

absl::StatusOr<SyncReport> ForkClient::Sync(const std::string& boot) {
  auto client = FolderClient::Open({.files = files_,
                                    .state = state_,
                                    .opened = *opened_,
                                    .executor = server_.executor,
                                    .entropy = server_.entropy,
                                    .clock = server_.clock,
                                    .device = device_,
                                    .boot = boot});
  if (!client.ok()) return client.status();
  return (*client)->SyncOnce();
}

absl::Status ForkClient::SyncUntilIdle(const std::string& boot) {
  std::string last = "it was never asked";
  for (int i = 0; i < kSyncsMax; ++i) {
    const auto report = Sync(boot);
    if (!report.ok()) return report.status();
    if (report->idle && report->issues.empty()) return absl::OkStatus();
    last = "it moved something every time";
    if (!report->issues.empty()) {
      last = absl::StrCat(report->issues[0].path, ": ", report->issues[0].cause);
    }
    server_.clock.Advance(absl::Seconds(1));
  }
  return absl::InternalError(absl::StrCat(device_, " does not come to rest: ", last));
}

Tree TreeOf(FileSystem& files) {
  Tree tree;
  ReadTree(files, "", tree);
  return tree;
}

void User::Write(const std::string& path, const std::string& bytes, uint32_t mode) {
  clock_.Advance(absl::Seconds(5));
  const std::string aside = path + ".~new";
  {
    auto file = disk_->Create(aside, mode);
    SE_ASSERT_OK(file);
    SE_EXPECT_OK((*file)->WriteAt(0, bytes));
  }
  SE_EXPECT_OK(disk_->Rename(aside, path, RenameMode::kReplace));
  disk_->SyncAll();
  clock_.Advance(absl::Seconds(5));
}

void User::MakeDirectory(const std::string& path) {
  SE_EXPECT_OK(disk_->MakeDirectory(path, 0755));
  disk_->SyncAll();
}

void User::MakeSymlink(const std::string& path, const std::string& target) {
  SE_EXPECT_OK(disk_->MakeSymlink(path, target));
  disk_->SyncAll();
}

void User::Rename(const std::string& from, const std::string& to) {
  SE_EXPECT_OK(disk_->Rename(from, to, RenameMode::kReplace));
  disk_->SyncAll();
}

void User::Remove(const std::string& path) {
  SE_EXPECT_OK(disk_->RemoveFile(path));
  disk_->SyncAll();
}

void User::RemoveTree(const std::string& path) {
  const std::vector<DirectoryEntry> entries = disk_->List(path).value();
  for (const DirectoryEntry& entry : entries) {
    const std::string child = absl::StrCat(path, "/", entry.name);
    if (entry.kind == FileKind::kDirectory) {
      RemoveTree(child);
    } else {
      Remove(child);
    }
  }
  SE_EXPECT_OK(disk_->RemoveDirectory(path));
  disk_->SyncAll();
}

void User::SetMode(const std::string& path, uint32_t mode) {
  clock_.Advance(absl::Seconds(5));
  SE_EXPECT_OK(disk_->SetAttributes(path, std::nullopt, mode));
  disk_->SyncAll();
}

}  // namespace syncengine::testing
