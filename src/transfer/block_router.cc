#include "src/transfer/block_router.h"

#include <utility>

#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine {
namespace {

constexpr size_t kAskingMax = 2;
// About 60 MiB of marks.
constexpr size_t kKnownMax = 1u << 20;

// In as many requests as the limit needs: one, unless blocks are tiny.
absl::StatusOr<std::vector<BlockId>> AskMissing(const UploadContext& context,
                                                const UploadId& upload,
                                                absl::Span<const BlockId> ids, uint64_t spread) {
  std::vector<BlockId> missing;
  for (size_t begin = 0; begin < ids.size(); begin += limits::kMissingBlocksMax) {
    const absl::Span<const BlockId> some = ids.subspan(begin, limits::kMissingBlocksMax);
    SYNCENGINE_ASSIGN_OR_RETURN(
        const std::vector<BlockId> lacks, RetryUnavailable(context.retry(), spread, [&] {
          return context.service().MissingBlocks(context.id(), upload, some);
        }));
    missing.insert(missing.end(), lacks.begin(), lacks.end());
  }
  return missing;
}

// A manifest node that an edit made: sending it costs about as much as a question.
bool IsSurelyNew(const PendingItem& item, const BlockId& node) {
  return !item.assumed.empty() && !item.assumed.Has(node);
}

}  // namespace

void BlockRouter::Submit(std::unique_ptr<PieceBatch> batch) {
  context_.crew.Run(
      [&keys = context_.keys(), batch = std::move(batch)]() mutable {
        for (Piece& piece : batch->pieces) {
          if (!piece.bytes.empty()) piece.id = keys.IdOf(piece.bytes);
        }
        return std::move(batch);
      },
      [this, number = submitted_](std::unique_ptr<PieceBatch> hashed) {
        hashed_.emplace(number, std::move(hashed));
        ListHashed();
      });
  ++submitted_;
}

void BlockRouter::ListHashed() {
  while (!hashed_.empty() && hashed_.begin()->first == listed_count_) {
    std::unique_ptr<PieceBatch> batch = std::move(hashed_.begin()->second);
    hashed_.erase(hashed_.begin());
    ++listed_count_;
    List(*batch);
    listed_.push_back(std::move(batch));
  }
  AskListed();
}

void BlockRouter::List(PieceBatch& batch) {
  for (const Piece& piece : batch.pieces) {
    PendingItem& item = *piece.item;
    std::vector<ManifestNode> nodes;
    if (piece.bytes.empty()) {
      EndContent(item, nodes);
    } else if (item.result.status.ok()) {
      item.result.status = item.tree.Add({piece.id, piece.bytes.size()}, nodes);
      if (item.item.outline) item.seen.Add({piece.id, piece.bytes.size()});
    }
    item.unrouted += nodes.size();
    for (ManifestNode& node : nodes) {
      if (item.item.outline) item.seen.AddNode(node.id);
      batch.manifests.push_back({&item, std::move(node)});
    }
  }
}

void BlockRouter::EndContent(PendingItem& item, std::vector<ManifestNode>& nodes) {
  item.listed = true;
  if (!item.result.status.ok()) return;
  absl::StatusOr<Manifest> root = item.tree.Finish(nodes);
  item.result.status = root.status();
  if (root.ok()) item.root = *std::move(root);
}

void BlockRouter::AskListed() {
  while (!listed_.empty() && asking_ < kAskingMax && context_.failure.ok()) {
    auto ask = std::make_unique<Ask>();
    absl::flat_hash_set<BlockId> unknown;
    while (!listed_.empty() &&
           (ask->batches.empty() ||
            unknown.size() + listed_.front()->pieces.size() + listed_.front()->manifests.size() <=
                limits::kMissingBlocksMax)) {
      Collect(*listed_.front(), unknown);
      ask->batches.push_back(std::move(listed_.front()));
      listed_.pop_front();
    }
    asks_.push_back(std::move(ask));
    StartAsk(*asks_.back(), std::vector<BlockId>(unknown.begin(), unknown.end()));
  }
  RouteAnswered();
}

void BlockRouter::Collect(const PieceBatch& batch, absl::flat_hash_set<BlockId>& unknown) const {
  const auto add = [&](const PendingItem& item, const BlockId& id) {
    if (item.is_second_try || !item.result.status.ok() || known_.contains(id) ||
        item.assumed.Has(id)) {
      return;
    }
    unknown.insert(id);
  };
  for (const Piece& piece : batch.pieces) {
    if (!piece.bytes.empty()) add(*piece.item, piece.id);
  }
  for (const PieceOfManifest& piece : batch.manifests) {
    if (!IsSurelyNew(*piece.item, piece.node.id)) add(*piece.item, piece.node.id);
  }
}

