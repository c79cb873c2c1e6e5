#include "src/folder/applier.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"
#include "src/base/planted_bugs.h"
#include "src/folder/private_paths.h"
#include "src/folder/record.h"
#include "src/folder/stat_print.h"
#include "syncengine/base/error.h"

namespace syncengine::folder {
namespace {

absl::Status Moved(absl::string_view path) {
  return absl::AbortedError(absl::StrCat(path, ": changed since it was looked at"));
}

}  // namespace

absl::Status Applier::Run(absl::FunctionRef<absl::Status()> check_root) {
  bool root_checked = false;
  std::vector<const Action*> done;
  absl::btree_set<NodeId> to_download;
  for (const Action& action : round_.plan.actions) {
    if (action.kind == ActionKind::kDownload) to_download.insert(action.node);
    if (!IsHere(action.kind) || action.kind == ActionKind::kDownload) continue;
    if (round_.stop.stop_requested()) return absl::CancelledError("sync: stopped on request");
    if (action.kind == ActionKind::kDeleteHere && !root_checked) {
      SYNCENGINE_RETURN_IF_ERROR(check_root());
      root_checked = true;
    }
    const absl::Status applied = Apply(action);
    if (applied.ok()) {
      done.push_back(&action);
    } else {
      round_.outcome.Fail(action.node, action.path, applied);
    }
  }
  SYNCENGINE_RETURN_IF_ERROR(SyncTouched());
  // Not earlier: until then a power cut may bring a node back to where it was parked.
  for (const uint64_t intent : settled_) around_.state.EraseIntent(intent);
  for (const Action* action : done) {
    // The head is agreed on when its content has come, too; that may fail or never happen.
    const bool whole =
        !round_.outcome.failed.contains(action->node) && !to_download.contains(action->node);
    if (whole) Record(*action);
  }
  return around_.state.Flush();
}

absl::Status Applier::Apply(const Action& action) {
  switch (action.kind) {
    case ActionKind::kMakeDirectoryHere:
      return MakeDirectory(action);
    case ActionKind::kMoveHere:
      return Move(action);
    case ActionKind::kParkHere:
      return Park(action);
    case ActionKind::kAttributesHere:
      return SetAttributes(action);
    case ActionKind::kDeleteHere:
      return Delete(action);
    default:
      return absl::InternalError("applier: not an action of its own");
  }
}

absl::StatusOr<std::string> Applier::PathNow(const NodeId& node) const {
  auto path = round_.places.PathOf(node);
  if (path.has_value()) return *std::move(path);
  return absl::AbortedError("its directory is not where it was");
}

absl::StatusOr<std::string> Applier::PathAfter(const Action& action) const {
  auto path = round_.places.PathOf(action.to);
  if (!path.has_value()) {
    return absl::FailedPreconditionError("the directory it belongs to could not be made");
  }
  if (!IsPrivate(*path)) return *std::move(path);
  return absl::InvalidArgumentError(
      absl::StrCat(*path, ": this name is reserved for the sync client"));
}

absl::Status Applier::MakeDirectory(const Action& action) {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string path, PathAfter(action));
  // The owner must be able to fill it.
  const absl::Status made = around_.files.MakeDirectory(path, action.attributes.mode | 0700);
  if (absl::IsAlreadyExists(made)) return Moved(path);
  SYNCENGINE_RETURN_IF_ERROR(made);
  touched_.insert(ParentOf(path));
  made_.insert(path);
  SYNCENGINE_ASSIGN_OR_RETURN(const FileStat stat, around_.files.Stat(path));
  round_.places.Put(action.node, action.to, PrintOf(stat));
  return absl::OkStatus();
}

// What is moved into a new directory must not be lost with it.
absl::Status Applier::SyncMade(const std::string& path) {
  std::vector<std::string> parents;
  for (std::string made = ParentOf(path); !made.empty(); made = ParentOf(made)) {
    if (made_.erase(made) > 0) parents.push_back(ParentOf(made));
  }
  for (auto parent = parents.rbegin(); parent != parents.rend(); ++parent) {
    const absl::Status synced = around_.files.SyncDirectory(*parent);
    if (!absl::IsNotFound(synced)) SYNCENGINE_RETURN_IF_ERROR(synced);
  }
  return absl::OkStatus();
}

