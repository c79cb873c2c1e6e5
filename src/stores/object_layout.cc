#include "src/stores/object_layout.h"

#include <algorithm>
#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "syncengine/base/error.h"

namespace syncengine::stores {
namespace {

constexpr size_t kGroupBytes = 2;
constexpr char kDirectorySuffix[] = "+";
constexpr char kGroupSuffix[] = "=";

// What one directory holds below one group of first bytes. Names in a group are neighbours, so
// visiting groups in order and names in order inside each gives the order of all.
struct Group {
  bool has_files = false;
  std::vector<std::string> keys;  // Of subdirectories, each with a '/' at its end.
};

class Walker {
 public:
  Walker(FileSystem& files, absl::string_view prefix, absl::string_view after,
         const std::function<absl::StatusOr<bool>(const std::string&)>& visit)
      : files_(files), prefix_(prefix), after_(after), visit_(visit) {}

  // Visits the names that begin with `base` (empty, or with a '/' at its end), which are kept in
  // `directory`. Gives false when the visitor has had enough.
  absl::StatusOr<bool> Walk(const std::string& directory, const std::string& base) {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto groups, ReadGroups(directory));
    for (const auto& [first, group] : groups) {
      if (!MayHold(base + first)) continue;
      SYNCENGINE_ASSIGN_OR_RETURN(const bool more, WalkGroup(directory, base, first, group));
      if (!more) return false;
    }
    return true;
  }

 private:
  absl::StatusOr<std::map<std::string, Group>> ReadGroups(const std::string& directory) {
    std::map<std::string, Group> groups;
    absl::StatusOr<std::vector<DirectoryEntry>> entries = files_.List(directory);
    if (absl::IsNotFound(entries.status())) return groups;
    if (!entries.ok()) return entries.status();
    for (const DirectoryEntry& entry : *entries) {
      absl::string_view name = entry.name;
      if (absl::ConsumeSuffix(&name, kGroupSuffix)) {
        groups[std::string(name)].has_files = true;
      } else if (absl::ConsumeSuffix(&name, kDirectorySuffix)) {
        const std::string key = absl::StrCat(name, "/");
        groups[key.substr(0, kGroupBytes)].keys.push_back(key);
      }
    }
    return groups;
  }

  absl::StatusOr<bool> WalkGroup(const std::string& directory, const std::string& base,
                                 const std::string& first, const Group& group) {
    std::vector<std::string> keys = group.keys;
    if (group.has_files) {
      const std::string files = absl::StrCat(directory, "/", first, kGroupSuffix);
      SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<DirectoryEntry> entries, files_.List(files));
      for (const DirectoryEntry& entry : entries) keys.push_back(entry.name);
    }
    std::sort(keys.begin(), keys.end());
    for (const std::string& key : keys) {
      SYNCENGINE_ASSIGN_OR_RETURN(const bool more, VisitKey(directory, base, key));
      if (!more) return false;
    }
    return true;
  }

  absl::StatusOr<bool> VisitKey(const std::string& directory, const std::string& base,
                                const std::string& key) {
    const std::string name = base + key;
    absl::string_view subdirectory = key;
    if (absl::ConsumeSuffix(&subdirectory, "/")) {
      if (!MayHold(name)) return true;
      return Walk(absl::StrCat(directory, "/", subdirectory, kDirectorySuffix), name);
    }
    if (name <= after_ || !absl::StartsWith(name, prefix_)) return true;
    return visit_(name);
  }

  // Whether a name that begins with `start` can be wanted.
  bool MayHold(const std::string& start) const {
    const bool fits_prefix = absl::StartsWith(start, prefix_) || absl::StartsWith(prefix_, start);
    const bool not_passed = start > after_ || absl::StartsWith(after_, start);
    return fits_prefix && not_passed;
  }

  FileSystem& files_;
  const absl::string_view prefix_;
  const absl::string_view after_;
  const std::function<absl::StatusOr<bool>(const std::string&)>& visit_;
};

}  // namespace

std::string ObjectPath(absl::string_view name) {
  std::vector<absl::string_view> components = absl::StrSplit(name, '/');
  std::string path = kObjectsDirectory;
  for (size_t i = 0; i + 1 < components.size(); ++i) {
    absl::StrAppend(&path, "/", components[i], kDirectorySuffix);
  }
  const absl::string_view last = components.back();
  absl::StrAppend(&path, "/", last.substr(0, kGroupBytes), kGroupSuffix, "/", last);
  return path;
}

absl::Status WalkObjects(FileSystem& files, absl::string_view prefix, absl::string_view after,
                         const std::function<absl::StatusOr<bool>(const std::string&)>& visit) {
  return Walker(files, prefix, after, visit).Walk(kObjectsDirectory, "").status();
}

}  // namespace syncengine::stores