void BlockRouter::StartAsk(Ask& ask, std::vector<BlockId> ids) {
  if (ids.empty()) {
    ask.answered = true;
    return;
  }
  const absl::StatusOr<UploadId> upload = session_();
  if (!upload.ok()) return context_.Fail(upload.status());
  std::sort(ids.begin(), ids.end());  // The order of a hash table is not repeatable.
  context_.stats.sent_bytes += ids.size() * BlockId::kSize;
  ++asking_;
  context_.crew.Run(
      [&context = std::as_const(context_), upload = *upload, ids = std::move(ids),
       spread = context_.NewSpread()] { return AskMissing(context, upload, ids, spread); },
      [this, &ask](const absl::StatusOr<std::vector<BlockId>>& missing) {
        --asking_;
        if (!missing.ok()) return context_.Fail(missing.status());
        ask.missing.insert(missing->begin(), missing->end());
        ask.answered = true;
        AskListed();
      });
}

void BlockRouter::RouteAnswered() {
  while (!asks_.empty() && asks_.front()->answered && context_.failure.ok()) {
    const std::unique_ptr<Ask> ask = std::move(asks_.front());
    asks_.pop_front();
    for (std::unique_ptr<PieceBatch>& batch : ask->batches) {
      Route(*batch, *ask);
      batch.reset();  // Lets go of the arena unless new blocks lie in it.
    }
  }
}

void BlockRouter::Route(PieceBatch& batch, const Ask& ask) {
  for (const Piece& piece : batch.pieces) {
    PendingItem& item = *piece.item;
    if (piece.bytes.empty()) {
      deltas_.End(item);
      continue;
    }
    --item.unrouted;
    ++context_.stats.blocks;
    if (!item.result.status.ok()) continue;
    const SendMark* mark = FindKnown(item, piece.id, ask, false);
    if (mark == nullptr) {
      mark = &(known_[piece.id] = SendBlock(piece, batch.arena));
      ++context_.stats.blocks_new;
    } else if (deltas_.Takes(item)) {
      deltas_.Pass(item, {piece.id, item.routed_bytes, piece.bytes.size()});
    }
    item.routed_bytes += piece.bytes.size();
    item.needs.Include(*mark);
  }
  for (PieceOfManifest& piece : batch.manifests) {
    PendingItem& item = *piece.item;
    --item.unrouted;
    if (!item.result.status.ok()) continue;
    const bool is_new = IsSurelyNew(item, piece.node.id);
    const SendMark* mark = FindKnown(item, piece.node.id, ask, is_new);
    if (mark == nullptr) {
      // Perhaps nothing was asked for, and so no session begun.
      const absl::StatusOr<UploadId> upload = session_();
      if (!upload.ok()) return context_.Fail(upload.status());
      const BlockId id = piece.node.id;
      const uint64_t node = manifests_.Add(std::move(piece), item.needs);
      mark = &(known_[id] = {.node = node});
    }
    item.needs.Include(*mark);
  }
}

SendMark BlockRouter::SendBlock(const Piece& piece, const std::shared_ptr<const Arena>& arena) {
  const PlainBlock block{piece.id, piece.bytes};
  PendingItem& item = *piece.item;
  if (!deltas_.Takes(item)) return {.segment = segments_.Add(block, arena)};
  return {.delta = deltas_.Add(item, item.routed_bytes, block, arena)};
}

const SendMark* BlockRouter::FindKnown(const PendingItem& item, const BlockId& id, const Ask& ask,
                                       bool is_new) {
  const auto found = known_.find(id);
  const bool was_sent = found != known_.end() && !found->second.IsDurableAt({});
  if (was_sent || (found != known_.end() && !item.is_second_try)) return &found->second;
  if (item.is_second_try || ask.missing.contains(id) || is_new) return nullptr;
  // Assumed for this item only: others ask.
  static constexpr SendMark kAssumed;
  if (found == known_.end() && item.assumed.Has(id)) return &kAssumed;
  return &(known_[id] = {});
}

void BlockRouter::Forget(absl::Span<const BlockId> ids) {
  for (const BlockId& id : ids) known_.erase(id);
}

void BlockRouter::Trim(const SendMark& durable) {
  if (known_.size() <= kKnownMax) return;
  absl::erase_if(known_, [&](const auto& entry) { return entry.second.IsDurableAt(durable); });
}

}  // namespace syncengine
