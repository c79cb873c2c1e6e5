#include "src/transfer/manifest_tree.h"

#include <utility>

#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/chunking/entry_groups.h"
#include "syncengine/format/manifest.h"

namespace syncengine {

static_assert(kEntryGroupMax <= limits::kManifestRootEntriesMax);

absl::Status ManifestTree::Add(const ContentEntry& entry, std::vector<ManifestNode>& nodes) {
  return AddAt(0, entry, nodes);
}

absl::Status ManifestTree::AddAt(size_t height, const ContentEntry& entry,
                                 std::vector<ManifestNode>& nodes) {
  if (levels_.size() == height) levels_.emplace_back();
  levels_[height].entries.push_back(entry);
  levels_[height].ids.push_back(entry.id);
  // A list longer than a group is no root any more, so its nodes are final.
  if (levels_[height].entries.size() <= kEntryGroupMax) return absl::OkStatus();
  return CutAt(height, false, nodes);
}

absl::Status ManifestTree::CutAt(size_t height, bool is_last, std::vector<ManifestNode>& nodes) {
  const size_t count = CutEntries(levels_[height].ids, is_last);
  if (count == 0) return absl::OkStatus();
  Level& level = levels_[height];
  const auto end = level.entries.begin() + static_cast<ptrdiff_t>(count);
  const Manifest group{static_cast<uint8_t>(height), {level.entries.begin(), end}};
  SYNCENGINE_ASSIGN_OR_RETURN(const uint64_t length, ManifestLength(group));
  SYNCENGINE_ASSIGN_OR_RETURN(std::string bytes, EncodeManifestNode(group));
  level.entries.erase(level.entries.begin(), end);
  level.ids.erase(level.ids.begin(), level.ids.begin() + static_cast<ptrdiff_t>(count));
  level.has_nodes = true;
  const BlockId id = keys_.IdOfManifest(bytes);
  nodes.push_back({id, std::move(bytes)});
  return AddAt(height + 1, {id, length}, nodes);
}

absl::StatusOr<Manifest> ManifestTree::Finish(std::vector<ManifestNode>& nodes) {
  for (size_t height = 0; height < levels_.size(); ++height) {
    if (!levels_[height].has_nodes && levels_[height].entries.size() <= kEntryGroupMax) {
      return Manifest{static_cast<uint8_t>(height), std::move(levels_[height].entries)};
    }
    while (!levels_[height].entries.empty()) {
      SYNCENGINE_RETURN_IF_ERROR(CutAt(height, true, nodes));
    }
  }
  return Manifest{};
}

}  // namespace syncengine
