#include "syncengine/stores/local_object_store.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "src/base/planted_bugs.h"
#include "src/stores/object_layout.h"
#include "src/stores/object_name.h"
#include "src/stores/tree_path.h"
#include "syncengine/base/error.h"

namespace syncengine {
namespace {

constexpr char kTemporaries[] = "tmp";
constexpr char kLock[] = "lock";

// An error that says nothing about what the disk holds: the call may simply be repeated.
bool IsHarmless(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status);
}

absl::Status NoSuchObjectOr(const absl::Status& status, absl::string_view name) {
  if (absl::IsNotFound(status)) return stores::NoSuchObject(name);
  return Annotate(status, absl::StrCat("object ", name));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ObjectStore>> LocalObjectStore::Open(FileSystem& files,
                                                                    Entropy& entropy) {
  std::unique_ptr<LocalObjectStore> store(new LocalObjectStore(files, entropy));
  SYNCENGINE_RETURN_IF_ERROR(Annotate(store->Prepare(), "open local object store"));
  return std::unique_ptr<ObjectStore>(std::move(store));
}

absl::Status LocalObjectStore::Prepare() {
  SYNCENGINE_RETURN_IF_ERROR(EnsureDirectories(stores::kObjectsDirectory));
  SYNCENGINE_RETURN_IF_ERROR(EnsureDirectories(kTemporaries));
  absl::StatusOr<std::unique_ptr<FileLock>> lock = files_.Lock(kLock);
  if (lock.ok()) {
    lock_ = *std::move(lock);
    return EmptyTemporaries();
  }
  // Another process is at work: what is in tmp/ may be its.
  return GetReason(lock.status()) == Reason::kLocked ? absl::OkStatus() : lock.status();
}

absl::Status LocalObjectStore::EmptyTemporaries() {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<DirectoryEntry> entries, files_.List(kTemporaries));
  for (const DirectoryEntry& entry : entries) {
    const absl::Status removed = files_.RemoveFile(absl::StrCat(kTemporaries, "/", entry.name));
    if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
  }
  return absl::OkStatus();
}

// Creates `directory` and those above it, durably. A directory that exists already may be younger
// than the last SyncDirectory, so the first use after Open syncs in any case.
absl::Status LocalObjectStore::EnsureDirectories(absl::string_view directory) {
  if (directory.empty()) return absl::OkStatus();
  {
    absl::MutexLock lock(&mutex_);
    if (durable_.contains(directory)) return absl::OkStatus();
  }
  const stores::SplitTreePath split(directory);
  SYNCENGINE_RETURN_IF_ERROR(EnsureDirectories(split.parent));
  const absl::Status made = files_.MakeDirectory(directory, 0700);
  if (!made.ok() && !absl::IsAlreadyExists(made)) return made;
  SYNCENGINE_RETURN_IF_ERROR(SyncNames(split.parent));
  absl::MutexLock lock(&mutex_);
  durable_.insert(std::string(directory));
  return absl::OkStatus();
}

absl::Status LocalObjectStore::Put(absl::string_view name, absl::string_view bytes) {
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckObjectName(name));
  SYNCENGINE_RETURN_IF_ERROR(CheckWritable());
  const std::string path = stores::ObjectPath(name);
  const absl::string_view directory = stores::SplitTreePath(path).parent;
  SYNCENGINE_RETURN_IF_ERROR(Annotate(EnsureDirectories(directory), "put object"));
  const absl::StatusOr<FileStat> found = files_.Stat(path);
  if (found.ok()) {
    // Its writer may have died before the name was durable, and the caller may build on it.
    SYNCENGINE_RETURN_IF_ERROR(SyncNames(directory));
    return stores::ObjectExists(name);
  }
  absl::StatusOr<std::string> temporary = WriteTemporary(bytes);
  if (!temporary.ok()) return Annotate(temporary.status(), absl::StrCat("put object ", name));
  return Publish(*temporary, path, name);
}

// Gives the path of a file that holds `bytes` durably, though its name is not durable.
absl::StatusOr<std::string> LocalObjectStore::WriteTemporary(absl::string_view bytes) {
  constexpr int kFilesMax = 2;  // A second file may lie on healthy blocks; a third will not help.
  absl::Status status;
  for (int i = 0; i < kFilesMax; ++i) {
    std::array<uint8_t, 16> random{};
    entropy_.Fill(absl::MakeSpan(random));
    const std::string id = absl::BytesToHexString(
        absl::string_view(reinterpret_cast<const char*>(random.data()), random.size()));
    const std::string path = absl::StrCat(kTemporaries, "/", id);
    status = WriteAndSync(path, bytes);
    if (status.ok()) return path;
    files_.RemoveFile(path).IgnoreError();  // Or the next Open does it.
    if (!absl::IsDataLoss(status)) return status;
  }
  return TurnReadOnly(status);
}

