#include "src/folder/scanner.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/base/planted_bugs.h"
#include "src/folder/private_paths.h"
#include "src/folder/stat_print.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::folder {
namespace {

class Walk {
 public:
  Walk(FileSystem& files, const ScanOptions& options, std::stop_token stop)
      : files_(files), options_(options), stop_(std::move(stop)) {}

  absl::StatusOr<Scan> Run() {
    SYNCENGINE_ASSIGN_OR_RETURN(std::vector<DirectoryEntry> names, files_.List(""));
    Enter(std::move(names), "", -1, 0);
    if (stop_.stop_requested()) return absl::CancelledError("scan: stopped on request");
    return std::move(scan_);
  }

 private:
  // What a directory turned out to hold.
  struct Count {
    bool ignored = false;
    bool synced = false;
  };

  Count Enter(std::vector<DirectoryEntry> names, const std::string& path, int parent, int depth) {
    std::sort(names.begin(), names.end(),
              [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
    Count count;
    for (const DirectoryEntry& name : names) {
      if (stop_.stop_requested()) return count;
      const std::string child = path.empty() ? name.name : absl::StrCat(path, "/", name.name);
      Look(child, name.name, parent, depth, count);
    }
    return count;
  }

  void Look(const std::string& path, const std::string& name, int parent, int depth, Count& count) {
    if (IsPrivate(path)) return;
    absl::StatusOr<FileStat> stat = files_.Stat(path);
    if (absl::IsNotFound(stat.status())) return;  // Deleted since the listing.
    if (!stat.ok() && PlantedBug(Bug::kUnreadableIsGone)) return;
    if (!stat.ok()) {
      count.synced = true;
      AddUnknown(path, name, parent, stat.status());
      return;
    }
    const bool directory = stat->kind == FileKind::kDirectory;
    if (options_.ignore.Matches(path, directory) ||
        (stat->kind == FileKind::kSymlink && options_.skip_symlinks)) {
      count.ignored = true;
      return;
    }
    if (stat->kind == FileKind::kOther) {
      scan_.issues.push_back({path, "a FIFO, socket or device",
                              "only files, directories and symlinks are synced; ignore it or "
                              "move it away"});
      return;
    }
    Add(path, name, parent, *stat, depth, count);
  }

  void Add(const std::string& path, const std::string& name, int parent, const FileStat& stat,
           int depth, Count& count) {
    const int index = static_cast<int>(scan_.tree.entries.size());
    scan_.tree.entries.push_back({.parent = parent, .name = name, .print = PrintOf(stat)});
    LocalEntry& entry = scan_.tree.entries.back();
    if (stat.kind == FileKind::kDirectory) {
      entry.kind = NodeKind::kDirectory;
      const Count inside = Descend(path, index, depth);
      const bool only_ignored = inside.ignored && !inside.synced;
      scan_.tree.entries[index].only_ignored = only_ignored;
      count.ignored |= only_ignored;
      count.synced |= !only_ignored;
      return;
    }
    count.synced = true;
    if (stat.kind != FileKind::kSymlink) return;
    entry.kind = NodeKind::kSymlink;
    absl::StatusOr<std::string> target = files_.ReadSymlink(path);
    if (target.ok()) {
      entry.symlink_target = *std::move(target);
    } else {
      scan_.tree.entries.pop_back();
      AddUnknown(path, name, parent, target.status());
    }
  }

  Count Descend(const std::string& path, int index, int depth) {
    if (depth + 1 >= static_cast<int>(limits::kPathDepthMax)) {
      scan_.tree.entries[index].children_unknown = true;
      scan_.issues.push_back({path, "too deep", "directories are synced up to 256 levels"});
      return {.synced = true};
    }
    absl::StatusOr<std::vector<DirectoryEntry>> names = files_.List(path);
    if (names.ok()) return Enter(*std::move(names), path, index, depth + 1);
    scan_.tree.entries[index].children_unknown = true;
    AddIssue(path, names.status());
    return {.synced = true};
  }

  void AddUnknown(const std::string& path, const std::string& name, int parent,
                  const absl::Status& status) {
    scan_.tree.entries.push_back({.parent = parent, .name = name, .unknown = true});
    AddIssue(path, status);
  }

  void AddIssue(const std::string& path, const absl::Status& status) {
    scan_.issues.push_back({path, absl::StrCat("cannot be examined: ", status.message()),
                            "it is left alone on both sides until it can be read"});
  }

  FileSystem& files_;
  const ScanOptions& options_;
  const std::stop_token stop_;
  Scan scan_;
};

}  // namespace

absl::StatusOr<Scan> ScanFolder(FileSystem& files, const ScanOptions& options,
                                std::stop_token stop) {
  return Walk(files, options, std::move(stop)).Run();
}

}  // namespace syncengine::folder
