// Segments whose blocks are all gone, and objects that never became segments.
//
// An object goes in three steps: a transaction that removes its segment row, if there is one, and
// writes that the id is doomed, so that no request can register it any more; the deletion, which
// may be repeated and may come late; and a transaction that writes that it is gone. The last row
// stays.
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "src/base/planted_bugs.h"
#include "src/engine/collection.h"
#include "src/engine/keys.h"
#include "src/engine/transactions.h"
#include "syncengine/base/error.h"

namespace syncengine::engine {
namespace {

constexpr size_t kSegmentsMax = 1u << 16;  // One run's; 2 MiB of memory.
constexpr int kListPage = 1000;

absl::StatusOr<SegmentId> SegmentOfKey(absl::string_view key) {
  auto id = SegmentId::FromBytes(key.substr(1));
  if (id.ok()) return id;
  return MakeError(Reason::kIntegrity, absl::StrCat("a row's key: ", id.status().message()));
}

}  // namespace

absl::Status Collection::DoomSegments() {
  std::vector<SegmentId> empty;
  SYNCENGINE_RETURN_IF_ERROR(
      ForEachSlice("S", [&](const std::vector<KeyValue>& slice) -> absl::Status {
        for (const auto& [key, value] : slice) {
          SYNCENGINE_ASSIGN_OR_RETURN(const SegmentId id, SegmentOfKey(key));
          SYNCENGINE_ASSIGN_OR_RETURN(const SegmentRow row, DecodeRow<SegmentRow>(value));
          if (row.blocks_live * 2 < row.blocks_new && row.blocks_live > 0) {
            ++report_.segments_sparse;
          }
          const bool is_old = horizon_.has_value() && row.epoch <= *horizon_;
          const bool sparse =
              PlantedBug(Bug::kSparseSegmentDropped) && row.blocks_live * 2 < row.blocks_new;
          if ((row.blocks_live > 0 && !sparse) || !is_old) continue;
          if (empty.size() < kSegmentsMax) {
            empty.push_back(id);
          } else {
            report_.more = true;
          }
        }
        return absl::OkStatus();
      }));
  if (empty.empty() || options_.dry_run) {
    report_.segments_doomed += empty.size();
    return absl::OkStatus();
  }
  SYNCENGINE_RETURN_IF_ERROR(CheckUnused(empty));
  return Doom(empty);
}

// The second witness: no block row names one of the segments and is in use. None can begin to,
// because blocks come into a segment only with its row.
absl::Status Collection::CheckUnused(const std::vector<SegmentId>& ids) {
  const absl::flat_hash_set<SegmentId> doomed(ids.begin(), ids.end());
  uint64_t blocks = 0;
  SYNCENGINE_RETURN_IF_ERROR(
      ForEachSlice("B", [&](const std::vector<KeyValue>& slice) -> absl::Status {
        for (const auto& [key, value] : slice) {
          SYNCENGINE_ASSIGN_OR_RETURN(const BlockRow row, DecodeRow<BlockRow>(value));
          if (!row.usable()) continue;
          ++blocks;
          if (!doomed.contains(row.segment)) continue;
          return MakeError(Reason::kIntegrity,
                           absl::StrCat("collection: segment ", row.segment.ToHex(),
                                        " is in use and counts no block; nothing was removed, "
                                        "run check"));
        }
        return absl::OkStatus();
      }));
  if (blocks + deleted_ >= blocks_before_) return absl::OkStatus();
  return MakeError(
      Reason::kIntegrity,
      absl::StrCat("collection: found ", blocks, " blocks, expected ", blocks_before_ - deleted_,
                   " at least; no segment was removed, run check"));
}

absl::Status Collection::Doom(const std::vector<SegmentId>& ids) {
  const size_t slice = static_cast<size_t>(options_.slice_rows);
  for (size_t begin = 0; begin < ids.size(); begin += slice) {
    SYNCENGINE_RETURN_IF_ERROR(CheckStop());
    const auto some = absl::MakeConstSpan(ids).subspan(begin, slice);
    const absl::Time now = ports_.clock.Now();
    uint64_t count = 0;
    const auto doom = [&](MetadataWriter& rows, HeadRow&) -> absl::Status {
      count = 0;
      uint64_t bytes = 0;
      for (const SegmentId& id : some) {
        SYNCENGINE_ASSIGN_OR_RETURN(const auto row, ReadRow<SegmentRow>(rows, SegmentKey(id)));
        if (!row.has_value() || row->blocks_live > 0) continue;
        const DoomRow doomed{
            .state = DoomState::kDoomed, .epoch = epoch_, .time = now, .size = row->size};
        SYNCENGINE_RETURN_IF_ERROR(rows.Delete(SegmentKey(id)));
        SYNCENGINE_RETURN_IF_ERROR(rows.Put(DoomKey(id), EncodeRow(doomed)));
        bytes += row->size;
        ++count;
      }
      return AddUsage(rows, {.stored_bytes = ~bytes + 1, .segments = ~count + 1});
    };
    SYNCENGINE_RETURN_IF_ERROR(Fenced(doom));
    report_.segments_doomed += count;
  }
  return absl::OkStatus();
}

absl::Status Collection::SuspectOrphans() {
  const std::string prefix = SegmentObjectPrefix(id_);
  std::string after;
  for (;;) {
    SYNCENGINE_RETURN_IF_ERROR(CheckStop());
    SYNCENGINE_ASSIGN_OR_RETURN(const ObjectPage page,
                                ports_.objects.List(prefix, after, kListPage));
    if (!page.entries.empty()) SYNCENGINE_RETURN_IF_ERROR(SuspectOrphansOf(page.entries));
    if (!page.more || page.entries.empty()) return absl::OkStatus();
    after = page.entries.back().name;
  }
}

absl::Status Collection::SuspectOrphansOf(const std::vector<ObjectEntry>& entries) {
  const size_t prefix = SegmentObjectPrefix(id_).size();
  std::vector<std::pair<SegmentId, uint64_t>> listed;
  for (const ObjectEntry& entry : entries) {
    const auto id = SegmentId::FromHex(entry.name.substr(prefix));
    if (id.ok()) listed.emplace_back(*id, entry.size);  // Others are not ours to judge.
  }
  std::vector<std::pair<SegmentId, DoomRow>> news;
  const auto find = [&](MetadataReader& rows) -> absl::Status {
    news.clear();
    for (const auto& [id, size] : listed) {
      SYNCENGINE_ASSIGN_OR_RETURN(const auto segment, rows.Get(SegmentKey(id)));
      if (segment.has_value()) continue;
      SYNCENGINE_ASSIGN_OR_RETURN(const auto doom, ReadRow<DoomRow>(rows, DoomKey(id)));
      if (!doom.has_value()) {
        news.emplace_back(id, DoomRow{.epoch = epoch_, .time = ports_.clock.Now(), .size = size});
      } else if (doom->state == DoomState::kGone) {
        // A request that had begun before stored it again, in vain.
        news.emplace_back(id, *doom).second.state = DoomState::kDoomed;
      }
    }
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(
      ViewNamespace(ports_, id_, [&](MetadataReader& rows, const HeadRow&) { return find(rows); }));
  if (news.empty()) return absl::OkStatus();
  return Fenced([&](MetadataWriter& rows, HeadRow&) -> absl::Status {
    SYNCENGINE_RETURN_IF_ERROR(find(rows));
    for (const auto& [id, row] : news) {
      SYNCENGINE_RETURN_IF_ERROR(rows.Put(DoomKey(id), EncodeRow(row)));
    }
    return absl::OkStatus();
  });
}

absl::Status Collection::DeleteDoomed() {
  return ForEachSlice("D",
                      [&](const std::vector<KeyValue>& slice) { return AdvanceDoomed(slice); });
}

absl::Status Collection::AdvanceDoomed(const std::vector<KeyValue>& slice) {
  bool open = false;
  for (const auto& [key, value] : slice) {
    SYNCENGINE_ASSIGN_OR_RETURN(const DoomRow row, DecodeRow<DoomRow>(value));
    open |= row.state != DoomState::kGone;
  }
  if (!open) return absl::OkStatus();
  const absl::Time now = ports_.clock.Now();
  std::vector<SegmentId> due;
  uint64_t doomed = 0;
  uint64_t suspected = 0;
  uint64_t waiting = 0;
  // Looks at the rows anew; also what was doomed before must be doomed still.
  const auto advance = [&](MetadataWriter& rows, HeadRow&) -> absl::Status {
    due.clear();
    doomed = suspected = waiting = 0;
    for (const auto& [key, value] : slice) {
      SYNCENGINE_ASSIGN_OR_RETURN(const SegmentId id, SegmentOfKey(key));
      SYNCENGINE_ASSIGN_OR_RETURN(auto row, ReadRow<DoomRow>(rows, key));
      if (!row.has_value() || row->state == DoomState::kGone) continue;
      SYNCENGINE_ASSIGN_OR_RETURN(const auto segment, rows.Get(SegmentKey(id)));
      if (row->state == DoomState::kSuspect && segment.has_value()) {
        SYNCENGINE_RETURN_IF_ERROR(rows.Delete(key));  // Its request came through.
        continue;
      }
      if (segment.has_value()) {
        return MakeError(Reason::kIntegrity,
                         absl::StrCat("segment ", id.ToHex(), ": doomed and in use; run check"));
      }
      if (row->state == DoomState::kSuspect) {
        if (!horizon_.has_value() || row->epoch > *horizon_) {
          ++suspected;
          continue;
        }
        row->state = DoomState::kDoomed;
        row->epoch = epoch_;
        row->time = now;
        SYNCENGINE_RETURN_IF_ERROR(rows.Put(key, EncodeRow(*row)));
        ++doomed;
      }
      if (now - row->time < options_.trash) {
        ++waiting;
      } else {
        due.push_back(id);
      }
    }
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(Fenced(advance));
  report_.orphans_doomed += doomed;
  report_.orphans_waiting += suspected;
  report_.objects_waiting += waiting;
  return DeleteObjects(due);
}

absl::Status Collection::DeleteObjects(const std::vector<SegmentId>& ids) {
  for (const SegmentId& id : ids) {
    SYNCENGINE_RETURN_IF_ERROR(CheckStop());
    SYNCENGINE_RETURN_IF_ERROR(ports_.objects.Delete(SegmentObject(id_, id)));
  }
  if (ids.empty()) return absl::OkStatus();
  uint64_t bytes = 0;
  const auto record = [&](MetadataWriter& rows, HeadRow&) -> absl::Status {
    bytes = 0;
    for (const SegmentId& id : ids) {
      SYNCENGINE_ASSIGN_OR_RETURN(auto row, ReadRow<DoomRow>(rows, DoomKey(id)));
      if (!row.has_value() || row->state != DoomState::kDoomed) continue;
      row->state = DoomState::kGone;
      bytes += row->size;
      SYNCENGINE_RETURN_IF_ERROR(rows.Put(DoomKey(id), EncodeRow(*row)));
    }
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(Fenced(record));
  report_.objects_deleted += ids.size();
  report_.bytes_freed += bytes;
  return absl::OkStatus();
}

}  // namespace syncengine::engine
