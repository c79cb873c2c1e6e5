#include "src/folder/workspace.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "src/folder/private_paths.h"
#include "syncengine/base/error.h"

namespace syncengine::folder {
namespace {

constexpr size_t kTrashNameMax = 200;  // Leaves room for the random part.

std::string Random(Entropy& entropy) {
  uint8_t bytes[8];
  entropy.Fill(absl::MakeSpan(bytes));
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes), sizeof bytes));
}

std::string Day(absl::Time time) { return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone()); }

}  // namespace

absl::Status EnsureDirectory(FileSystem& files, absl::string_view path) {
  const absl::Status made = files.MakeDirectory(path, 0700);
  if (!absl::IsAlreadyExists(made)) return made;
  SYNCENGINE_ASSIGN_OR_RETURN(const FileStat stat, files.Stat(path));
  if (stat.kind == FileKind::kDirectory) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": must be a directory of the sync client; move what is there away"));
}

std::string ParentOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? "" : std::string(path.substr(0, slash));
}

absl::string_view NameOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? path : path.substr(slash + 1);
}

absl::Status Workspace::Prepare() {
  for (absl::string_view path : {kPrivate, kTemporary, kTrash}) {
    SYNCENGINE_RETURN_IF_ERROR(Annotate(EnsureDirectory(files_, path), "prepare the folder"));
  }
  // What is put there must not be lost with them. They may be younger than the last power cut.
  return files_.SyncDirectory(kPrivate);
}

std::string Workspace::NewTemporary() { return absl::StrCat(kTemporary, "/", Random(entropy_)); }

absl::Status Workspace::EnsureDay(const std::string& day) {
  SYNCENGINE_RETURN_IF_ERROR(EnsureDirectory(files_, day));
  {
    absl::MutexLock lock(&mutex_);
    if (day == durable_day_) return absl::OkStatus();
  }
  SYNCENGINE_RETURN_IF_ERROR(files_.SyncDirectory(kTrash));
  absl::MutexLock lock(&mutex_);
  durable_day_ = day;
  return absl::OkStatus();
}

absl::StatusOr<std::string> Workspace::Discard(absl::string_view path) {
  const std::string day = absl::StrCat(kTrash, "/", Day(clock_.Now()));
  SYNCENGINE_RETURN_IF_ERROR(EnsureDay(day));
  const std::string place =
      absl::StrCat(day, "/", Random(entropy_), "-", NameOf(path).substr(0, kTrashNameMax));
  SYNCENGINE_RETURN_IF_ERROR(files_.Rename(path, place, RenameMode::kNoReplace));
  return place;
}

void Workspace::EmptyTrash(int days) {
  const std::string oldest = Day(clock_.Now() - absl::Hours(24) * days);
  auto entries = files_.List(kTrash);
  if (!entries.ok()) return;
  for (const DirectoryEntry& entry : *entries) {
    if (entry.name < oldest) RemoveTree(absl::StrCat(kTrash, "/", entry.name));
  }
}

void Workspace::RemoveTree(const std::string& path) {
  auto entries = files_.List(path);
  if (!entries.ok()) return;
  for (const DirectoryEntry& entry : *entries) {
    const std::string child = absl::StrCat(path, "/", entry.name);
    if (entry.kind == FileKind::kDirectory) {
      RemoveTree(child);
    } else {
      files_.RemoveFile(child).IgnoreError();
    }
  }
  files_.RemoveDirectory(path).IgnoreError();
}

}  // namespace syncengine::folder
