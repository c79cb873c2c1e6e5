// What could go: counted, and searched for.
//
// The search may go slice by slice while others write. Whoever adds a reference touches the block
// in the same transaction, with an epoch that is at least this run's, and such a block is no
// candidate in the transaction that would condemn it. So a reference that the search missed because
// it was added behind its back protects itself, and one that was there before the run is found.
#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "src/engine/collection.h"
#include "src/engine/keys.h"
#include "src/engine/transactions.h"
#include "src/engine/uploads.h"
#include "syncengine/base/error.h"

namespace syncengine::engine {
namespace {

constexpr size_t kRecentRuns = 10;
constexpr size_t kRecentRunsMin = 3;  // Fewer have no median worth the name.

template <typename IdType>
absl::StatusOr<IdType> IdOfKey(absl::string_view key) {
  auto id = IdType::FromBytes(key.substr(1));
  if (id.ok()) return id;
  return MakeError(Reason::kIntegrity, absl::StrCat("a row's key: ", id.status().message()));
}

absl::Status Brake(absl::string_view what) {
  return MakeError(Reason::kSafetyStop,
                   absl::StrCat("collection: ", what,
                                "; nothing was condemned. Run check, find out what was removed, "
                                "and force the collection if that was meant"));
}

}  // namespace

absl::Status Collection::EndIdleUploads() {
  touched_before_ = epoch_;
  return ForEachSlice("U", [&](const std::vector<KeyValue>& slice) -> absl::Status {
    for (const auto& [key, value] : slice) {
      SYNCENGINE_ASSIGN_OR_RETURN(const UploadId upload, IdOfKey<UploadId>(key));
      SYNCENGINE_ASSIGN_OR_RETURN(const UploadRow row, DecodeRow<UploadRow>(value));
      if (!IsExpired(row, ports_.clock.Now())) {
        if (row.holds) touched_before_ = std::min(touched_before_, row.epoch);
      } else if (options_.dry_run) {
        ++report_.uploads_expired;
      } else {
        SYNCENGINE_ASSIGN_OR_RETURN(const bool ended, EndIfExpired(ports_, id_, upload));
        if (ended) ++report_.uploads_expired;
      }
    }
    return absl::OkStatus();
  });
}

void Collection::Consider(const BlockId& id, const BlockRow& row, Candidates& candidates) {
  ++candidates.blocks;
  if (row.kind == FrameKind::kManifest) ++candidates.manifests;
  if (row.kind == FrameKind::kDelta) ++candidates.deltas;
  if (row.refs > 0) return;
  if (row.state == BlockState::kCondemned) {
    if (!horizon_.has_value() || row.touch_epoch > *horizon_) {
      ++report_.blocks_waiting;
    } else if (++candidates.to_delete_total <= options_.candidates_max) {
      candidates.to_delete.push_back(id);
    }
  } else if (row.touch_epoch >= touched_before_) {
    ++report_.blocks_held;
  } else if (++candidates.to_condemn_total <= options_.candidates_max) {
    candidates.to_condemn.push_back(id);
  }
}

absl::StatusOr<Candidates> Collection::FindCandidates() {
  Candidates candidates;
  const absl::Status status =
      ForEachSlice("B", [&](const std::vector<KeyValue>& slice) -> absl::Status {
        std::vector<BlockId> deleted;
        for (const auto& [key, value] : slice) {
          SYNCENGINE_ASSIGN_OR_RETURN(const BlockId id, IdOfKey<BlockId>(key));
          SYNCENGINE_ASSIGN_OR_RETURN(const BlockRow row, DecodeRow<BlockRow>(value));
          if (row.usable()) {
            Consider(id, row, candidates);
          } else {
            deleted.push_back(id);
          }
        }
        return options_.dry_run ? absl::OkStatus() : ForgetDeleted(deleted);
      });
  SYNCENGINE_RETURN_IF_ERROR(status);
  report_.blocks += candidates.blocks;
  report_.more |= candidates.to_condemn_total > options_.candidates_max ||
                  candidates.to_delete_total > options_.candidates_max;
  return candidates;
}

absl::Status Collection::CheckBrakes(const Candidates& candidates) {
  // Only this collector takes blocks out of use, so there are at least as many as before.
  if (candidates.blocks < blocks_before_) {
    return MakeError(Reason::kIntegrity,
                     absl::StrCat("collection: found ", candidates.blocks, " blocks, expected ",
                                  blocks_before_, " at least; nothing was condemned, run check"));
  }
  const uint64_t count = candidates.to_condemn_total;
  if (options_.force || count <= options_.always_allowed) return absl::OkStatus();
  if (count > candidates.blocks / 100 * options_.percent_max) {
    return Brake(absl::StrCat(count, " of ", candidates.blocks,
                              " blocks are unreferenced, expected at most ", options_.percent_max,
                              " %"));
  }
  std::vector<uint64_t> recent;
  SYNCENGINE_RETURN_IF_ERROR(ForEachEpoch([&](uint64_t, const EpochRow& row) {
    if (row.condemned > 0) recent.push_back(row.condemned);
    return recent.size() < kRecentRuns;
  }));
  if (recent.size() < kRecentRunsMin) return absl::OkStatus();
  std::sort(recent.begin(), recent.end());
  const uint64_t median = recent[recent.size() / 2];
  if (count / options_.median_times_max <= median) return absl::OkStatus();
  return Brake(absl::StrCat(count, " blocks are unreferenced, runs before this one had ", median,
                            ", expected at most ", options_.median_times_max, " times as many"));
}

absl::Status Collection::ConfirmUnreferenced(const Candidates& candidates) {
  absl::flat_hash_set<BlockId> wanted(candidates.to_condemn.begin(), candidates.to_condemn.end());
  wanted.insert(candidates.to_delete.begin(), candidates.to_delete.end());
  if (wanted.empty()) return absl::OkStatus();
  std::vector<BlockId> referred;
  const auto look = [&](absl::Span<const BlockId> ids) {
    for (const BlockId& id : ids) {
      if (wanted.erase(id) > 0) referred.push_back(id);
    }
  };
  uint64_t sequence_before = 0;
  SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(ports_, id_, [&](MetadataReader&, const HeadRow& head) {
    sequence_before = head.sequence;
    return absl::OkStatus();
  }));
  Seen seen;
  SYNCENGINE_RETURN_IF_ERROR(
      ForEachSlice("N", [&](const std::vector<KeyValue>& slice) -> absl::Status {
        for (const auto& [key, value] : slice) {
          if (key.size() == 1 + NodeId::kSize) continue;  // Says which revision is the head.
          SYNCENGINE_ASSIGN_OR_RETURN(const Revision revision, DecodeRow<Revision>(value));
          ++seen.revisions;
          look(revision.state.content.blocks);
        }
        return absl::OkStatus();
      }));
  SYNCENGINE_RETURN_IF_ERROR(
      ForEachSlice("K", [&](const std::vector<KeyValue>& slice) -> absl::Status {
        for (const auto& [key, value] : slice) {
          SYNCENGINE_ASSIGN_OR_RETURN(const ChildrenRow row, DecodeRow<ChildrenRow>(value));
          ++seen.manifests;
          look(row.ids);
        }
        return absl::OkStatus();
      }));
  SYNCENGINE_RETURN_IF_ERROR(
      ForEachSlice("F", [&](const std::vector<KeyValue>& slice) -> absl::Status {
        for (const auto& [key, value] : slice) {
          SYNCENGINE_ASSIGN_OR_RETURN(const DeltaRow row, DecodeRow<DeltaRow>(value));
          seen.deltas += row.blocks;
          look(row.bases);
        }
        return absl::OkStatus();
      }));
  SYNCENGINE_RETURN_IF_ERROR(CheckComplete(seen, sequence_before, candidates));
  return CheckReferred(referred);
}

