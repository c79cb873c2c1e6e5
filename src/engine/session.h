// One caller's view of the engine.
#ifndef SYNCENGINE_ENGINE_SESSION_H_
#define SYNCENGINE_ENGINE_SESSION_H_

#include <optional>
#include <vector>

#include "syncengine/engine/engine.h"
#include "syncengine/ports/service.h"

namespace syncengine::engine {

// Asks the repository at each call whether its device may still call. Thread-safe: it has no state.
class Session final : public Service {
 public:
  // Without a device it is the owner's. `ports` outlives the session.
  Session(const EnginePorts& ports, std::optional<DeviceId> device)
      : ports_(ports), device_(device) {}

  absl::StatusOr<NamespaceRecord> CreateNamespace(const NamespaceRecord& record,
                                                  const Secret& bundle) override;
  absl::StatusOr<std::vector<NamespaceRecord>> ListNamespaces() override;
  absl::StatusOr<Secret> FetchKeys(const NamespaceId& id) override;
  absl::StatusOr<Revision> Stat(const NamespaceId& id, const NodeTarget& target) override;
  absl::StatusOr<ListPage> List(const NamespaceId& id, const ListRequest& request) override;
  absl::StatusOr<RevisionPage> Revisions(const NamespaceId& id,
                                         const RevisionsRequest& request) override;
  absl::StatusOr<UploadId> BeginUpload(const NamespaceId& id,
                                       const UploadRequest& request) override;
  absl::StatusOr<std::vector<BlockId>> MissingBlocks(const NamespaceId& id, const UploadId& upload,
                                                     absl::Span<const BlockId> ids) override;
  absl::StatusOr<PutSegmentResult> PutSegment(const NamespaceId& id, const UploadId& upload,
                                              absl::string_view segment) override;
  absl::StatusOr<CommitResult> Commit(const NamespaceId& id, const CommitRequest& request) override;
  absl::Status AbortUpload(const NamespaceId& id, const UploadId& upload) override;
  absl::StatusOr<FramesReply> GetFrames(const NamespaceId& id,
                                        absl::Span<const BlockId> ids) override;
  absl::StatusOr<ChangesPage> Changes(const NamespaceId& id,
                                      const ChangesRequest& request) override;
  absl::StatusOr<ChangesPage> WaitChanges(const NamespaceId& id, const ChangesRequest& request,
                                          absl::Duration timeout, std::stop_token stop) override;
  absl::Status AcknowledgeChanges(const NamespaceId& id, const Cursor& cursor) override;
  absl::StatusOr<ConflictPage> ListConflicts(const NamespaceId& id,
                                             const ConflictsRequest& request) override;
  absl::StatusOr<ResolveResult> Resolve(const NamespaceId& id,
                                        const ResolveRequest& request) override;
  absl::StatusOr<Usage> GetUsage(const NamespaceId& id) override;
  absl::StatusOr<NewDevice> AddDevice(absl::string_view name, const OpId& nonce) override;
  absl::StatusOr<std::vector<DeviceRecord>> ListDevices() override;
  absl::Status RevokeDevice(absl::string_view name) override;

 private:
  absl::Status Admit() const;
  absl::Status AdmitOwner() const;
  DeviceId device() const { return device_.value_or(DeviceId()); }

  const EnginePorts& ports_;
  const std::optional<DeviceId> device_;
};

}  // namespace syncengine::engine

#endif  // SYNCENGINE_ENGINE_SESSION_H_
