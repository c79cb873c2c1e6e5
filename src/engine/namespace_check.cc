#include "src/engine/namespace_check.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "src/engine/conflict_row.h"
#include "src/engine/keys.h"
#include "src/kernels/checksum.h"

namespace syncengine::engine {

template <typename Row>
std::optional<Row> NamespaceCheck::Decode(absl::string_view place, absl::string_view value) {
  auto row = DecodeRow<Row>(value);
  if (row.ok()) return *std::move(row);
  Problem(place, row.status().message());
  return std::nullopt;
}

template <typename IdType>
std::optional<IdType> NamespaceCheck::KeyId(absl::string_view kind, absl::string_view key) {
  const auto id = IdType::FromBytes(key.substr(1));
  if (id.ok()) return *id;
  Problem(absl::StrCat(kind, " key ", absl::BytesToHexString(key)), id.status().message());
  return std::nullopt;
}

void NamespaceCheck::Add(absl::string_view key, absl::string_view value) {
  if (key == HeadKey()) return;
  if (key == UsageKey()) return AddUsageRow(value);
  switch (key[0]) {
    case 'A':
      return AddDevicePlace(key, value);
    case 'B':
      return AddBlock(key, value);
    case 'C':
      return AddChildName(key, value);
    case 'D':
      return AddDoom(key, value);
    case 'E':
      return AddEpoch(key, value);
    case 'F':
      return AddDelta(key, value);
    case 'J':
      return AddJournal(key, value);
    case 'K':
      return AddChildren(key, value);
    case 'L':
      Decode<LeaseRow>("collector lease", value);
      return;
    case 'N':
      return key.size() == 1 + NodeId::kSize ? AddHead(key, value) : AddRevision(key, value);
    case 'O':
      return AddOperation(key, value);
    case 'S':
      return AddSegment(key, value);
    case 'U':
      return AddUpload(key, value);
    case 'X':
      return AddConflict(key, value);
    case 'o':
      return AddOrdinal(key, value);
    default:
      Problem(absl::StrCat("key ", absl::BytesToHexString(key)), "unknown kind of row");
  }
}

void NamespaceCheck::AddDevicePlace(absl::string_view key, absl::string_view value) {
  const auto device = KeyId<DeviceId>("device place", key);
  if (!device.has_value()) return;
  const std::string place = absl::StrCat("place of device ", device->ToHex());
  const auto row = Decode<PlaceRow>(place, value);
  if (!row.has_value() || row->cursor.history != head_.history) return;
  if (row->cursor.sequence > head_.sequence) Problem(place, "is behind the end of the journal");
}

void NamespaceCheck::AddBlock(absl::string_view key, absl::string_view value) {
  const auto id = KeyId<BlockId>("block", key);
  if (!id.has_value()) return;
  blocks_[*id].row = Decode<BlockRow>(absl::StrCat("block ", id->ToHex()), value);
}

void NamespaceCheck::AddChildName(absl::string_view key, absl::string_view value) {
  const std::string place = absl::StrCat("name key ", absl::BytesToHexString(key));
  if (key.size() <= 1 + NodeId::kSize) return Problem(place, "too short");
  if (const auto node = Decode<NodeId>(place, value)) names_.emplace(key, *node);
}

void NamespaceCheck::AddDelta(absl::string_view key, absl::string_view value) {
  ByteReader reader(key.substr(1), "delta key");
  const auto segment = reader.ReadId<SegmentId>();
  const uint64_t offset = reader.BigU64();
  const std::string place = absl::StrCat("delta at ", offset, " of segment ", segment.ToHex());
  if (!reader.Finish().ok()) return Problem(place, "its key has another length");
  auto row = Decode<DeltaRow>(place, value);
  if (!row.has_value()) return;
  for (const BlockId& base : row->bases) ++blocks_[base].counted;
  deltas_[{segment, static_cast<uint32_t>(offset)}].row = *std::move(row);
}

void NamespaceCheck::AddJournal(absl::string_view key, absl::string_view value) {
  ByteReader reader(key.substr(1), "journal key");
  const uint64_t sequence = reader.BigU64();
  const std::string place = absl::StrCat("journal entry ", sequence);
  if (!reader.Finish().ok()) return Problem(place, "its key has another length");
  const auto entry = Decode<JournalEntry>(place, value);
  if (!entry.has_value()) return;
  if (entry->sequence != sequence) {
    Problem(place, absl::StrCat("says that it is entry ", entry->sequence));
  }
  journal_[sequence] = *entry;
}

void NamespaceCheck::AddChildren(absl::string_view key, absl::string_view value) {
  const auto id = KeyId<BlockId>("children", key);
  if (!id.has_value()) return;
  auto row = Decode<ChildrenRow>(absl::StrCat("children of block ", id->ToHex()), value);
  if (!row.has_value()) return;
  for (const BlockId& child : row->ids) ++blocks_[child].counted;
  blocks_[*id].children = std::move(row->ids);
}

void NamespaceCheck::AddDoom(absl::string_view key, absl::string_view value) {
  const auto id = KeyId<SegmentId>("doom", key);
  if (!id.has_value()) return;
  const auto row = Decode<DoomRow>(absl::StrCat("doom of segment ", id->ToHex()), value);
  if (row.has_value()) doomed_[*id] = *row;
}

void NamespaceCheck::AddEpoch(absl::string_view key, absl::string_view value) {
  ByteReader reader(key.substr(1), "epoch key");
  const uint64_t epoch = reader.BigU64();
  const std::string place = absl::StrCat("collection ", epoch);
  if (!reader.Finish().ok()) return Problem(place, "its key has another length");
  Decode<EpochRow>(place, value);
  if (epoch > head_.epoch) Problem(place, "has not begun yet");
}

void NamespaceCheck::AddHead(absl::string_view key, absl::string_view value) {
  const auto id = KeyId<NodeId>("head", key);
  if (!id.has_value()) return;
  const auto row = Decode<NodeRow>(absl::StrCat("head of node ", id->ToHex()), value);
  if (!row.has_value()) return;
  nodes_[*id].sequence = row->sequence;
  nodes_[*id].digest = row->digest;
}

// What its newest revision says about a node.
void NamespaceCheck::TakeHead(const Revision& head, Node& node) {
  const NodeState& state = head.state;
  node.head_kept = true;
  node.parent = state.parent;
  node.kind = state.kind;
  node.deleted = state.deleted;
  if (state.deleted) return;
  ++found_.nodes;
  found_.logical_bytes += state.content.size;
  const auto name = names_.find(ChildKey(state.parent, state.name));
  if (name == names_.end() || name->second != head.node) {
    return Problem(
        absl::StrCat("head of node ", head.node.ToHex()),
        absl::StrCat("its name '", absl::CHexEscape(state.name), "' does not lead to it"));
  }
  names_.erase(name);
}

void NamespaceCheck::AddOperation(absl::string_view key, absl::string_view value) {
  const auto id = KeyId<OpId>("operation", key);
  if (!id.has_value()) return;
  auto row = Decode<OperationRow>(absl::StrCat("operation ", id->ToHex()), value);
  if (row.has_value()) operations_[*id] = *std::move(row);
}

void NamespaceCheck::AddOrdinal(absl::string_view key, absl::string_view value) {
  ByteReader reader(key.substr(1), "ordinal key");
  const uint64_t ordinal = reader.BigU64();
  const std::string place = absl::StrCat("operation ordinal ", ordinal);
  if (!reader.Finish().ok()) return Problem(place, "its key has another length");
  ++ordinals_;
  const auto op = Decode<OpId>(place, value);
  if (!op.has_value()) return;
  const auto found = operations_.find(*op);
  if (found == operations_.end() || found->second.ordinal != ordinal) {
    Problem(place, absl::StrCat("operation ", op->ToHex(), " does not have it"));
  }
}

void NamespaceCheck::AddRevision(absl::string_view key, absl::string_view value) {
  ByteReader reader(key.substr(1), "revision key");
  const auto node = reader.ReadId<NodeId>();
  const uint64_t sequence = reader.BigU64();
  const std::string place = absl::StrCat("revision ", sequence, " of node ", node.ToHex());
  if (!reader.Finish().ok()) return Problem(place, "its key has another length");
  ++found_.revisions;
  const auto revision = Decode<Revision>(place, value);
  if (!revision.has_value()) return;
  if (revision->node != node || revision->sequence != sequence) {
    Problem(place, "is of another node or sequence than its key says");
  }
  for (const BlockId& block : revision->state.content.blocks) ++blocks_[block].counted;

  const auto head = nodes_.find(node);
  if (head == nodes_.end()) return Problem(place, "its node has no head");
  if (!revision->aside) head->second.last_revision = sequence;
  if (head->second.sequence == sequence) {
    if (kernels::Xxh3(value) != head->second.digest) {
      Problem(place, "is not what its node's row says it was");
    }
    TakeHead(*revision, head->second);
  }
  CompareWithJournal(*revision, place);
}

void NamespaceCheck::CompareWithJournal(const Revision& revision, absl::string_view place) {
  if (revision.sequence < head_.first_sequence) return;
  const auto found = journal_.find(revision.sequence);
  if (found == journal_.end()) return;  // The gap is a problem of its own.
  const JournalEntry& entry = found->second;
  const JournalKind kind = revision.aside ? JournalKind::kAside : JournalKind::kCommitted;
  if (entry.kind != kind || entry.node != revision.node || entry.revision != revision.id ||
      entry.device != revision.device || entry.time != revision.committed_at) {
    Problem(place, "the journal tells something else about this sequence");
  }
}

void NamespaceCheck::AddSegment(absl::string_view key, absl::string_view value) {
  const auto id = KeyId<SegmentId>("segment", key);
  if (!id.has_value()) return;
  auto row = Decode<SegmentRow>(absl::StrCat("segment ", id->ToHex()), value);
  if (!row.has_value()) return;
  ++found_.segments;
  found_.stored_bytes += row->size;
  segments_[*id].row = *std::move(row);
}

void NamespaceCheck::AddUpload(absl::string_view key, absl::string_view value) {
  const auto id = KeyId<UploadId>("upload", key);
  if (!id.has_value()) return;
  const std::string place = absl::StrCat("upload ", id->ToHex());
  const auto row = Decode<UploadRow>(place, value);
  if (row.has_value() && row->epoch > head_.epoch) Problem(place, "began in a later epoch");
}

void NamespaceCheck::AddConflict(absl::string_view key, absl::string_view value) {
  const auto id = KeyId<RevisionId>("conflict", key);
  if (!id.has_value()) return;
  const std::string place = absl::StrCat("conflict ", id->ToHex());
  const auto row = Decode<ConflictRow>(place, value);
  if (!row.has_value()) return;
  if (!nodes_.contains(row->node)) Problem(place, "its node has no head");
  const auto entry = journal_.find(row->ours_sequence);
  if (row->ours_sequence < head_.first_sequence) return;
  if (entry == journal_.end() || entry->second.revision != *id ||
      entry->second.kind != JournalKind::kAside) {
    Problem(place, "the journal tells something else about its revision");
  }
}

void NamespaceCheck::AddUsageRow(absl::string_view value) {
  const auto row = Decode<UsageRow>("usage", value);
  if (row.has_value()) usage_ = row->usage;
}

void NamespaceCheck::Finish() {
  CompareNames();
  CompareNodes();
  CompareJournal();
  CompareOperations();
  CompareBlocks();
  CompareSegments();
  CompareUsage();
}

void NamespaceCheck::CompareNames() {
  for (const auto& [key, node] : names_) {
    Problem(absl::StrCat("name '", absl::CHexEscape(key.substr(1 + NodeId::kSize)), "'"),
            absl::StrCat("leads to node ", node.ToHex(), ", which is not there"));
  }
}

void NamespaceCheck::CompareNodes() {
  for (const auto& [id, node] : nodes_) {
    const std::string place = absl::StrCat("head of node ", id.ToHex());
    if (!node.head_kept) Problem(place, "is not among its revisions");
    if (node.last_revision > node.sequence) Problem(place, "there is a newer revision");
    if (node.head_kept && !node.deleted) CheckConnected(id);
  }
}

void NamespaceCheck::CheckConnected(const NodeId& node) {
  std::vector<Node*> climbed;
  NodeId at = node;
  while (at != kRootNode) {
    const auto found = nodes_.find(at);
    const bool directory =
        at == node || (found != nodes_.end() && found->second.kind == NodeKind::kDirectory);
    if (found == nodes_.end() || found->second.deleted || !directory ||
        climbed.size() > nodes_.size()) {
      return Problem(absl::StrCat("node ", node.ToHex()),
                     climbed.size() > nodes_.size()
                         ? "is inside itself"
                         : absl::StrCat("its ancestor ", at.ToHex(), " is no live directory"));
    }
    if (found->second.connected) break;
    climbed.push_back(&found->second);
    at = found->second.parent;
  }
  for (Node* ancestor : climbed) ancestor->connected = true;
}

void NamespaceCheck::CompareJournal() {
  uint64_t expected = head_.first_sequence;
  for (const auto& [sequence, entry] : journal_) {
    if (sequence != expected) {
      Problem("journal", absl::StrCat("found entry ", sequence, ", expected ", expected));
      expected = sequence;
    }
    ++expected;
  }
  if (expected != head_.sequence + 1) {
    Problem("journal", absl::StrCat("ends at ", expected - 1, ", the head says ", head_.sequence));
  }
}

void NamespaceCheck::CompareOperations() {
  if (ordinals_ != operations_.size()) {
    Problem("operations", absl::StrCat(operations_.size(), " results, ", ordinals_, " ordinals"));
  }
  for (const auto& [id, row] : operations_) {
    const std::string place = absl::StrCat("operation ", id.ToHex());
    if (row.ordinal >= head_.operations) Problem(place, "its ordinal is not given out yet");
    if (row.upload.IsZero() == row.revisions.empty()) {
      Problem(place, "is neither a commit nor an upload");
    }
    for (size_t i = 0; i < row.revisions.size(); ++i) {
      const auto entry = journal_.find(row.first_sequence + i);
      const bool trimmed = row.first_sequence + i < head_.first_sequence;
      if (trimmed) continue;
      if (entry == journal_.end() || entry->second.revision != row.revisions[i]) {
        Problem(place, "the journal tells something else about its revisions");
        break;
      }
    }
  }
}

void NamespaceCheck::CompareBlocks() {
  for (const auto& [id, block] : blocks_) CompareBlock(id, block);
  CompareDeltas();
}

void NamespaceCheck::CompareBlock(const BlockId& id, const Block& block) {
  const std::string place = absl::StrCat("block ", id.ToHex());
  if (!block.row.has_value()) {
    return Problem(place, absl::StrCat("has no row, and ", block.counted, " references"));
  }
  const BlockRow& row = *block.row;
  if (row.refs != block.counted) {
    Problem(place, absl::StrCat("counts ", row.refs, " references, there are ", block.counted));
  }
  if (block.counted > 0 && row.state != BlockState::kPresent) {
    Problem(place, "is referred to and not present");
  }
  const bool needs_children = row.usable() && row.kind == FrameKind::kManifest;
  if (block.children.has_value() != needs_children) {
    Problem(place, needs_children ? "its children are not known" : "has children and may not");
  }
  if (row.touch_epoch > head_.epoch) Problem(place, "was wanted in a later epoch");
  if (!row.usable()) return;
  ++found_.blocks;
  std::vector<BlockId> bases = CompareBases(row, place);
  const auto segment = segments_.find(row.segment);
  if (segment == segments_.end()) {
    return Problem(place, absl::StrCat("its segment ", row.segment.ToHex(), " is unknown"));
  }
  segment->second.blocks.push_back(
      {id, row, block.children.value_or(std::vector<BlockId>()), std::move(bases)});
}

std::vector<BlockId> NamespaceCheck::CompareBases(const BlockRow& row, absl::string_view place) {
  if (row.kind != FrameKind::kDelta) return {};
  const auto delta = deltas_.find({row.segment, row.offset});
  if (delta == deltas_.end()) {
    Problem(place, "the bases of its frame are not known");
    return {};
  }
  ++delta->second.counted;
  for (const BlockId& base : delta->second.row.bases) {
    const std::optional<BlockRow>& found = blocks_[base].row;
    if (!found.has_value()) continue;  // A problem of its own.
    if (found->kind == FrameKind::kManifest || found->depth >= row.depth) {
      Problem(place, absl::StrCat("block ", base.ToHex(), " cannot be a base of it"));
    }
  }
  return delta->second.row.bases;
}

void NamespaceCheck::CompareDeltas() {
  for (const auto& [spot, delta] : deltas_) {
    if (delta.row.blocks == delta.counted && delta.counted > 0) continue;
    Problem(absl::StrCat("delta at ", spot.second, " of segment ", spot.first.ToHex()),
            absl::StrCat("counts ", delta.row.blocks, " blocks, there are ", delta.counted));
  }
}

void NamespaceCheck::CompareSegments() {
  for (const auto& [id, segment] : segments_) {
    const std::string place = absl::StrCat("segment ", id.ToHex());
    if (segment.row.blocks_live != segment.blocks.size()) {
      Problem(place, absl::StrCat("counts ", segment.row.blocks_live, " blocks in use, there are ",
                                  segment.blocks.size()));
    }
    if (segment.row.epoch > head_.epoch) Problem(place, "was stored in a later epoch");
    const auto doom = doomed_.find(id);
    if (doom != doomed_.end() && doom->second.state != DoomState::kSuspect) {
      Problem(place, "is doomed and has a row still");
    }
  }
}

void NamespaceCheck::CompareUsage() {
  if (!usage_.has_value()) return Problem("usage", "is not there");
  const auto compare = [&](absl::string_view name, uint64_t stored, uint64_t found) {
    if (stored == found) return;
    Problem("usage", absl::StrCat(name, " says ", stored, ", a recount gives ", found));
  };
  compare("logical_bytes", usage_->logical_bytes, found_.logical_bytes);
  compare("stored_bytes", usage_->stored_bytes, found_.stored_bytes);
  compare("blocks", usage_->blocks, found_.blocks);
  compare("segments", usage_->segments, found_.segments);
  compare("revisions", usage_->revisions, found_.revisions);
  compare("nodes", usage_->nodes, found_.nodes);
}

}  // namespace syncengine::engine
