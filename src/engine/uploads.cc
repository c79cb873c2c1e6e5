#include "src/engine/uploads.h"

#include "absl/strings/str_cat.h"
#include "src/engine/keys.h"
#include "src/engine/transactions.h"
#include "syncengine/base/error.h"
#include "syncengine/format/journal.h"

namespace syncengine::engine {

absl::Status AppendEntry(MetadataWriter& rows, HeadRow& head, JournalEntry entry) {
  entry.sequence = ++head.sequence;
  return rows.Put(JournalKey(entry.sequence), EncodeJournalEntry(entry));
}

bool IsExpired(const UploadRow& row, absl::Time now) { return now - row.touched > kUploadIdleMax; }

absl::Status CheckUploadOpen(MetadataReader& rows, const UploadId& upload, absl::Time now) {
  if (upload.IsZero()) return absl::OkStatus();
  SYNCENGINE_ASSIGN_OR_RETURN(const auto row, ReadRow<UploadRow>(rows, UploadKey(upload)));
  if (row.has_value() && !IsExpired(*row, now)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "upload ", upload.ToHex(), " has ended: it was aborted, or idle for more than ",
      absl::FormatDuration(kUploadIdleMax), "; start again, what was sent before will be found"));
}

absl::StatusOr<bool> NeedsRenewal(MetadataReader& rows, const UploadId& upload, absl::Time now) {
  if (upload.IsZero()) return false;
  SYNCENGINE_ASSIGN_OR_RETURN(const auto row, ReadRow<UploadRow>(rows, UploadKey(upload)));
  return row.has_value() && now - row->touched > kUploadIdleMax / 8;
}

absl::Status EndUpload(MetadataWriter& rows, HeadRow& head, const UploadId& upload,
                       const UploadRow& row, const DeviceId& device, absl::Time now) {
  for (const NodeId& node : row.pending) {
    SYNCENGINE_RETURN_IF_ERROR(AppendEntry(rows, head,
                                           {.kind = JournalKind::kAborted,
                                            .node = node,
                                            .upload = upload,
                                            .device = device,
                                            .time = now}));
  }
  return rows.Delete(UploadKey(upload));
}

absl::StatusOr<bool> EndIfExpired(const EnginePorts& ports, const NamespaceId& id,
                                  const UploadId& upload) {
  const absl::Time now = ports.clock.Now();
  bool ended = false;
  bool journaled = false;
  const auto end = [&](MetadataWriter& rows, HeadRow& head) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto row, ReadRow<UploadRow>(rows, UploadKey(upload)));
    ended = row.has_value() && IsExpired(*row, now);
    journaled = ended && !row->pending.empty();
    return ended ? EndUpload(rows, head, upload, *row, row->device, now) : absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(UpdateNamespace(ports, id, end));
  if (journaled) ports.notifier.Publish(id);
  return ended;
}

absl::Status RefuseUpload(const EnginePorts& ports, const NamespaceId& id, const UploadId& upload,
                          const absl::Status& refusal) {
  if (!absl::IsFailedPrecondition(refusal) || upload.IsZero()) return refusal;
  EndIfExpired(ports, id, upload).status().IgnoreError();  // The next collection does it otherwise.
  return refusal;
}

}  // namespace syncengine::engine