// kDataLoss only when what the file holds is in doubt.
absl::Status LocalObjectStore::WriteAndSync(const std::string& path, absl::string_view bytes) {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, files_.Create(path, 0600));
  SYNCENGINE_RETURN_IF_ERROR(file->WriteAt(0, bytes));
  if (PlantedBug(Bug::kSkipSegmentSync)) return absl::OkStatus();
  const absl::Status synced = file->Sync();
  if (synced.ok() || IsHarmless(synced)) return synced;
  return MakeError(Reason::kIntegrity, synced.message());
}

absl::Status LocalObjectStore::Publish(const std::string& temporary, const std::string& path,
                                       absl::string_view name) {
  const absl::Status renamed = files_.Rename(temporary, path, RenameMode::kNoReplace);
  if (renamed.ok()) return SyncNames(stores::SplitTreePath(path).parent);
  files_.RemoveFile(temporary).IgnoreError();
  if (absl::IsAlreadyExists(renamed)) {
    SYNCENGINE_RETURN_IF_ERROR(SyncNames(stores::SplitTreePath(path).parent));
    return stores::ObjectExists(name);
  }
  if (absl::IsNotFound(renamed)) {
    return absl::UnavailableError(absl::StrCat(
        "put object ", name, ": the temporary file is gone (another process emptied tmp/); retry"));
  }
  return Annotate(renamed, absl::StrCat("put object ", name));
}

absl::Status LocalObjectStore::SyncNames(absl::string_view directory) {
  if (PlantedBug(Bug::kSkipNameSync)) return absl::OkStatus();
  absl::Status synced = files_.SyncDirectory(directory);
  return synced.ok() || IsHarmless(synced) ? synced : TurnReadOnly(synced);
}

absl::Status LocalObjectStore::CheckWritable() {
  absl::MutexLock lock(&mutex_);
  if (read_only_.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(read_only_);
}

absl::Status LocalObjectStore::TurnReadOnly(const absl::Status& cause) {
  absl::MutexLock lock(&mutex_);
  if (read_only_.empty()) {
    read_only_ = absl::StrCat("local object store is read-only since the disk failed to sync (",
                              cause.message(), "); check the disk, then open the store again");
  }
  return MakeError(Reason::kIntegrity, read_only_);
}

absl::StatusOr<std::string> LocalObjectStore::Get(absl::string_view name, uint64_t offset,
                                                  uint64_t length) {
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckObjectName(name));
  const auto file = files_.OpenToRead(stores::ObjectPath(name));
  if (!file.ok()) return NoSuchObjectOr(file.status(), name);
  SYNCENGINE_ASSIGN_OR_RETURN(const FileStat stat, (*file)->Stat());
  if (offset > stat.size) return stores::OffsetPastEnd(name, offset, stat.size);
  std::string bytes(std::min(length, stat.size - offset), '\0');
  SYNCENGINE_ASSIGN_OR_RETURN(const size_t size,
                              (*file)->ReadAt(offset, bytes.data(), bytes.size()));
  if (size == bytes.size()) return bytes;
  return MakeError(Reason::kIntegrity,
                   absl::StrCat("object ", name, " became shorter while it was read"));
}

absl::StatusOr<ObjectEntry> LocalObjectStore::Stat(absl::string_view name) {
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckObjectName(name));
  const absl::StatusOr<FileStat> stat = files_.Stat(stores::ObjectPath(name));
  if (!stat.ok()) return NoSuchObjectOr(stat.status(), name);
  return ObjectEntry{std::string(name), stat->size, Tier::kHot};
}

absl::Status LocalObjectStore::Delete(absl::string_view name) {
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckObjectName(name));
  SYNCENGINE_RETURN_IF_ERROR(CheckWritable());
  const std::string path = stores::ObjectPath(name);
  const absl::string_view directory = stores::SplitTreePath(path).parent;
  const absl::Status removed = files_.RemoveFile(path);
  if (!removed.ok() && !absl::IsNotFound(removed)) {
    return Annotate(removed, absl::StrCat("delete object ", name));
  }
  // Who removed it before may have died before that was durable.
  if (!removed.ok() && absl::IsNotFound(files_.Stat(directory).status())) return absl::OkStatus();
  return SyncNames(directory);
}

absl::StatusOr<ObjectPage> LocalObjectStore::List(absl::string_view prefix, absl::string_view after,
                                                  int limit) {
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckObjectPageLimit(limit));
  ObjectPage page;
  const auto visit = [&](const std::string& name) -> absl::StatusOr<bool> {
    if (page.entries.size() == static_cast<size_t>(limit)) {
      page.more = true;
      return false;
    }
    absl::StatusOr<ObjectEntry> entry = Stat(name);
    if (absl::IsNotFound(entry.status())) return true;  // Deleted meanwhile.
    if (!entry.ok()) return entry.status();
    page.entries.push_back(*std::move(entry));
    return true;
  };
  SYNCENGINE_RETURN_IF_ERROR(stores::WalkObjects(files_, prefix, after, visit));
  return page;
}

absl::Status LocalObjectStore::SetTier(absl::string_view name, Tier) {
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckObjectName(name));
  return absl::UnimplementedError("a local object store has no tiers");
}

absl::Status LocalObjectStore::Restore(absl::string_view name) { return Stat(name).status(); }

}  // namespace syncengine
