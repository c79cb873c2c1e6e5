#include "src/folder/observer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "src/folder/case_twins.h"
#include "src/folder/root_guard.h"
#include "src/folder/stat_print.h"
#include "syncengine/base/error.h"
#include "syncengine/reconcile/history.h"

namespace syncengine::folder {
namespace {

constexpr size_t kIgnoreFileMax = 1u << 20;

std::vector<SeenDirectory> DirectoriesOf(const LocalTree& tree, uint64_t root_inode) {
  std::vector<std::string> paths(tree.entries.size());
  std::vector<SeenDirectory> directories = {{"", root_inode}};
  for (size_t i = 0; i < tree.entries.size(); ++i) {
    const LocalEntry& entry = tree.entries[i];
    if (entry.unknown || entry.kind != NodeKind::kDirectory) continue;
    paths[i] = entry.parent < 0 ? entry.name : absl::StrCat(paths[entry.parent], "/", entry.name);
    directories.push_back({paths[i], entry.print.inode});
  }
  return directories;
}

bool IsComplete(const LocalTree& tree) {
  for (const LocalEntry& entry : tree.entries) {
    if (entry.unknown || entry.children_unknown) return false;
  }
  return true;
}

// Deleting the only file of a folder is nothing unusual.
bool HadSeveralFiles(const SyncedTree& synced) {
  int files = 0;
  for (const auto& [node, row] : synced) {
    files += row.state.kind == NodeKind::kFile;
    if (files >= 2) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<Observation> Observer::Look(bool dry, std::stop_token stop) {
  SYNCENGINE_RETURN_IF_ERROR(CheckRoot(around_.files, *around_.state.identity()));
  SYNCENGINE_RETURN_IF_ERROR(remote_.Update(stop));
  SYNCENGINE_RETURN_IF_ERROR(ReadIgnoreFile());
  Observation seen;
  seen.scanned = around_.clock.Now();
  SYNCENGINE_ASSIGN_OR_RETURN(
      Scan scan, ScanFolder(around_.files,
                            {.ignore = ignore_, .skip_symlinks = options_.skip_symlinks}, stop));
  SYNCENGINE_RETURN_IF_ERROR(CheckRoot(around_.files, *around_.state.identity()));
  seen.issues = std::move(scan.issues);
  seen.directories = DirectoriesOf(scan.tree, around_.state.identity()->root_inode);
  seen.complete = IsComplete(scan.tree);
  seen.local = Match(around_.state.synced(), scan);
  NoteUnmerged(seen.local);
  const Places places(seen.local);
  SYNCENGINE_RETURN_IF_ERROR(AnswerAboutSynced(around_.state.synced(), places, seen, stop));
  if (unclean_) SYNCENGINE_RETURN_IF_ERROR(SetAsideDamaged(places, seen, dry));
  SYNCENGINE_RETURN_IF_ERROR(AnswerAboutRemote(around_.state.synced(), places, seen, stop));
  if (!around_.files.properties().case_sensitive) {
    for (Issue& twin : HoldCaseTwins(around_.state.remote(), seen.local)) {
      seen.issues.push_back(std::move(twin));
      seen.complete = false;
    }
  }
  for (const auto& [node, issue] : left_alone_) {
    if (seen.local.present.erase(node) == 0) continue;
    seen.local.held.insert(node);
    seen.issues.push_back(issue);
    seen.complete = false;
  }
  if (remote_.history_changed()) {
    // Rows of absent nodes must go, or their absence would be taken for a deletion.
    std::vector<NodeId> absent;
    for (const auto& [node, row] : around_.state.synced()) {
      if (!seen.local.present.contains(node) && !seen.local.held.contains(node)) {
        absent.push_back(node);
      }
    }
    for (const NodeId& node : absent) around_.state.Forget(node);
    SYNCENGINE_RETURN_IF_ERROR(around_.state.Flush());
    remote_.ClearHistoryChanged();
  }
  seen.emptied = scan.tree.entries.empty() && HadSeveralFiles(around_.state.synced());
  seen.plan = syncengine::MakePlan(around_.state.synced(), around_.state.remote(), seen.local,
                                   {.mode = options_.mode,
                                    .conflict_stamp = around_.naming.stamp,
                                    .device = around_.naming.device,
                                    .merge = options_.merge,
                                    .new_id = [this] { return around_.entropy.NewId<NodeId>(); }});
  return seen;
}

absl::Status Observer::ReadIgnoreFile() {
  ignore_ = IgnoreRules();
  if (options_.ignore_file.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> text =
      ReadSmallFile(around_.files, options_.ignore_file, kIgnoreFileMax);
  if (absl::IsNotFound(text.status())) return absl::OkStatus();
  // Going on without the rules would upload what was to stay here.
  SYNCENGINE_RETURN_IF_ERROR(Annotate(text.status(), "read the ignore file"));
  ignore_ = IgnoreRules::Parse(*text);
  return absl::OkStatus();
}

LocalNodes Observer::Match(const SyncedTree& synced, const Scan& scan) const {
  MatchOptions options{.new_id = [this] { return around_.entropy.NewId<NodeId>(); }};
  if (!ignore_.empty() || options_.skip_symlinks) {
    options.ignored = [this](absl::string_view path, NodeKind kind) {
      return (options_.skip_symlinks && kind == NodeKind::kSymlink) ||
             ignore_.Matches(path, kind == NodeKind::kDirectory);
    };
  }
  return MatchLocal(synced, around_.state.remote(), scan.tree, options);
}

void Observer::NoteUnmerged(LocalNodes& local) const {
  for (const auto& [node, unmerged] : around_.state.unmerged()) {
    auto here = local.present.find(node);
    if (here != local.present.end() && SameFile(here->second.print, unmerged.print)) {
      here->second.lost = unmerged.lost;
      continue;
    }
    // It was moved aside already and then we were interrupted: it is the copy.
    if (local.present.contains(unmerged.lost.copy)) continue;
    for (auto moved = local.present.begin(); moved != local.present.end(); ++moved) {
      if (!moved->second.is_new || !SameFile(moved->second.print, unmerged.print)) continue;
      LocalNode copy = std::move(moved->second);
      local.present.erase(moved);
      local.present.emplace(unmerged.lost.copy, std::move(copy));
      break;
    }
  }
}

// Unreadable content is unknown: neither an edit nor a deletion.
void Observer::Hold(const NodeId& node, const std::string& path, const absl::Status& status,
                    Observation& seen) const {
  if (absl::IsAborted(status) || absl::IsNotFound(status)) return;  // Changing: look again later.
  seen.issues.push_back({path, absl::StrCat("cannot be read: ", status.message()),
                         "it is left alone on both sides until it can be read"});
  seen.complete = false;
  seen.local.present.erase(node);
  seen.local.held.insert(node);
}

absl::Status Observer::AnswerAboutSynced(const SyncedTree& synced, const Places& places,
                                         Observation& seen, std::stop_token stop) const {
  for (const ContentQuestion& question : QuestionsAboutSynced(synced, seen.local)) {
    if (stop.stop_requested()) return absl::CancelledError("sync: stopped on request");
    const std::string path = places.PathOf(question.node).value_or("");
    LocalNode& here = seen.local.present.at(question.node);
    absl::StatusOr<bool> same =
        check_.HasContent(path, here.print, synced.at(question.node).state.content);
    if (same.ok()) {
      here.content_changed = !*same;
    } else {
      Hold(question.node, path, same.status(), seen);
    }
  }
  return absl::OkStatus();
}

absl::Status Observer::AnswerAboutRemote(const SyncedTree& synced, const Places& places,
                                         Observation& seen, std::stop_token stop) const {
  const RemoteChanges& remote = around_.state.remote();
  for (const ContentQuestion& question : QuestionsAboutRemote(synced, remote, seen.local)) {
    if (stop.stop_requested()) return absl::CancelledError("sync: stopped on request");
    const std::string path = places.PathOf(question.node).value_or("");
    LocalNode& here = seen.local.present.at(question.node);
    absl::StatusOr<bool> same =
        check_.HasContent(path, here.print, remote.at(question.node).state.content);
    if (same.ok()) {
      here.equals_remote = *same;
    } else {
      Hold(question.node, path, same.status(), seen);
    }
  }
  return absl::OkStatus();
}

absl::Status Observer::SetAsideDamaged(const Places& places, Observation& seen, bool dry) {
  std::vector<std::pair<NodeId, std::string>> damaged;
  for (const auto& [node, here] : seen.local.present) {
    auto row = around_.state.synced().find(node);
    if (here.kind != NodeKind::kFile || !here.content_changed) continue;
    if (row == around_.state.synced().end() || row->second.state.content.size == 0) continue;
    const std::string path = places.PathOf(node).value_or("");
    absl::StatusOr<bool> blank = check_.IsBlank(path);
    if (blank.ok() && *blank) damaged.emplace_back(node, path);
  }
  for (const auto& [node, path] : damaged) {
    seen.notes.push_back({path, "lost its content when the machine went down",
                          "the last synced content is fetched again; the damaged file is in "
                          ".syncengine/trash"});
    seen.local.present.erase(node);
    if (dry) {
      seen.local.held.insert(node);
      continue;
    }
    around_.state.Forget(node);
    SYNCENGINE_RETURN_IF_ERROR(around_.state.Flush());
    SYNCENGINE_RETURN_IF_ERROR(around_.workspace.Discard(path).status());
    SYNCENGINE_RETURN_IF_ERROR(around_.files.SyncDirectory(ParentOf(path)));
  }
  return absl::OkStatus();
}

}  // namespace syncengine::folder
