// The journal as followers read it, wait for it and acknowledge it.
#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/engine/keys.h"
#include "src/engine/transactions.h"
#include "src/engine/tree_reader.h"
#include "src/engine/verbs.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::engine {
namespace {

// How long a waiter trusts that a hint would have come: hints may be lost, other processes send
// none, and a device may be revoked.
constexpr absl::Duration kRecheck = absl::Seconds(1);

absl::Status CheckLimit(int limit) {
  if (limit >= 1 && static_cast<size_t>(limit) <= limits::kChangesPageMax) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("limit: ", limit, ", expected 1 to ", limits::kChangesPageMax));
}

absl::Status CheckCursor(const HeadRow& head, const Cursor& cursor) {
  if (cursor.history != head.history || cursor.sequence > head.sequence) {
    return MakeError(
        Reason::kHistoryChanged,
        absl::StrCat("cursor ", FormatCursor(cursor),
                     " is of another history than the namespace has now (",
                     FormatCursor({head.history, head.sequence}), "); list everything again"));
  }
  return absl::OkStatus();
}

// Where to go on reading.
absl::StatusOr<Cursor> StartOf(const HeadRow& head, const std::optional<Cursor>& after) {
  const Cursor cursor = after.value_or(Cursor{.history = head.history});
  SYNCENGINE_RETURN_IF_ERROR(CheckCursor(head, cursor));
  if (cursor.sequence + 1 < head.first_sequence) {
    return MakeError(Reason::kCursorExpired,
                     absl::StrCat("cursor ", FormatCursor(cursor), ": the journal begins at ",
                                  head.first_sequence, "; list everything again"));
  }
  return cursor;
}

absl::StatusOr<std::vector<ChangesEntry>> ReadEntries(MetadataReader& rows, const Cursor& after,
                                                      int limit) {
  SYNCENGINE_ASSIGN_OR_RETURN(
      const auto found,
      rows.Scan({.begin = JournalKey(after.sequence + 1), .end = PrefixEnd("J"), .limit = limit}));
  std::vector<ChangesEntry> entries;
  entries.reserve(found.size());
  for (const auto& [key, value] : found) {
    SYNCENGINE_ASSIGN_OR_RETURN(JournalEntry entry, DecodeJournalEntry(value));
    if (entry.sequence != after.sequence + 1 + entries.size()) {
      return MakeError(Reason::kIntegrity,
                       absl::StrCat("journal: found ", entry.sequence, ", expected ",
                                    after.sequence + 1 + entries.size(), "; run check"));
    }
    entries.push_back({.entry = std::move(entry)});
  }
  return entries;
}

absl::Status FillRevisions(MetadataReader& rows, std::vector<ChangesEntry>& entries) {
  std::vector<std::string> keys;
  std::vector<ChangesEntry*> committed;
  for (ChangesEntry& entry : entries) {
    const JournalKind kind = entry.entry.kind;
    if (kind != JournalKind::kCommitted && kind != JournalKind::kAside) continue;
    keys.push_back(RevisionKey(entry.entry.node, entry.entry.sequence));
    committed.push_back(&entry);
  }
  // Retention may have dropped a revision that was replaced since.
  SYNCENGINE_ASSIGN_OR_RETURN(auto revisions, ReadRows<Revision>(rows, keys));
  for (size_t i = 0; i < keys.size(); ++i) committed[i]->revision = std::move(revisions[i]);
  return absl::OkStatus();
}

absl::Status FillPaths(MetadataReader& rows, std::vector<ChangesEntry>& entries) {
  std::vector<NodeId> nodes;
  for (const ChangesEntry& entry : entries) nodes.push_back(entry.entry.node);
  SYNCENGINE_ASSIGN_OR_RETURN(const auto heads, ReadHeads(rows, nodes));
  PathFinder paths(rows);
  for (size_t i = 0; i < entries.size(); ++i) {
    const JournalEntry& entry = entries[i].entry;
    if (heads[i].has_value()) {
      const NodeState& state = heads[i]->state;
      SYNCENGINE_ASSIGN_OR_RETURN(entries[i].path, paths.PathOf(state.parent, state.name));
    } else if (entry.kind == JournalKind::kUploading) {
      SYNCENGINE_ASSIGN_OR_RETURN(entries[i].path, paths.PathOf(entry.parent, entry.name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ChangesPage> Changes(const EnginePorts& ports, const NamespaceId& id,
                                    const ChangesRequest& request) {
  SYNCENGINE_RETURN_IF_ERROR(CheckLimit(request.limit));
  ChangesPage page;
  const auto read = [&](MetadataReader& rows, const HeadRow& head) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(page.next, StartOf(head, request.after));
    page.head = head.sequence;
    page.entries.clear();
    if (page.next.sequence == head.sequence) return absl::OkStatus();
    SYNCENGINE_ASSIGN_OR_RETURN(page.entries, ReadEntries(rows, page.next, request.limit));
    if (page.entries.empty()) return MakeError(Reason::kIntegrity, "journal: its end is missing");
    page.next.sequence = page.entries.back().entry.sequence;
    SYNCENGINE_RETURN_IF_ERROR(FillRevisions(rows, page.entries));
    return FillPaths(rows, page.entries);
  };
  SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(ports, id, read));
  return page;
}

absl::StatusOr<ChangesPage> WaitChanges(const EnginePorts& ports, const NamespaceId& id,
                                        const ChangesRequest& request, absl::Duration timeout,
                                        std::stop_token stop,
                                        absl::FunctionRef<absl::Status()> admit) {
  if (timeout > absl::Seconds(limits::kWaitSecondsMax)) {
    return absl::InvalidArgumentError(
        absl::StrCat("timeout: at most ", limits::kWaitSecondsMax, " seconds"));
  }
  const absl::Duration deadline = ports.clock.Monotonic() + timeout;
  // Subscribed before the first look at the journal, so that no commit falls in between.
  const std::unique_ptr<Signal> signal = ports.executor.NewSignal();
  const std::unique_ptr<Subscription> subscription =
      ports.notifier.Subscribe(id, [&signal] { signal->Notify(); });
  const std::stop_callback on_stop(stop, [&signal] { signal->Notify(); });
  for (;;) {
    SYNCENGINE_RETURN_IF_ERROR(admit());
    SYNCENGINE_ASSIGN_OR_RETURN(ChangesPage page, Changes(ports, id, request));
    const absl::Duration left = deadline - ports.clock.Monotonic();
    if (!page.entries.empty() || left <= absl::ZeroDuration()) return page;
    if (stop.stop_requested()) return absl::CancelledError("the wait for changes was stopped");
    signal->Wait(std::min(left, kRecheck));
  }
}

absl::Status AcknowledgeChanges(const EnginePorts& ports, const DeviceId& device,
                                const NamespaceId& id, const Cursor& cursor) {
  const absl::Time now = ports.clock.Now();
  return UpdateNamespace(ports, id, [&](MetadataWriter& rows, HeadRow& head) -> absl::Status {
    SYNCENGINE_RETURN_IF_ERROR(CheckCursor(head, cursor));
    PlaceRow place{.cursor = cursor, .time = now};
    SYNCENGINE_ASSIGN_OR_RETURN(const auto before, ReadRow<PlaceRow>(rows, PlaceKey(device)));
    // A late repetition does not take a device back.
    if (before.has_value() && before->cursor.history == cursor.history) {
      place.cursor.sequence = std::max(cursor.sequence, before->cursor.sequence);
    }
    return rows.Put(PlaceKey(device), EncodeRow(place));
  });
}

}  // namespace syncengine::engine
