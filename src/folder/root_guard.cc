#include "src/folder/root_guard.h"

#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "src/folder/private_paths.h"
#include "syncengine/base/error.h"

namespace syncengine::folder {
namespace {

constexpr size_t kMarkerBytes = 32;  // 16 random bytes in hex.

absl::Status Changed(absl::string_view found) {
  return MakeError(Reason::kRootChanged,
                   absl::StrCat("the folder is not the one that was synced before: ", found,
                                "; nothing was changed. Mount or restore it, or accept it as it is "
                                "now: then its content is merged and nothing is deleted"));
}

absl::Status WriteMarker(FileSystem& files, absl::string_view marker) {
  const absl::Status removed = files.RemoveFile(kRootMarker);
  if (!absl::IsNotFound(removed)) SYNCENGINE_RETURN_IF_ERROR(removed);
  SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files.Create(kRootMarker, 0600));
  SYNCENGINE_RETURN_IF_ERROR(file->WriteAt(0, marker));
  SYNCENGINE_RETURN_IF_ERROR(file->Sync());
  SYNCENGINE_RETURN_IF_ERROR(files.SyncDirectory(kPrivate));
  return files.SyncDirectory("");
}

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(FileSystem& files, absl::string_view path,
                                          size_t size_max) {
  SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, files.OpenToRead(path));
  std::string bytes(size_max + 1, '\0');
  size_t size = 0;
  while (size < bytes.size()) {
    SYNCENGINE_ASSIGN_OR_RETURN(const size_t read,
                                file->ReadAt(size, bytes.data() + size, bytes.size() - size));
    if (read == 0) break;
    size += read;
  }
  if (size > size_max) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path, ": expected at most ", size_max, " bytes"));
  }
  bytes.resize(size);
  return bytes;
}

absl::StatusOr<std::string> EnsureMarker(FileSystem& files, Entropy& entropy) {
  absl::StatusOr<std::string> found = ReadSmallFile(files, kRootMarker, kMarkerBytes);
  if (found.ok() && found->size() == kMarkerBytes) return *std::move(found);
  // Only its absence or a torn write is a reason for another one: what cannot be read may be right.
  const bool unknown = !found.ok() && !absl::IsNotFound(found.status()) &&
                       !absl::IsResourceExhausted(found.status());
  if (unknown) {
    return Annotate(found.status(), "read the folder's mark");
  }
  const std::string marker = entropy.NewId<NodeId>().ToHex();
  SYNCENGINE_RETURN_IF_ERROR(Annotate(WriteMarker(files, marker), "mark the folder"));
  return marker;
}

absl::Status CheckRoot(FileSystem& files, const Identity& identity) {
  absl::StatusOr<FileStat> root = files.Stat("");
  if (!root.ok()) return Changed(absl::StrCat("it cannot be read (", root.status().message(), ")"));
  if (root->inode != identity.root_inode) return Changed("another directory is in its place");
  absl::StatusOr<std::string> marker = ReadSmallFile(files, kRootMarker, kMarkerBytes);
  if (absl::IsNotFound(marker.status())) return Changed(absl::StrCat(kRootMarker, " is missing"));
  SYNCENGINE_RETURN_IF_ERROR(Annotate(marker.status(), "check the folder's root"));
  if (*marker != identity.root_marker) return Changed(absl::StrCat(kRootMarker, " is another one"));
  return absl::OkStatus();
}

}  // namespace syncengine::folder
