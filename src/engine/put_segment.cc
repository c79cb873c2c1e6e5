// PutSegment: the object first, durable, then one transaction that makes its blocks known. A crash
// in between leaves an object that no row names; the repeated request finds and uses it.
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "src/base/planted_bugs.h"
#include "src/engine/block_table.h"
#include "src/engine/delta_frames.h"
#include "src/engine/keys.h"
#include "src/engine/transactions.h"
#include "src/engine/uploads.h"
#include "src/engine/verbs.h"
#include "src/kernels/digest.h"
#include "syncengine/base/error.h"
#include "syncengine/format/segment.h"

namespace syncengine::engine {
namespace {

// A segment as it came, and what follows from its bytes alone.
struct Incoming {
  Segment segment;
  SegmentRow row;
  std::vector<BlockId> blocks;              // All that are in it.
  std::vector<BlockId> children;            // Of its manifest blocks.
  std::vector<BlockId> children_elsewhere;  // Those of them that are not in it: must be present.
  std::vector<BlockId> bases;               // Of its delta frames: must be present.
};

// Whoever sends damaged bytes has made a mistake; only stored bytes are an integrity error.
absl::Status BlameCaller(const absl::Status& status) {
  if (GetReason(status) != Reason::kIntegrity) return status;
  return absl::InvalidArgumentError(absl::StrCat(status.message(), "; nothing was stored"));
}

void CollectIds(Incoming& incoming) {
  absl::flat_hash_set<BlockId> own;
  absl::flat_hash_set<BlockId> named;
  for (const SegmentFrame& frame : incoming.segment.frames) {
    for (const FrameBlock& block : frame.header.blocks) {
      if (own.insert(block.id).second) incoming.blocks.push_back(block.id);
    }
  }
  for (const SegmentFrame& frame : incoming.segment.frames) {
    for (const FrameBlock& block : frame.header.blocks) {
      for (const BlockId& child : block.children) {
        if (!named.insert(child).second) continue;
        incoming.children.push_back(child);
        if (!own.contains(child)) incoming.children_elsewhere.push_back(child);
      }
    }
  }
}

absl::StatusOr<Incoming> Inspect(const NamespaceId& id, const UploadId& upload,
                                 absl::string_view bytes) {
  auto segment = ParseSegment(bytes);
  if (!segment.ok()) return BlameCaller(segment.status());
  if (segment->namespace_id != id) {
    return absl::InvalidArgumentError(absl::StrCat(
        "segment: sealed for namespace ", segment->namespace_id.ToHex(), ", sent to ", id.ToHex()));
  }
  if (segment->segment_id.IsZero()) {
    return absl::InvalidArgumentError("segment: expected an id that is not zero");
  }
  Incoming incoming{.segment = *std::move(segment)};
  incoming.row = {.size = bytes.size(),
                  .frames = static_cast<uint32_t>(incoming.segment.frames.size()),
                  .upload = upload,
                  .sha256 = std::string(kernels::AsBytes(kernels::Sha256(bytes)))};
  CollectIds(incoming);
  SYNCENGINE_ASSIGN_OR_RETURN(incoming.bases, CollectBases(incoming.segment.frames));
  return incoming;
}

// An object of this id is being collected or was: it must not be counted on.
absl::Status CheckNotDoomed(MetadataReader& rows, const SegmentId& id) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto row, ReadRow<DoomRow>(rows, DoomKey(id)));
  if (!row.has_value() || row->state == DoomState::kSuspect) return absl::OkStatus();
  return absl::AlreadyExistsError(
      absl::StrCat("segment ", id.ToHex(),
                   ": was collected, as nothing in it was used for long; draw a fresh id at random"
                   " and send it again"));
}

// What the frames need and the namespace lacks; all of it is loaded.
std::vector<BlockId> MissingFor(const BlockTable& blocks, const Incoming& incoming) {
  std::vector<BlockId> missing = blocks.Missing(incoming.children_elsewhere);
  const std::vector<BlockId> bases = MissingBases(blocks, incoming.segment.frames);
  missing.insert(missing.end(), bases.begin(), bases.end());
  return missing;
}

