#include "src/folder/state.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/folder/state_rows.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"

namespace syncengine::folder {
namespace {

constexpr absl::string_view kPartition = "folder";
constexpr int kScanPage = 4096;
constexpr char kSyncedRow = 's', kRemoteRow = 'r', kIntentRow = 'i', kPlaceRow = 'm',
               kUnmergedRow = 'u', kSentRow = 'c';
constexpr absl::string_view kCursorKey = "mcursor", kIdentityKey = "midentity",
                            kIssuesKey = "missues";

std::string NodeKey(char kind, const NodeId& node) {
  return absl::StrCat(absl::string_view(&kind, 1), node.bytes());
}

std::string IntentKey(uint64_t number) {
  ByteWriter writer;
  writer.U8(kIntentRow);
  writer.BigU64(number);
  return std::move(writer).Take();
}

}  // namespace

absl::StatusOr<State> State::Load(MetadataStore& store) {
  State state(store);
  SYNCENGINE_RETURN_IF_ERROR(
      store.View(kPartition, [&state](MetadataReader& reader) { return state.Read(reader); }));
  return state;
}

absl::Status State::Read(MetadataReader& reader) {
  std::string begin(1, '\0');
  while (true) {
    SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<KeyValue> rows,
                                reader.Scan({.begin = begin, .limit = kScanPage}));
    for (const auto& [key, value] : rows) {
      SYNCENGINE_RETURN_IF_ERROR(Annotate(ReadRow(key, value), "folder state"));
    }
    if (rows.size() < kScanPage) return absl::OkStatus();
    begin = rows.back().first + std::string(1, '\0');
  }
}

absl::Status State::ReadRow(absl::string_view key, absl::string_view value) {
  ByteReader reader(key.substr(1), "key");
  switch (key[0]) {
    case kSyncedRow: {
      SYNCENGINE_ASSIGN_OR_RETURN(SyncedNode row, DecodeSynced(value));
      synced_.emplace_hint(synced_.end(), reader.ReadId<NodeId>(), std::move(row));
      break;
    }
    case kRemoteRow: {
      SYNCENGINE_ASSIGN_OR_RETURN(Revision head, DecodeRevision(value));
      remote_.emplace_hint(remote_.end(), reader.ReadId<NodeId>(), std::move(head));
      break;
    }
    case kIntentRow: {
      SYNCENGINE_ASSIGN_OR_RETURN(Intent intent, DecodeIntent(value));
      last_intent_ = reader.BigU64();
      intents_.emplace(last_intent_, std::move(intent));
      break;
    }
    case kUnmergedRow: {
      SYNCENGINE_ASSIGN_OR_RETURN(Unmerged unmerged, DecodeUnmerged(value));
      unmerged_.emplace(reader.ReadId<NodeId>(), std::move(unmerged));
      break;
    }
    case kSentRow: {
      SYNCENGINE_ASSIGN_OR_RETURN(std::vector<SentChange> sent, DecodeSent(value));
      sent_.emplace(reader.ReadId<NodeId>(), std::move(sent));
      break;
    }
    case kPlaceRow:
      return ReadPlace(key, value);
    default:
      return MakeError(Reason::kVersion, "unknown row; use a newer version of the library");
  }
  return reader.Finish();
}

absl::Status State::ReadPlace(absl::string_view key, absl::string_view value) {
  if (key == kCursorKey) {
    SYNCENGINE_ASSIGN_OR_RETURN(cursor_, ParseCursor(value));
  } else if (key == kIdentityKey) {
    SYNCENGINE_ASSIGN_OR_RETURN(identity_, DecodeIdentity(value));
  } else if (key == kIssuesKey) {
    SYNCENGINE_ASSIGN_OR_RETURN(issues_, DecodeIssues(value));
  }
  return absl::OkStatus();
}

void State::PutSynced(const NodeId& node, SyncedNode row) {
  pending_[NodeKey(kSyncedRow, node)] = EncodeSynced(node, row);
  synced_[node] = std::move(row);
}

void State::EraseSynced(const NodeId& node) {
  if (synced_.erase(node) > 0) pending_[NodeKey(kSyncedRow, node)] = std::nullopt;
}

void State::PutRemote(const Revision& head) {
  pending_[NodeKey(kRemoteRow, head.node)] = EncodeRevision(head);
  remote_[head.node] = head;
}

