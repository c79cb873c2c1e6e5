// Who may collect, and what of the past is long enough ago.
//
// The lease row carries a token that grows with every holder, and every transaction of a collection
// compares it: a collector that was replaced fails at its next transaction, whatever its clock
// says.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/base/planted_bugs.h"
#include "src/engine/collection.h"
#include "src/engine/keys.h"
#include "src/engine/transactions.h"
#include "syncengine/base/error.h"

namespace syncengine::engine {
namespace {

constexpr absl::Duration kLeaseMax = absl::Hours(1);
constexpr int kEpochBatch = 100;
constexpr uint64_t kEpochsKept = 10;
// Fewer of the rows that may hold 4,096 ids each, so that a slice of them is 4 MiB and not 128.
constexpr int kListsFewer = 32;

// A lease that claims more than anybody may ask for was written under another clock.
bool IsHeld(const LeaseRow& lease, absl::Time now) {
  return !lease.holder.IsZero() && lease.until > now && lease.until <= now + kLeaseMax;
}

absl::StatusOr<uint64_t> EpochOfKey(absl::string_view key) {
  ByteReader reader(key.substr(1), "epoch key");
  const uint64_t epoch = reader.BigU64();
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return epoch;
}

}  // namespace

absl::Status Collection::TakeLease() {
  if (options_.lease <= absl::ZeroDuration() || options_.lease > kLeaseMax) {
    return absl::InvalidArgumentError(absl::StrCat("lease: expected more than nothing and at most ",
                                                   absl::FormatDuration(kLeaseMax), ", found ",
                                                   absl::FormatDuration(options_.lease)));
  }
  holder_ = ports_.entropy.NewId<CollectorId>();
  const absl::Time now = ports_.clock.Now();
  return UpdateNamespace(ports_, id_, [&](MetadataWriter& rows, HeadRow&) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto row, ReadRow<LeaseRow>(rows, LeaseKey()));
    LeaseRow lease = row.value_or(LeaseRow());
    if (IsHeld(lease, now)) {
      return MakeError(Reason::kLocked,
                       absl::StrCat("another collector is at work on namespace ", id_.ToHex(),
                                    "; if it was killed, try again after ",
                                    absl::FormatTime(lease.until, absl::UTCTimeZone())));
    }
    token_ = lease.token + 1;
    return rows.Put(
        LeaseKey(),
        EncodeRow(LeaseRow{.holder = holder_, .token = token_, .until = now + options_.lease}));
  });
}

absl::Status Collection::Fenced(Update update) {
  const absl::Time now = ports_.clock.Now();
  return UpdateNamespace(ports_, id_, [&](MetadataWriter& rows, HeadRow& head) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(auto lease, ReadRow<LeaseRow>(rows, LeaseKey()));
    const bool ours = lease.has_value() && lease->token == token_ && lease->holder == holder_;
    if (!ours && !(lease.has_value() && PlantedBug(Bug::kFenceIgnored))) {
      return MakeError(Reason::kLocked,
                       absl::StrCat("another collector took over namespace ", id_.ToHex(),
                                    ", because this one was silent for too long"));
    }
    SYNCENGINE_RETURN_IF_ERROR(update(rows, head));
    if (lease->until > now + options_.lease / 2) return absl::OkStatus();
    lease->until = now + options_.lease;
    return rows.Put(LeaseKey(), EncodeRow(*lease));
  });
}

absl::Status Collection::GiveLeaseBack() {
  return Fenced([&](MetadataWriter& rows, HeadRow&) {
    return rows.Put(LeaseKey(), EncodeRow(LeaseRow{.token = token_}));
  });
}

absl::Status Collection::BeginEpoch() {
  return Fenced([&](MetadataWriter& rows, HeadRow& head) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto usage, ReadRow<UsageRow>(rows, UsageKey()));
    if (!usage.has_value()) return MakeError(Reason::kIntegrity, "usage: missing; run check");
    blocks_before_ = usage->usage.blocks;
    epoch_ = ++head.epoch;
    return absl::OkStatus();
  });
}

