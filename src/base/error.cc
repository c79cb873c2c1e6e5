#include "syncengine/base/error.h"

#include <array>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace syncengine {
namespace {

constexpr char kReasonUrl[] = "syncengine/reason";

struct ReasonRow {
  Reason reason;
  absl::StatusCode code;
  absl::string_view name;
};

constexpr std::array<ReasonRow, 15> kReasons = {{
    {Reason::kNotInitialised, absl::StatusCode::kNotFound, "not_initialised"},
    {Reason::kLocked, absl::StatusCode::kFailedPrecondition, "locked"},
    {Reason::kPassphrase, absl::StatusCode::kUnauthenticated, "passphrase"},
    {Reason::kBadToken, absl::StatusCode::kUnauthenticated, "bad_token"},
    {Reason::kNotAllowed, absl::StatusCode::kPermissionDenied, "not_allowed"},
    {Reason::kVersion, absl::StatusCode::kFailedPrecondition, "version"},
    {Reason::kQuota, absl::StatusCode::kResourceExhausted, "quota"},
    {Reason::kDiskFull, absl::StatusCode::kResourceExhausted, "disk_full"},
    {Reason::kIntegrity, absl::StatusCode::kDataLoss, "integrity"},
    {Reason::kCursorExpired, absl::StatusCode::kOutOfRange, "cursor_expired"},
    {Reason::kHistoryChanged, absl::StatusCode::kFailedPrecondition, "history_changed"},
    {Reason::kSafetyStop, absl::StatusCode::kFailedPrecondition, "safety_stop"},
    {Reason::kRootChanged, absl::StatusCode::kFailedPrecondition, "root_changed"},
    {Reason::kRootInUse, absl::StatusCode::kFailedPrecondition, "root_in_use"},
    {Reason::kMissingBlocks, absl::StatusCode::kFailedPrecondition, "missing_blocks"},
}};

const ReasonRow& Row(Reason reason) { return kReasons[static_cast<size_t>(reason)]; }

}  // namespace

absl::StatusCode ReasonCode(Reason reason) { return Row(reason).code; }
absl::string_view ReasonName(Reason reason) { return Row(reason).name; }

std::optional<Reason> ReasonFromName(absl::string_view name) {
  for (const ReasonRow& row : kReasons) {
    if (row.name == name) return row.reason;
  }
  return std::nullopt;
}

absl::Status MakeError(Reason reason, absl::string_view message) {
  absl::Status status(ReasonCode(reason), message);
  status.SetPayload(kReasonUrl, absl::Cord(ReasonName(reason)));
  return status;
}

std::optional<Reason> GetReason(const absl::Status& status) {
  const auto payload = status.GetPayload(kReasonUrl);
  if (!payload.has_value()) return std::nullopt;
  return ReasonFromName(std::string(*payload));
}

absl::Status Annotate(const absl::Status& status, absl::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(), absl::StrCat(context, ": ", status.message()));
  status.ForEachPayload([&annotated](absl::string_view url, const absl::Cord& payload) {
    annotated.SetPayload(url, payload);
  });
  return annotated;
}

}  // namespace syncengine