// The answer to a segment that is registered already; nullopt when it is not.
absl::StatusOr<std::optional<PutSegmentResult>> FindAnswer(MetadataReader& rows,
                                                           const Incoming& incoming) {
  const SegmentId& id = incoming.segment.segment_id;
  SYNCENGINE_ASSIGN_OR_RETURN(const auto row, ReadRow<SegmentRow>(rows, SegmentKey(id)));
  if (!row.has_value()) {
    SYNCENGINE_RETURN_IF_ERROR(CheckNotDoomed(rows, id));
    return std::nullopt;
  }
  if (row->sha256 != incoming.row.sha256) {
    return absl::AlreadyExistsError(absl::StrCat(
        "segment ", id.ToHex(), ": there is another one with this id; draw a fresh id at random"));
  }
  return PutSegmentResult{.stored = true, .blocks_new = row->blocks_new};
}

// The answer that needs no storing: the segment is there, or children of its manifests are missing.
// An upload that has ended is an error, after what was stored before it did.
absl::StatusOr<std::optional<PutSegmentResult>> AnswerBefore(const EnginePorts& ports,
                                                             const NamespaceId& id,
                                                             const UploadId& upload,
                                                             const Incoming& incoming) {
  std::optional<PutSegmentResult> answer;
  const absl::Time now = ports.clock.Now();
  const auto read = [&](MetadataReader& rows, const HeadRow& head) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(answer, FindAnswer(rows, incoming));
    if (answer.has_value()) return absl::OkStatus();
    SYNCENGINE_RETURN_IF_ERROR(CheckUploadOpen(rows, upload, now));
    BlockTable blocks(rows, head.epoch);
    SYNCENGINE_RETURN_IF_ERROR(blocks.Load(incoming.children_elsewhere));
    SYNCENGINE_RETURN_IF_ERROR(blocks.Load(incoming.bases));
    auto missing = MissingFor(blocks, incoming);
    if (!missing.empty()) answer = PutSegmentResult{.missing = std::move(missing)};
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(ports, id, read));
  return answer;
}

absl::Status StoreObject(const EnginePorts& ports, const NamespaceId& id, const SegmentId& segment,
                         absl::string_view bytes) {
  const std::string name = SegmentObject(id, segment);
  const absl::Status put = ports.objects.Put(name, bytes);
  if (!absl::IsAlreadyExists(put)) return put;
  // Left behind by a request that did not come to its transaction: as good as new when it is equal.
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string stored, ports.objects.Get(name, 0, kWholeObject));
  if (stored == bytes) return absl::OkStatus();
  return absl::AlreadyExistsError(
      absl::StrCat("segment ", segment.ToHex(),
                   ": there is another object of this name; draw a fresh id at random"));
}

// Registers the blocks of one frame; the first place a block is stored at stays its place.
absl::Status RegisterFrame(MetadataWriter& rows, BlockTable& blocks, const SegmentId& segment,
                           const SegmentFrame& frame, uint64_t& blocks_new) {
  uint32_t placed = 0;
  for (const FrameBlock& block : frame.header.blocks) {
    if (blocks.usable(block.id)) {
      blocks.Touch(block.id);
      continue;
    }
    ++placed;
    blocks.Insert(block.id, {.kind = frame.header.kind,
                             .segment = segment,
                             .offset = static_cast<uint32_t>(frame.offset),
                             .length = static_cast<uint32_t>(frame.length),
                             .depth = static_cast<uint8_t>(frame.header.depth)});
    if (frame.header.kind != FrameKind::kManifest) continue;
    SYNCENGINE_RETURN_IF_ERROR(
        rows.Put(ChildrenKey(block.id), EncodeRow(ChildrenRow{block.children})));
  }
  blocks_new += placed;
  if (frame.header.kind != FrameKind::kDelta || placed == 0) return absl::OkStatus();
  const FrameSpot spot{segment, static_cast<uint32_t>(frame.offset)};
  return AddDelta(rows, blocks, spot, frame.header, placed);
}

// Counts the references of manifest blocks that were not known before this segment.
void CountReferences(BlockTable& blocks, const Incoming& incoming,
                     const absl::flat_hash_set<BlockId>& known) {
  if (PlantedBug(Bug::kManifestChildrenNotCounted)) return;
  absl::flat_hash_set<BlockId> counted;
  for (const SegmentFrame& frame : incoming.segment.frames) {
    for (const FrameBlock& block : frame.header.blocks) {
      if (known.contains(block.id) || !counted.insert(block.id).second) continue;
      for (const BlockId& child : block.children) blocks.AddReference(child);
    }
  }
}

