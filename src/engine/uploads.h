// Upload sessions as rows: how long they live and how they end.
#ifndef SYNCENGINE_ENGINE_UPLOADS_H_
#define SYNCENGINE_ENGINE_UPLOADS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/engine/rows.h"
#include "syncengine/engine/engine.h"

namespace syncengine::engine {

// An entry at the next sequence.
absl::Status AppendEntry(MetadataWriter& rows, HeadRow& head, JournalEntry entry);

// A client that sends nothing for so long has lost its session; what it sent may be collected.
inline constexpr absl::Duration kUploadIdleMax = absl::Hours(1);

// Whether no request has named the session for so long that it has ended.
bool IsExpired(const UploadRow& row, absl::Time now);

// kFailedPrecondition when the session has ended, by itself or by AbortUpload. The zero id stands
// for no session and is fine.
absl::Status CheckUploadOpen(MetadataReader& rows, const UploadId& upload, absl::Time now);

// Whether a request that only reads should write that the session is alive. Not each does, so that
// asking for blocks stays cheap.
absl::StatusOr<bool> NeedsRenewal(MetadataReader& rows, const UploadId& upload, absl::Time now);

// Journals what was announced and not committed as aborted, and removes the row.
absl::Status EndUpload(MetadataWriter& rows, HeadRow& head, const UploadId& upload,
                       const UploadRow& row, const DeviceId& device, absl::Time now);

// Ends the session if it is expired by now. Says whether it did, and wakes waiters that hear of it.
absl::StatusOr<bool> EndIfExpired(const EnginePorts& ports, const NamespaceId& id,
                                  const UploadId& upload);

// Passes on why a request of the session was refused, and ends the session if it is expired.
absl::Status RefuseUpload(const EnginePorts& ports, const NamespaceId& id, const UploadId& upload,
                          const absl::Status& refusal);

}  // namespace syncengine::engine

#endif  // SYNCENGINE_ENGINE_UPLOADS_H_