// A search that saw too little proves nothing. Revisions may come and go meanwhile; those that came
// have a sequence of their own.
absl::Status Collection::CheckComplete(const Seen& seen, uint64_t sequence_before,
                                       const Candidates& candidates) {
  uint64_t revisions_least = 0;
  const auto read = [&](MetadataReader& rows, const HeadRow& head) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto usage, ReadRow<UsageRow>(rows, UsageKey()));
    if (!usage.has_value()) return MakeError(Reason::kIntegrity, "usage: missing; run check");
    const uint64_t now = usage->usage.revisions;
    const uint64_t added_most = head.sequence - sequence_before;
    revisions_least = now > added_most ? now - added_most : 0;
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(ports_, id_, read));
  const auto enough = [](absl::string_view what, uint64_t found, uint64_t least) -> absl::Status {
    if (found >= least) return absl::OkStatus();
    return MakeError(Reason::kIntegrity,
                     absl::StrCat("collection: found ", found, " ", what, ", expected ", least,
                                  " at least; nothing was removed, run check"));
  };
  SYNCENGINE_RETURN_IF_ERROR(enough("revisions", seen.revisions, revisions_least));
  SYNCENGINE_RETURN_IF_ERROR(enough("manifests", seen.manifests, candidates.manifests));
  return enough("blocks in delta frames", seen.deltas, candidates.deltas);
}

absl::Status Collection::CheckReferred(const std::vector<BlockId>& referred) {
  constexpr size_t kBatch = 1000;
  for (size_t begin = 0; begin < referred.size(); begin += kBatch) {
    const auto some = absl::MakeConstSpan(referred).subspan(begin, kBatch);
    std::vector<std::string> keys;
    for (const BlockId& id : some) keys.push_back(BlockKey(id));
    const auto read = [&](MetadataReader& rows, const HeadRow&) -> absl::Status {
      SYNCENGINE_ASSIGN_OR_RETURN(const auto found, ReadRows<BlockRow>(rows, keys));
      for (size_t i = 0; i < some.size(); ++i) {
        if (found[i].has_value() && found[i]->touch_epoch >= epoch_) continue;
        return MakeError(Reason::kIntegrity,
                         absl::StrCat("collection: block ", some[i].ToHex(),
                                      " is referred to and counted as unreferenced; nothing was "
                                      "removed, run check"));
      }
      return absl::OkStatus();
    };
    SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(ports_, id_, read));
  }
  return absl::OkStatus();
}

}  // namespace syncengine::engine
