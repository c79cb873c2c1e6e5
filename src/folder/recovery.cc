#include "src/folder/recovery.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/folder/private_paths.h"
#include "src/folder/record.h"
#include "src/folder/stat_print.h"
#include "syncengine/base/error.h"

namespace syncengine::folder {
namespace {

class Recovery {
 public:
  Recovery(FileSystem& files, State& state, Workspace& workspace, const ConflictNaming& naming)
      : files_(files), state_(state), workspace_(workspace), naming_(naming) {}

  absl::Status Run() {
    const std::map<uint64_t, Intent> intents = state_.intents();
    // What arrived is to be sure of its place before the file that it replaced goes away.
    for (const auto& [number, intent] : intents) touched_.insert(ParentOf(intent.path));
    SYNCENGINE_RETURN_IF_ERROR(SyncTouched());
    for (const auto& [number, intent] : intents) {
      SYNCENGINE_RETURN_IF_ERROR(Annotate(Settle(intent), "finish an interrupted sync"));
    }
    SYNCENGINE_RETURN_IF_ERROR(RemoveLeftovers());
    SYNCENGINE_RETURN_IF_ERROR(SyncTouched());
    for (const auto& [number, intent] : intents) {
      if (intent.kind == Intent::Kind::kSwap) RecordArrival(intent);
      state_.EraseIntent(number);
    }
    return state_.Flush();
  }

 private:
  absl::Status SyncTouched() {
    for (const std::string& directory : touched_) {
      const absl::Status synced = files_.SyncDirectory(directory);
      if (!absl::IsNotFound(synced)) SYNCENGINE_RETURN_IF_ERROR(synced);
    }
    return absl::OkStatus();
  }

  absl::Status Settle(const Intent& intent) {
    if (intent.kind == Intent::Kind::kPark) return GoBack(intent.temporary, intent.path);
    SYNCENGINE_RETURN_IF_ERROR(SettleFile(intent, absl::StrCat(intent.temporary, ".old")));
    return SettleFile(intent, intent.temporary);
  }

  absl::Status SettleFile(const Intent& intent, const std::string& leftover) {
    absl::StatusOr<FileStat> stat = files_.Stat(leftover);
    if (absl::IsNotFound(stat.status())) return absl::OkStatus();
    SYNCENGINE_RETURN_IF_ERROR(stat.status());
    const Fingerprint print = PrintOf(*stat);
    if (SameFile(print, intent.arrived)) return workspace_.Discard(leftover).status();
    if (absl::IsNotFound(files_.Stat(intent.path).status())) return GoBack(leftover, intent.path);
    if (SameFile(print, intent.expected)) return workspace_.Discard(leftover).status();
    return KeepBeside(files_, leftover, intent.path, naming_).status();
  }

  // A file that came to its place is written down as what it is. Otherwise, where another node had
  // that name before, it would pass for an edit of that one.
  void RecordArrival(const Intent& intent) {
    const absl::StatusOr<FileStat> stat = files_.Stat(intent.path);
    if (!stat.ok() || !SameFile(PrintOf(*stat), intent.arrived)) return;
    if (state_.HeadId(intent.node) != intent.revision) return;
    RecordHead(state_, intent.node, PrintOf(*stat), /*racy=*/true);
  }

  absl::Status GoBack(const std::string& from, const std::string& path) {
    const absl::Status moved = files_.Rename(from, path, RenameMode::kNoReplace);
    if (moved.ok()) return moved;
    if (absl::IsNotFound(files_.Stat(from).status())) return absl::OkStatus();
    if (absl::IsAlreadyExists(moved)) return KeepBeside(files_, from, path, naming_).status();
    if (!absl::IsNotFound(moved)) return moved;
    touched_.insert("");  // Its directory is gone: the top of the folder is always there.
    return KeepBeside(files_, from, std::string(NameOf(path)), naming_).status();
  }

  // A parked node without an intent cannot be: the intent is durable before.
  absl::Status RemoveLeftovers() {
    SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<DirectoryEntry> entries, files_.List(kTemporary));
    for (const DirectoryEntry& entry : entries) {
      SYNCENGINE_RETURN_IF_ERROR(
          workspace_.Discard(absl::StrCat(kTemporary, "/", entry.name)).status());
    }
    return absl::OkStatus();
  }

  FileSystem& files_;
  State& state_;
  Workspace& workspace_;
  const ConflictNaming& naming_;
  std::set<std::string> touched_;
};

}  // namespace

absl::Status Recover(FileSystem& files, State& state, Workspace& workspace,
                     const ConflictNaming& naming) {
  return Recovery(files, state, workspace, naming).Run();
}

}  // namespace syncengine::folder
