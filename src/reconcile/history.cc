#include "syncengine/reconcile/history.h"

#include <iterator>

namespace syncengine {
namespace {

// The server went back behind what we agreed on. Judged by its own times: a wrong guess only
// decides whose content becomes the newer revision, both are kept.
bool IsOlder(const Revision& head, const SyncedNode& row) {
  return head.committed_at < row.committed_at;
}

// The local file counts as edited since `head`, so it is uploaded on top.
void SupplyAgain(const Revision& head, SyncedNode& row) {
  row.revision = head.id;
  row.committed_at = head.committed_at;
  const NodeState ours = row.state;
  row.state = head.state;
  // A local name that was agreed on counts as the newer one, too: the base is the server's.
  row.print.size = ours.content.size;
  row.print.mtime_ns = 0;
  row.print.ctime_ns = 0;
}

}  // namespace

RemoteChanges RebaseOnHistory(const RemoteChanges& listed, SyncedTree& synced) {
  for (auto row = synced.begin(); row != synced.end();) {
    auto head = listed.find(row->first);
    if (head == listed.end()) {
      row = synced.erase(row);
    } else if (head->second.id == row->second.revision) {
      ++row;
    } else if (IsOlder(head->second, row->second)) {
      SupplyAgain(head->second, row->second);
      ++row;
    } else {
      row = synced.erase(row);
    }
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
