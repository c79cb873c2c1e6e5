#include "syncengine/reconcile/history.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "src/base/planted_bugs.h"

namespace syncengine {
namespace {

bool GrewFrom(const SyncedNode& row, const RevisionId& revision) {
  return std::find(row.earlier.begin(), row.earlier.end(), revision) != row.earlier.end();
}

// The newest revision of the server that the local content has everything of; null when there is
// none.
const Revision* CommonBase(const Revision& head, const ServerHistories& histories,
                           const SyncedNode& row) {
  if (GrewFrom(row, head.id)) return &head;
  const auto history = histories.find(head.node);
  if (history == histories.end()) return nullptr;
  for (const Revision& revision : history->second) {
    if (revision.id == row.revision) return &revision;
    if (!revision.aside && !revision.state.deleted && GrewFrom(row, revision.id)) return &revision;
  }
  return nullptr;
}

// The local file counts as edited since `base`, so it is uploaded on top, or merged.
void GoBackTo(const Revision& base, SyncedNode& row) {
  row.revision = base.id;
  row.committed_at = base.committed_at;
  const NodeState ours = row.state;
  row.state = base.state;
  // A local name that was agreed on counts as the newer one, too: the base is the server's.
  row.print.size = ours.content.size;
  row.print.mtime_ns = 0;
  row.print.ctime_ns = 0;
}

}  // namespace

void FollowHead(SyncedNode& row, const RevisionId& next, const RevisionId& parent) {
  std::vector<RevisionId> earlier;
  const auto add = [&](const RevisionId& revision) {
    if (revision.IsZero() || revision == next || earlier.size() == kEarlierHeadsMax) return;
    if (std::find(earlier.begin(), earlier.end(), revision) == earlier.end()) {
      earlier.push_back(revision);
    }
  };
  add(parent);
  add(row.revision);
  for (const RevisionId& revision : row.earlier) add(revision);
  row.earlier = std::move(earlier);
  row.revision = next;
}

bool NeedsHistory(const Revision& head, const SyncedNode& row) {
  return head.id != row.revision && !GrewFrom(row, head.id);
}

RemoteChanges RebaseOnHistory(const RemoteChanges& listed, const ServerHistories& histories,
                              SyncedTree& synced) {
  for (auto row = synced.begin(); row != synced.end();) {
    const auto head = listed.find(row->first);
    if (head != listed.end() && head->second.id == row->second.revision) {
      ++row;
      continue;
    }
    const Revision* base =
        head == listed.end() ? nullptr : CommonBase(head->second, histories, row->second);
    if (base == nullptr) {
      row = PlantedBug(Bug::kRestoredServerNotSupplied) ? std::next(row) : synced.erase(row);
      continue;
    }
    if (base->id != row->second.revision) GoBackTo(*base, row->second);
    ++row;
  }
  return DifferingHeads(listed, synced);
}

RemoteChanges DifferingHeads(const RemoteChanges& listed, const SyncedTree& synced) {
  RemoteChanges differing;
  for (const auto& [node, head] : listed) {
    auto row = synced.find(node);
    if (row == synced.end() || row->second.revision != head.id) differing.emplace(node, head);
  }
  return differing;
}

void ForgetAbsent(const LocalNodes& local, SyncedTree& synced) {
  for (auto row = synced.begin(); row != synced.end();) {
    const bool seen = local.present.contains(row->first) || local.held.contains(row->first);
    row = seen ? std::next(row) : synced.erase(row);
  }
}

}  // namespace syncengine
