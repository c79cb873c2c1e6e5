#include "src/folder/remote_observer.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/reconcile/history.h"

namespace syncengine::folder {

absl::Status RemoteObserver::Update(std::stop_token stop) {
  if (!state_.cursor().has_value()) return Relist(Why::kFirst, stop);
  const absl::Status followed = Follow(stop);
  if (followed.ok()) return followed;
  const auto reason = GetReason(followed);
  if (reason == Reason::kHistoryChanged) return Relist(Why::kNewHistory, stop);
  if (reason == Reason::kCursorExpired) return Relist(Why::kExpired, stop);
  return followed;
}

absl::Status RemoteObserver::Follow(std::stop_token stop) {
  while (!stop.stop_requested()) {
    SYNCENGINE_ASSIGN_OR_RETURN(
        const ChangesPage page,
        service().Changes(
            id(), {.after = state_.cursor(), .limit = static_cast<int>(limits::kChangesPageMax)}));
    SYNCENGINE_RETURN_IF_ERROR(Take(page));
    if (page.next.sequence >= page.head) return absl::OkStatus();
  }
  return absl::CancelledError("sync: stopped on request");
}

absl::Status RemoteObserver::Take(const ChangesPage& page) {
  for (const ChangesEntry& change : page.entries) {
    if (change.entry.kind == JournalKind::kCommitted && change.revision.has_value()) {
      Note(*change.revision);
    }
  }
  if (page.next == state_.cursor()) return absl::OkStatus();
  state_.SetCursor(page.next);
  return state_.Flush();
}

// The journal repeats our own commits; and a page may stop at an old revision of a node whose newer
// one was ours, but the next page then takes it back.
void RemoteObserver::Note(const Revision& head) {
  auto row = state_.synced().find(head.node);
  const bool ours = row != state_.synced().end() && row->second.revision == head.id;
  const bool never_here = row == state_.synced().end() && head.state.deleted;
  if (ours || never_here) {
    state_.EraseRemote(head.node);
  } else {
    state_.PutRemote(head);
  }
}

// The cursor is read before the listing, so that what moves while it runs is in the journal behind
// it.
absl::Status RemoteObserver::Relist(Why why, std::stop_token stop) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Cursor cursor, PresentCursor());
  SYNCENGINE_ASSIGN_OR_RETURN(const RemoteChanges listed, ListAll(stop));
  SyncedTree synced = state_.synced();
  RemoteChanges heads;
  if (why == Why::kNewHistory) {
    heads = RebaseOnHistory(listed, synced);
    history_changed_ = true;
  } else {
    heads = DifferingHeads(listed, synced);
    SYNCENGINE_RETURN_IF_ERROR(AskForMissing(listed, heads, stop));
  }
  ReplaceTrees(std::move(synced), heads);
  state_.SetCursor(cursor);
  SYNCENGINE_RETURN_IF_ERROR(state_.Flush());
  return Follow(stop);
}

absl::StatusOr<Cursor> RemoteObserver::PresentCursor() {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<NamespaceRecord> records,
                              service().ListNamespaces());
  for (const NamespaceRecord& record : records) {
    if (record.id == id()) return Cursor{record.history, record.head_sequence};
  }
  return absl::NotFoundError(absl::StrCat(
      "namespace ", opened_.record.name, ": not on the server any more; nothing was changed here"));
}

absl::StatusOr<RemoteChanges> RemoteObserver::ListAll(std::stop_token stop) {
  RemoteChanges listed;
  ListRequest request{
      .directory = kRootNode, .limit = static_cast<int>(limits::kListPageMax), .recursive = true};
  while (!stop.stop_requested()) {
    SYNCENGINE_ASSIGN_OR_RETURN(ListPage page, service().List(id(), request));
    for (ListEntry& entry : page.entries) {
      listed[entry.revision.node] = std::move(entry.revision);
    }
    if (!page.more || page.entries.empty()) return listed;
    request.after = page.entries.back().path;
  }
  return absl::CancelledError("sync: stopped on request");
}

absl::Status RemoteObserver::AskForMissing(const RemoteChanges& listed, RemoteChanges& heads,
                                           std::stop_token stop) {
  for (const auto& [node, row] : state_.synced()) {
    if (listed.contains(node)) continue;
    if (stop.stop_requested()) return absl::CancelledError("sync: stopped on request");
    absl::StatusOr<Revision> head = service().Stat(id(), {.node = node});
    if (absl::IsNotFound(head.status())) continue;  // No proof of a deletion: it stays.
    SYNCENGINE_RETURN_IF_ERROR(head.status());
    if (head->id != row.revision) heads[node] = *std::move(head);
  }
  return absl::OkStatus();
}

void RemoteObserver::ReplaceTrees(SyncedTree synced, const RemoteChanges& heads) {
  std::vector<NodeId> stale;
  for (const auto& [node, head] : state_.remote()) {
    if (!heads.contains(node)) stale.push_back(node);
  }
  for (const NodeId& node : stale) state_.EraseRemote(node);
  std::vector<NodeId> gone;
  for (const auto& [node, row] : state_.synced()) {
    auto kept = synced.find(node);
    if (kept == synced.end()) gone.push_back(node);
  }
  for (const NodeId& node : gone) state_.EraseSynced(node);
  for (auto& [node, row] : synced) {
    if (state_.synced().at(node).revision != row.revision) state_.PutSynced(node, std::move(row));
  }
  for (const auto& [node, head] : heads) state_.PutRemote(head);
}

}  // namespace syncengine::folder