absl::Status Collection::ForEachEpoch(
    absl::FunctionRef<bool(uint64_t epoch, const EpochRow& row)> visit) {
  ScanRange range{.begin = "E", .end = PrefixEnd("E"), .limit = kEpochBatch, .reverse = true};
  for (;;) {
    std::vector<KeyValue> batch;
    const auto read = [&](MetadataReader& rows, const HeadRow&) -> absl::Status {
      SYNCENGINE_ASSIGN_OR_RETURN(batch, rows.Scan(range));
      return absl::OkStatus();
    };
    SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(ports_, id_, read));
    for (const auto& [key, value] : batch) {
      SYNCENGINE_ASSIGN_OR_RETURN(const uint64_t epoch, EpochOfKey(key));
      SYNCENGINE_ASSIGN_OR_RETURN(const EpochRow row, DecodeRow<EpochRow>(value));
      if (!visit(epoch, row)) return absl::OkStatus();
    }
    if (batch.size() < kEpochBatch) return absl::OkStatus();
    range.end = batch.back().first;
  }
}

absl::Status Collection::FindHorizon() {
  const absl::Time latest = ports_.clock.Now() - options_.grace;
  uint64_t newer = 0;
  return ForEachEpoch([&](uint64_t epoch, const EpochRow& row) {
    // The newest completed epoch alone is one run; with the one before they are two.
    if (newer++ == 0 || row.completed > latest) return true;
    horizon_ = epoch;
    return false;
  });
}

absl::Status Collection::CompleteEpoch(const Candidates& candidates) {
  const EpochRow row{
      .completed = ports_.clock.Now(), .blocks = candidates.blocks, .condemned = condemned_};
  SYNCENGINE_RETURN_IF_ERROR(Fenced(
      [&](MetadataWriter& rows, HeadRow&) { return rows.Put(EpochKey(epoch_), EncodeRow(row)); }));
  return ForgetOldEpochs();
}

// Later horizons are later epochs, and the brakes look at the newest few.
absl::Status Collection::ForgetOldEpochs() {
  uint64_t seen = 0;
  std::vector<std::string> old;
  SYNCENGINE_RETURN_IF_ERROR(ForEachEpoch([&](uint64_t epoch, const EpochRow&) {
    if (++seen > kEpochsKept && epoch < horizon_.value_or(0)) old.push_back(EpochKey(epoch));
    return old.size() < kEpochBatch;
  }));
  if (old.empty()) return absl::OkStatus();
  return Fenced([&](MetadataWriter& rows, HeadRow&) -> absl::Status {
    for (const std::string& key : old) SYNCENGINE_RETURN_IF_ERROR(rows.Delete(key));
    return absl::OkStatus();
  });
}

absl::Status Collection::CheckStop() const {
  if (!options_.stop.stop_requested()) return absl::OkStatus();
  return absl::CancelledError("collection was stopped; the next run continues");
}

absl::Status Collection::ForEachSlice(
    absl::string_view prefix, absl::FunctionRef<absl::Status(const std::vector<KeyValue>&)> visit) {
  ScanRange range{.begin = std::string(prefix),
                  .end = PrefixEnd(std::string(prefix)),
                  .limit = options_.slice_rows};
  if (prefix == "K") range.limit = std::max(1, range.limit / kListsFewer);
  for (;;) {
    SYNCENGINE_RETURN_IF_ERROR(CheckStop());
    std::vector<KeyValue> slice;
    const auto read = [&](MetadataReader& rows, const HeadRow&) -> absl::Status {
      SYNCENGINE_ASSIGN_OR_RETURN(slice, rows.Scan(range));
      return absl::OkStatus();
    };
    SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(ports_, id_, read));
    if (!slice.empty()) SYNCENGINE_RETURN_IF_ERROR(visit(slice));
    if (slice.size() < static_cast<size_t>(range.limit)) return absl::OkStatus();
    range.begin = slice.back().first + '\0';
  }
}

}  // namespace syncengine::engine