void State::EraseRemote(const NodeId& node) {
  if (remote_.erase(node) > 0) pending_[NodeKey(kRemoteRow, node)] = std::nullopt;
}

void State::Forget(const NodeId& node) {
  auto row = synced_.find(node);
  if (row == synced_.end()) return;
  auto change = remote_.find(node);
  if (change == remote_.end()) {
    PutRemote({.id = row->second.revision,
               .node = node,
               .committed_at = row->second.committed_at,
               .state = row->second.state});
  } else if (change->second.state.deleted) {
    EraseRemote(node);
  }
  EraseSynced(node);
}

void State::SetCursor(const std::optional<Cursor>& cursor) {
  cursor_ = cursor;
  pending_[std::string(kCursorKey)] = std::nullopt;
  if (cursor) pending_[std::string(kCursorKey)] = FormatCursor(*cursor);
}

void State::SetIdentity(const Identity& identity) {
  identity_ = identity;
  pending_[std::string(kIdentityKey)] = EncodeIdentity(identity);
}

void State::SetIssues(std::vector<Issue> issues) {
  if (issues == issues_) return;
  pending_[std::string(kIssuesKey)] = EncodeIssues(issues);
  issues_ = std::move(issues);
}

void State::PutUnmerged(const NodeId& node, Unmerged unmerged) {
  pending_[NodeKey(kUnmergedRow, node)] = EncodeUnmerged(unmerged);
  unmerged_[node] = std::move(unmerged);
}

void State::ClearUnmerged() {
  for (const auto& [node, unmerged] : unmerged_) {
    pending_[NodeKey(kUnmergedRow, node)] = std::nullopt;
  }
  unmerged_.clear();
}

void State::PutSent(const NodeId& node, SentChange sent) {
  std::vector<SentChange>& notes = sent_[node];
  if (notes.size() == kSentChangesMax) notes.erase(notes.begin());
  notes.push_back(std::move(sent));
  pending_[NodeKey(kSentRow, node)] = EncodeSent(node, notes);
}

void State::EraseSent(const NodeId& node) {
  if (sent_.erase(node) > 0) pending_[NodeKey(kSentRow, node)] = std::nullopt;
}

void State::TidySent(absl::Time oldest) {
  std::vector<NodeId> idle;
  for (const auto& [node, notes] : sent_) {
    const RevisionId head = HeadId(node);
    const bool open = std::any_of(notes.begin(), notes.end(), [&](const SentChange& sent) {
      return sent.base == head && sent.at >= oldest;
    });
    if (!open) idle.push_back(node);
  }
  for (const NodeId& node : idle) EraseSent(node);
}

uint64_t State::AddIntent(Intent intent) {
  const uint64_t number = ++last_intent_;
  pending_[IntentKey(number)] = EncodeIntent(intent);
  intents_.emplace(number, std::move(intent));
  return number;
}

void State::EraseIntent(uint64_t number) {
  if (intents_.erase(number) > 0) pending_[IntentKey(number)] = std::nullopt;
}

void State::ForgetTrees() {
  for (const auto& [node, row] : synced_) pending_[NodeKey(kSyncedRow, node)] = std::nullopt;
  for (const auto& [node, head] : remote_) pending_[NodeKey(kRemoteRow, node)] = std::nullopt;
  synced_.clear();
  remote_.clear();
  SetCursor(std::nullopt);
}

const NodeState* State::Head(const NodeId& node) const {
  auto change = remote_.find(node);
  if (change != remote_.end()) return &change->second.state;
  auto row = synced_.find(node);
  return row == synced_.end() ? nullptr : &row->second.state;
}

RevisionId State::HeadId(const NodeId& node) const {
  auto change = remote_.find(node);
  if (change != remote_.end()) return change->second.id;
  auto row = synced_.find(node);
  return row == synced_.end() ? RevisionId() : row->second.revision;
}

absl::Status State::Flush() {
  if (pending_.empty()) return absl::OkStatus();
  const absl::Status stored = store_->Update(kPartition, [this](MetadataWriter& writer) {
    for (const auto& [key, value] : pending_) {
      SYNCENGINE_RETURN_IF_ERROR(value ? writer.Put(key, *value) : writer.Delete(key));
    }
    return absl::OkStatus();
  });
  if (stored.ok()) pending_.clear();
  return stored;
}

}  // namespace syncengine::folder
