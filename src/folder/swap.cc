#include "src/folder/swap.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "src/base/planted_bugs.h"
#include "src/folder/stat_print.h"
#include "syncengine/base/error.h"
#include "syncengine/reconcile/conflict_name.h"

namespace syncengine::folder {
namespace {

constexpr int kNamesMax = 1000;  // Attempts to find a free name.

absl::Status Moved(const std::string& path) {
  return absl::AbortedError(absl::StrCat(path, ": changed since it was looked at"));
}

// Two plain renames where the disk cannot exchange. Between them the name is free for a moment; a
// crash there leaves the old file at `aside`, which the intent names.
absl::Status MoveAsideAndPut(FileSystem& files, const SwapRequest& request,
                             const std::string& aside) {
  SYNCENGINE_RETURN_IF_ERROR(files.Rename(request.path, aside, RenameMode::kNoReplace));
  const absl::Status put = files.Rename(request.temporary, request.path, RenameMode::kNoReplace);
  if (put.ok()) return put;
  files.Rename(aside, request.path, RenameMode::kNoReplace).IgnoreError();
  return absl::IsAlreadyExists(put) ? Moved(request.path) : put;
}

}  // namespace

absl::StatusOr<std::string> KeepBeside(FileSystem& files, const std::string& from,
                                       const std::string& path, const ConflictNaming& naming) {
  const std::string parent = ParentOf(path);
  for (int attempt = 0; attempt < kNamesMax; ++attempt) {
    const std::string name = ConflictName(NameOf(path), naming.stamp, naming.device, attempt);
    std::string place = parent.empty() ? name : absl::StrCat(parent, "/", name);
    const absl::Status moved = files.Rename(from, place, RenameMode::kNoReplace);
    if (moved.ok()) return place;
    if (!absl::IsAlreadyExists(moved)) return moved;
  }
  return absl::ResourceExhaustedError(
      absl::StrCat(path, ": has too many conflicted copies; delete some"));
}

absl::StatusOr<SwapResult> PutInPlace(FileSystem& files, const ConflictNaming& naming,
                                      const SwapRequest& request) {
  const bool blind = PlantedBug(Bug::kOverwriteUnseenEdit);
  if (!request.expected.has_value()) {
    const bool replace = PlantedBug(Bug::kArrivalOverwritesNewFile);
    const absl::Status put = files.Rename(request.temporary, request.path,
                                          replace ? RenameMode::kReplace : RenameMode::kNoReplace);
    if (absl::IsAlreadyExists(put) || absl::IsNotFound(put)) return Moved(request.path);
    SYNCENGINE_RETURN_IF_ERROR(put);
    return SwapResult{};
  }
  absl::StatusOr<FileStat> present = files.Stat(request.path);
  if (absl::IsNotFound(present.status())) return Moved(request.path);
  SYNCENGINE_RETURN_IF_ERROR(present.status());
  if (!blind && !SameFile(PrintOf(*present), *request.expected)) return Moved(request.path);

  std::string out = request.temporary;
  if (files.properties().exchange) {
    SYNCENGINE_RETURN_IF_ERROR(
        files.Rename(request.temporary, request.path, RenameMode::kExchange));
  } else {
    out = absl::StrCat(request.temporary, ".old");
    SYNCENGINE_RETURN_IF_ERROR(MoveAsideAndPut(files, request, out));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const FileStat came_out, files.Stat(out));
  if (blind || SameFile(PrintOf(came_out), *request.expected)) return SwapResult{.leftover = out};
  SYNCENGINE_ASSIGN_OR_RETURN(std::string kept, KeepBeside(files, out, request.path, naming));
  return SwapResult{.kept_edit = std::move(kept)};
}

}  // namespace syncengine::folder
