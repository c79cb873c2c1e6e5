// The verbs of Service as functions over the ports, grouped by the file that has them. Session adds
// who may call them. What they do and answer is said in ports/service.h.
#ifndef SYNCENGINE_ENGINE_VERBS_H_
#define SYNCENGINE_ENGINE_VERBS_H_

#include <stop_token>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "syncengine/engine/engine.h"
#include "syncengine/ports/service_values.h"

namespace syncengine::engine {

// namespaces.cc
absl::StatusOr<NamespaceRecord> CreateNamespace(const EnginePorts& ports,
                                                const NamespaceRecord& record,
                                                const Secret& bundle);
absl::StatusOr<std::vector<NamespaceRecord>> ListNamespaces(const EnginePorts& ports);
absl::StatusOr<Secret> FetchKeys(const EnginePorts& ports, const NamespaceId& id);
absl::StatusOr<Usage> GetUsage(const EnginePorts& ports, const NamespaceId& id);
absl::Status StartNewHistory(const EnginePorts& ports, const NamespaceId& id);

// lookup.cc
absl::StatusOr<Revision> Stat(const EnginePorts& ports, const NamespaceId& id,
                              const NodeTarget& target);
absl::StatusOr<ListPage> List(const EnginePorts& ports, const NamespaceId& id,
                              const ListRequest& request);
absl::StatusOr<RevisionPage> Revisions(const EnginePorts& ports, const NamespaceId& id,
                                       const RevisionsRequest& request);

// upload_sessions.cc
absl::StatusOr<UploadId> BeginUpload(const EnginePorts& ports, const DeviceId& device,
                                     const NamespaceId& id, const UploadRequest& request);
absl::StatusOr<std::vector<BlockId>> MissingBlocks(const EnginePorts& ports, const NamespaceId& id,
                                                   const UploadId& upload,
                                                   absl::Span<const BlockId> ids);
absl::Status AbortUpload(const EnginePorts& ports, const DeviceId& device, const NamespaceId& id,
                         const UploadId& upload);

// put_segment.cc
absl::StatusOr<PutSegmentResult> PutSegment(const EnginePorts& ports, const NamespaceId& id,
                                            const UploadId& upload, absl::string_view segment);

// commit.cc
absl::StatusOr<CommitResult> Commit(const EnginePorts& ports, const DeviceId& device,
                                    const NamespaceId& id, const CommitRequest& request);

// conflicts.cc
absl::StatusOr<ConflictPage> ListConflicts(const EnginePorts& ports, const NamespaceId& id,
                                           const ConflictsRequest& request);
absl::StatusOr<ResolveResult> Resolve(const EnginePorts& ports, const DeviceId& device,
                                      const NamespaceId& id, const ResolveRequest& request);

// frames.cc
absl::StatusOr<FramesReply> GetFrames(const EnginePorts& ports, const NamespaceId& id,
                                      absl::Span<const BlockId> ids);

// changes.cc
absl::StatusOr<ChangesPage> Changes(const EnginePorts& ports, const NamespaceId& id,
                                    const ChangesRequest& request);
// `admit` is asked each time before the journal is read; its error ends the wait.
absl::StatusOr<ChangesPage> WaitChanges(const EnginePorts& ports, const NamespaceId& id,
                                        const ChangesRequest& request, absl::Duration timeout,
                                        std::stop_token stop,
                                        absl::FunctionRef<absl::Status()> admit);
absl::Status AcknowledgeChanges(const EnginePorts& ports, const DeviceId& device,
                                const NamespaceId& id, const Cursor& cursor);

// devices.cc
absl::StatusOr<NewDevice> AddDevice(const EnginePorts& ports, absl::string_view name,
                                    const OpId& nonce);
absl::StatusOr<std::vector<DeviceRecord>> ListDevices(const EnginePorts& ports);
absl::Status RevokeDevice(const EnginePorts& ports, absl::string_view name);
// The device that has `token`; Reason::kBadToken when there is none or it is revoked.
absl::StatusOr<DeviceId> Authenticate(const EnginePorts& ports, absl::string_view token);
// Reason::kBadToken once the device is revoked.
absl::Status CheckDevice(const EnginePorts& ports, const DeviceId& device);

}  // namespace syncengine::engine

#endif  // SYNCENGINE_ENGINE_VERBS_H_