// A directory that goes into one that was moved out of it: were only the second move to last, each
// would be inside the other and neither in the folder.
absl::Status Applier::SyncMoved(const std::string& path) {
  for (std::string above = ParentOf(path); !above.empty(); above = ParentOf(above)) {
    if (!moved_.contains(above)) continue;
    moved_.clear();
    return SyncTouched();
  }
  return absl::OkStatus();
}

absl::Status Applier::RenameOnDisk(const std::string& from, const std::string& to) {
  absl::Status renamed = around_.files.Rename(from, to, RenameMode::kNoReplace);
  if (absl::IsAlreadyExists(renamed) && !around_.files.properties().case_sensitive) {
    // Another spelling of its own name.
    auto one = around_.files.Stat(from);
    auto other = around_.files.Stat(to);
    if (one.ok() && other.ok() && one->inode == other->inode && one->device == other->device) {
      renamed = around_.files.Rename(from, to, RenameMode::kReplace);
    }
  }
  if (absl::IsAlreadyExists(renamed) || absl::IsNotFound(renamed)) return Moved(to);
  SYNCENGINE_RETURN_IF_ERROR(renamed);
  touched_.insert(ParentOf(from));
  touched_.insert(ParentOf(to));
  return absl::OkStatus();
}

absl::Status Applier::Move(const Action& action) {
  if (action.is_conflict_copy) SYNCENGINE_RETURN_IF_ERROR(HandOverToLoser(action));
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string from, PathNow(action.node));
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string to, PathAfter(action));
  SYNCENGINE_RETURN_IF_ERROR(SyncMade(to));
  if (action.node_kind == NodeKind::kDirectory) SYNCENGINE_RETURN_IF_ERROR(SyncMoved(to));
  SYNCENGINE_RETURN_IF_ERROR(RenameOnDisk(from, to));
  if (action.node_kind == NodeKind::kDirectory) moved_.insert(to);
  round_.places.Move(action.node, action.to);
  auto parked = parked_.find(action.node);
  if (parked != parked_.end()) settled_.push_back(parked->second);
  round_.outcome.report.moved += !action.is_conflict_copy;
  round_.outcome.report.conflicts += action.is_conflict_copy;
  return absl::OkStatus();
}

// The contested node has no local file from now on. Durable before the rename, so that after a
// crash the loser does not pass for a renamed winner.
absl::Status Applier::HandOverToLoser(const Action& action) {
  auto row = around_.state.synced().find(action.conflict_with);
  if (row != around_.state.synced().end()) {
    SyncedNode bare = row->second;
    bare.print = {};
    bare.racy = true;
    around_.state.PutSynced(action.conflict_with, std::move(bare));
    SYNCENGINE_RETURN_IF_ERROR(around_.state.Flush());
  }
  round_.places.Rename(action.conflict_with, action.node);
  return absl::OkStatus();
}

absl::Status Applier::Park(const Action& action) {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string from, PathNow(action.node));
  const std::string aside = around_.workspace.NewTemporary();
  parked_[action.node] =
      around_.state.AddIntent({.kind = Intent::Kind::kPark, .path = from, .temporary = aside});
  SYNCENGINE_RETURN_IF_ERROR(around_.state.Flush());
  SYNCENGINE_RETURN_IF_ERROR(RenameOnDisk(from, aside));
  round_.places.Park(action.node, aside);
  return absl::OkStatus();
}

absl::Status Applier::SetAttributes(const Action& action) {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string path, PathNow(action.node));
  std::optional<int64_t> mtime;
  if (action.node_kind == NodeKind::kFile) mtime = action.attributes.mtime_ns;
  if (action.node_kind == NodeKind::kDirectory) touched_.insert(path);
  return around_.files.SetAttributes(path, mtime, action.attributes.mode);
}