absl::Status RenewUpload(MetadataWriter& rows, const UploadId& upload, absl::Time now) {
  if (upload.IsZero()) return absl::OkStatus();
  SYNCENGINE_ASSIGN_OR_RETURN(auto row, ReadRow<UploadRow>(rows, UploadKey(upload)));
  if (!row.has_value()) return absl::OkStatus();  // Ended: the blocks stand for themselves.
  row->touched = now;
  row->holds = true;
  return rows.Put(UploadKey(upload), EncodeRow(*row));
}

// Everything of Register but the early answers.
absl::StatusOr<uint64_t> RegisterBlocks(MetadataWriter& rows, BlockTable& blocks,
                                        const Incoming& incoming) {
  absl::flat_hash_set<BlockId> known;
  for (const BlockId& block : incoming.blocks) {
    if (blocks.usable(block)) known.insert(block);
  }
  uint64_t blocks_new = 0;
  for (const SegmentFrame& frame : incoming.segment.frames) {
    SYNCENGINE_RETURN_IF_ERROR(
        RegisterFrame(rows, blocks, incoming.segment.segment_id, frame, blocks_new));
  }
  CountReferences(blocks, incoming, known);
  SYNCENGINE_RETURN_IF_ERROR(blocks.Write(rows));
  return blocks_new;
}

absl::StatusOr<PutSegmentResult> Register(MetadataWriter& rows, const HeadRow& head,
                                          const Incoming& incoming) {
  SYNCENGINE_ASSIGN_OR_RETURN(auto answer, FindAnswer(rows, incoming));
  if (answer.has_value()) return *std::move(answer);
  BlockTable blocks(rows, head.epoch);
  SYNCENGINE_RETURN_IF_ERROR(blocks.Load(incoming.blocks));
  SYNCENGINE_RETURN_IF_ERROR(blocks.Load(incoming.children));
  SYNCENGINE_RETURN_IF_ERROR(blocks.Load(incoming.bases));
  auto missing = MissingFor(blocks, incoming);
  if (!missing.empty()) return PutSegmentResult{.missing = std::move(missing)};

  SegmentRow row = incoming.row;
  SYNCENGINE_ASSIGN_OR_RETURN(row.blocks_new, RegisterBlocks(rows, blocks, incoming));
  row.blocks_live = row.blocks_new;
  row.epoch = head.epoch;
  SYNCENGINE_RETURN_IF_ERROR(rows.Put(SegmentKey(incoming.segment.segment_id), EncodeRow(row)));
  SYNCENGINE_RETURN_IF_ERROR(
      AddUsage(rows, {.stored_bytes = row.size, .blocks = row.blocks_new, .segments = 1}));
  return PutSegmentResult{.stored = true, .blocks_new = row.blocks_new};
}

}  // namespace

absl::StatusOr<PutSegmentResult> PutSegment(const EnginePorts& ports, const NamespaceId& id,
                                            const UploadId& upload, absl::string_view segment) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Incoming incoming, Inspect(id, upload, segment));
  auto answer = AnswerBefore(ports, id, upload, incoming);
  if (!answer.ok()) return RefuseUpload(ports, id, upload, answer.status());
  if (answer->has_value()) return **std::move(answer);
  const auto store = [&] { return StoreObject(ports, id, incoming.segment.segment_id, segment); };
  if (!PlantedBug(Bug::kRowsBeforeSegment)) SYNCENGINE_RETURN_IF_ERROR(store());

  PutSegmentResult result;
  const absl::Time now = ports.clock.Now();
  const auto update = [&](MetadataWriter& rows, HeadRow& head) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(result, Register(rows, head, incoming));
    return result.stored ? RenewUpload(rows, upload, now) : absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(UpdateNamespace(ports, id, update));
  if (PlantedBug(Bug::kRowsBeforeSegment)) SYNCENGINE_RETURN_IF_ERROR(store());
  return result;
}

}  // namespace syncengine::engine
