#include "src/folder/remote_observer.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/base/planted_bugs.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/reconcile/history.h"

namespace syncengine::folder {
namespace {

// How far back a base is looked for that a restored server has in common with this folder.
constexpr int kHistoryLength = 200;

}  // namespace

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
  if (PlantedBug(Bug::kCursorBeforePage)) {
    state_.SetCursor(page.next);
    SYNCENGINE_RETURN_IF_ERROR(state_.Flush());
  }
  for (const ChangesEntry& change : page.entries) {
    if (change.entry.kind != JournalKind::kCommitted) continue;
    if (change.revision.has_value()) {
      Note(*change.revision);
    } else {
      NoteForgotten(change.entry);
    }
  }
  if (page.next == state_.cursor()) return absl::OkStatus();
  state_.SetCursor(page.next);
  return state_.Flush();
}

// The journal repeats our own commits; and a page may stop at an old revision of a node whose newer
// one was ours, but the next page then takes it back.
void RemoteObserver::Note(const Revision& head) {
  if (RecogniseOwn(head)) return;
  auto row = state_.synced().find(head.node);
  const bool ours = row != state_.synced().end() && row->second.revision == head.id;
  const bool never_here = row == state_.synced().end() && head.state.deleted;
  if (ours || never_here) {
    state_.EraseRemote(head.node);
  } else {
    state_.PutRemote(head);
  }
}

// Two devices that commit the same state on the same base would be told apart in vain.
bool RemoteObserver::RecogniseOwn(const Revision& head) {
  const auto notes = state_.sent().find(head.node);
  if (notes == state_.sent().end() || head.state.deleted) return false;
  if (head.parent != state_.HeadId(head.node)) return false;
  for (const SentChange& sent : notes->second) {
    if (sent.base != head.parent || !(sent.state == head.state)) continue;
    TakeAsAgreed(head.node, SentChange(sent), head.id);
    return true;
  }
  return false;
}

// The first revision of a node whose id was drawn here is ours, also when it was forgotten since.
void RemoteObserver::NoteForgotten(const JournalEntry& entry) {
  const auto notes = state_.sent().find(entry.node);
  if (notes == state_.sent().end() || !state_.HeadId(entry.node).IsZero()) return;
  const SentChange sent = notes->second.back();
  if (sent.base.IsZero()) TakeAsAgreed(entry.node, sent, entry.revision);
}

// Whatever happened to the file since it was sent is a change of the user's.
void RemoteObserver::TakeAsAgreed(const NodeId& node, const SentChange& sent,
                                  const RevisionId& revision) {
  SyncedNode row;
  const auto known = state_.synced().find(node);
  if (known != state_.synced().end()) row = known->second;
  FollowHead(row, revision, sent.base);
  row.committed_at = sent.at;
  row.state = sent.state;
  row.print = sent.print;
  row.racy = true;
  state_.PutSynced(node, std::move(row));
  state_.EraseRemote(node);
  state_.EraseSent(node);
}

// The cursor is read before the listing, so that what moves while it runs is in the journal behind
// it.
absl::Status RemoteObserver::Relist(Why why, std::stop_token stop) {
  SYNCENGINE_ASSIGN_OR_RETURN(Cursor cursor, PresentCursor());
  SYNCENGINE_ASSIGN_OR_RETURN(const RemoteChanges listed, ListAll(stop));
  if (PlantedBug(Bug::kCursorAfterListing)) {
    SYNCENGINE_ASSIGN_OR_RETURN(cursor, PresentCursor());
  }
  SyncedTree synced = state_.synced();
  RemoteChanges heads;
  if (why == Why::kNewHistory) {
    SYNCENGINE_ASSIGN_OR_RETURN(const ServerHistories histories, AskForHistories(listed, stop));
    heads = RebaseOnHistory(listed, histories, synced);
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

absl::StatusOr<ServerHistories> RemoteObserver::AskForHistories(const RemoteChanges& listed,
                                                                std::stop_token stop) {
  ServerHistories histories;
  for (const auto& [node, row] : state_.synced()) {
    const auto head = listed.find(node);
    if (head == listed.end() || !NeedsHistory(head->second, row)) continue;
    if (stop.stop_requested()) return absl::CancelledError("sync: stopped on request");
    absl::StatusOr<RevisionPage> page =
        service().Revisions(id(), {.node = node, .limit = kHistoryLength});
    if (absl::IsNotFound(page.status())) continue;
    SYNCENGINE_RETURN_IF_ERROR(page.status());
    histories[node] = std::move(page->revisions);
  }
  return histories;
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
  for (const auto& [node, head] : heads) {
    if (!RecogniseOwn(head)) state_.PutRemote(head);
  }
}

}  // namespace syncengine::folder