absl::Status Applier::Delete(const Action& action) {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string path, PathNow(action.node));
  SYNCENGINE_RETURN_IF_ERROR(action.node_kind == NodeKind::kDirectory
                                 ? DeleteDirectory(action, path)
                                 : DeleteFile(action, path));
  touched_.insert(ParentOf(path));
  round_.places.Erase(action.node);
  ++round_.outcome.report.deleted;
  return absl::OkStatus();
}

absl::Status Applier::DeleteFile(const Action& action, const std::string& path) {
  const Fingerprint* expected = round_.places.Print(action.node);
  if (PlantedBug(Bug::kDeleteUnseenEdit)) return around_.workspace.Discard(path).status();
  absl::StatusOr<FileStat> stat = around_.files.Stat(path);
  if (absl::IsNotFound(stat.status())) return absl::OkStatus();
  SYNCENGINE_RETURN_IF_ERROR(stat.status());
  if (expected == nullptr || !SameFile(PrintOf(*stat), *expected)) return Moved(path);
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string trashed, around_.workspace.Discard(path));
  SYNCENGINE_ASSIGN_OR_RETURN(const FileStat came_out, around_.files.Stat(trashed));
  if (SameFile(PrintOf(came_out), *expected)) return absl::OkStatus();
  // Edited at the last moment: the edit stays, and wins over the deletion.
  const absl::Status back = around_.files.Rename(trashed, path, RenameMode::kNoReplace);
  return back.ok() ? Moved(path) : back;
}

// Ignored names stay, and with them the directory; anything else in it was not there when we
// looked.
absl::Status Applier::DeleteDirectory(const Action&, const std::string& path) {
  const absl::Status removed = around_.files.RemoveDirectory(path);
  if (removed.ok() || absl::IsNotFound(removed)) return absl::OkStatus();
  if (!absl::IsFailedPrecondition(removed)) return removed;
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<DirectoryEntry> rest, around_.files.List(path));
  const bool ignored = std::all_of(rest.begin(), rest.end(), [&](const DirectoryEntry& entry) {
    const bool directory = entry.kind == FileKind::kDirectory;
    return ignore_.MatchesAny(absl::StrCat(path, "/", entry.name), directory);
  });
  if (!ignored) return Moved(path);
  round_.outcome.notes.push_back(
      {path, "deleted elsewhere, but it holds ignored files, so it was kept here",
       "delete it if the ignored files are not needed"});
  return absl::OkStatus();
}

absl::Status Applier::SyncTouched() {
  for (const std::string& directory : touched_) {
    const absl::Status synced = around_.files.SyncDirectory(directory);
    if (!synced.ok() && !absl::IsNotFound(synced)) {
      return Annotate(synced, absl::StrCat("sync directory '", directory, "'"));
    }
  }
  return absl::OkStatus();
}

void Applier::Record(const Action& action) {
  State& state = around_.state;
  if (action.kind == ActionKind::kDeleteHere) {
    RecordGone(state, action.node);
    return;
  }
  auto here = round_.local.present.find(action.node);
  const bool edit_waits = here != round_.local.present.end() && here->second.content_changed &&
                          !here->second.equals_remote;
  if (edit_waits) return RecordHead(state, action.node, std::nullopt, true);
  const std::optional<std::string> path = round_.places.PathOf(action.node);
  if (!path.has_value()) return;
  absl::StatusOr<FileStat> stat = around_.files.Stat(*path);
  if (!stat.ok()) return;
  const Fingerprint now = PrintOf(*stat);
  // Moving and chmod leave content alone; a write in between shows and is left to the next scan.
  const Fingerprint* before = round_.places.Print(action.node);
  const bool touched = before == nullptr || before->inode != now.inode ||
                       (before->size != now.size && action.node_kind == NodeKind::kFile);
  if (touched) return;
  RecordHead(state, action.node, now,
             IsRacy(now, around_.clock.Now(), around_.files.properties().mtime_granularity_ns));
}

}  // namespace syncengine::folder
