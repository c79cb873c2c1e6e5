#include "syncengine/engine/forget.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "src/base/planted_bugs.h"
#include "src/engine/block_table.h"
#include "src/engine/conflict_row.h"
#include "src/engine/keys.h"
#include "src/engine/transactions.h"
#include "syncengine/base/error.h"

namespace syncengine {
namespace engine {
namespace {

constexpr int kSlice = 256;
constexpr size_t kReferencesMax = 1000;  // Rows that one transaction changes, about.

// One revision that may go, by the key of its row.
struct Old {
  NodeId node;
  std::string key;
};

// Walks all revisions of one node or of all, newest first. Single-threaded.
class Forgetter {
 public:
  Forgetter(const EnginePorts& ports, const NamespaceId& id, const ForgetRequest& request)
      : ports_(ports), id_(id), request_(request) {}

  absl::StatusOr<ForgetReport> Run() {
    // Downwards, so that a node's newest revisions come first; its head comes last, behind them.
    ScanRange range{.begin = "N", .end = PrefixEnd("N"), .limit = kSlice, .reverse = true};
    if (request_.node.has_value()) {
      range.begin = NodeKey(*request_.node);
      range.end = PrefixEnd(range.begin);
    }
    for (;;) {
      if (request_.stop.stop_requested()) return absl::CancelledError("forget was stopped");
      std::vector<KeyValue> slice;
      const auto read = [&](MetadataReader& rows, const HeadRow&) -> absl::Status {
        SYNCENGINE_ASSIGN_OR_RETURN(slice, rows.Scan(range));
        return NoteUndecided(rows, slice);
      };
      SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(ports_, id_, read));
      SYNCENGINE_RETURN_IF_ERROR(Choose(slice));
      if (slice.size() < kSlice) break;
      range.end = slice.back().first;
    }
    if (request_.node.has_value() && !seen_any_) {
      return absl::NotFoundError(absl::StrCat("there is no node ", request_.node->ToHex()));
    }
    return report_;
  }

 private:
  // The losing version of a conflict stays until somebody decided.
  absl::Status NoteUndecided(MetadataReader& rows, const std::vector<KeyValue>& slice) {
    undecided_.clear();
    for (const auto& [key, value] : slice) {
      if (key.size() == 1 + NodeId::kSize) continue;  // The head's own row.
      SYNCENGINE_ASSIGN_OR_RETURN(const Revision revision, DecodeRow<Revision>(value));
      if (!revision.aside) continue;
      SYNCENGINE_ASSIGN_OR_RETURN(const auto conflict,
                                  ReadRow<ConflictRow>(rows, ConflictKey(revision.id)));
      if (conflict.has_value() && conflict->decision == ConflictDecision::kOpen) {
        undecided_.insert(revision.id);
      }
    }
    return absl::OkStatus();
  }

  absl::Status Choose(const std::vector<KeyValue>& slice) {
    std::vector<Old> old;
    for (const auto& [key, value] : slice) {
      seen_any_ = true;
      if (key.size() == 1 + NodeId::kSize) continue;  // The head's own row.
      SYNCENGINE_ASSIGN_OR_RETURN(const Revision revision, DecodeRow<Revision>(value));
      if (revision.node != node_) {
        node_ = revision.node;
        kept_ = 0;
        counted_ = false;
      }
      if (undecided_.contains(revision.id)) continue;
      if (kept_ < request_.keep_newest || revision.committed_at >= request_.before) {
        ++kept_;
        continue;
      }
      old.push_back({revision.node, key});
      ++report_.revisions;
      if (!std::exchange(counted_, true)) ++report_.nodes;
    }
    if (request_.dry_run) return absl::OkStatus();
    for (size_t begin = 0; begin < old.size();) {
      SYNCENGINE_RETURN_IF_ERROR(Remove(absl::MakeConstSpan(old).subspan(begin), begin));
    }
    return absl::OkStatus();
  }

  // Removes the first few of `old` and adds to `handled` how many.
  absl::Status Remove(absl::Span<const Old> old, size_t& handled) {
    size_t count = 0;
    const auto remove = [&](MetadataWriter& rows, HeadRow& head) -> absl::Status {
      count = 0;
      uint64_t removed = 0;
      BlockTable blocks(rows, head.epoch);
      for (size_t references = 0; count < old.size() && references < kReferencesMax; ++count) {
        SYNCENGINE_ASSIGN_OR_RETURN(const auto row, ReadRow<Revision>(rows, old[count].key));
        if (!row.has_value()) continue;  // Somebody else was faster.
        SYNCENGINE_ASSIGN_OR_RETURN(const bool is_head, IsHead(rows, old[count].node, *row));
        if (is_head) continue;
        const auto& ids = row->state.content.blocks;
        SYNCENGINE_RETURN_IF_ERROR(blocks.Load(ids));
        for (const BlockId& id : ids) SYNCENGINE_RETURN_IF_ERROR(blocks.DropReference(id));
        if (PlantedBug(Bug::kReferenceDroppedTwice)) {
          for (const BlockId& id : ids) SYNCENGINE_RETURN_IF_ERROR(blocks.DropReference(id));
        }
        SYNCENGINE_RETURN_IF_ERROR(rows.Delete(old[count].key));
        references += ids.size() + 1;
        ++removed;
      }
      SYNCENGINE_RETURN_IF_ERROR(blocks.Write(rows));
      return removed == 0 ? absl::OkStatus() : AddUsage(rows, {.revisions = ~removed + 1});
    };
    SYNCENGINE_RETURN_IF_ERROR(UpdateNamespace(ports_, id_, remove));
    handled += count;
    return absl::OkStatus();
  }

  static absl::StatusOr<bool> IsHead(MetadataReader& rows, const NodeId& node,
                                     const Revision& revision) {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto head, ReadRow<NodeRow>(rows, NodeKey(node)));
    return head.has_value() && head->sequence == revision.sequence;
  }

  const EnginePorts& ports_;
  const NamespaceId id_;
  const ForgetRequest& request_;
  ForgetReport report_;
  bool seen_any_ = false;
  absl::flat_hash_set<RevisionId> undecided_;
  // Of the node whose revisions are passing.
  NodeId node_;
  uint64_t kept_ = 0;
  bool counted_ = false;
};

}  // namespace
}  // namespace engine

absl::StatusOr<ForgetReport> ForgetRevisions(const EnginePorts& ports, const NamespaceId& id,
                                             const ForgetRequest& request) {
  if (request.keep_newest == 0) {
    return absl::InvalidArgumentError(
        "forget: expected to keep at least 1 revision of each node, its head");
  }
  return engine::Forgetter(ports, id, request).Run();
}

}  // namespace syncengine
