#include "src/engine/session.h"

#include <utility>

#include "src/engine/verbs.h"
#include "syncengine/base/error.h"

namespace syncengine::engine {

absl::Status Session::Admit() const {
  return device_.has_value() ? CheckDevice(ports_, *device_) : absl::OkStatus();
}

absl::Status Session::AdmitOwner() const {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  if (!device_.has_value()) return absl::OkStatus();
  return MakeError(Reason::kNotAllowed,
                   "devices are managed by the owner; run this where the repository is");
}

absl::StatusOr<NamespaceRecord> Session::CreateNamespace(const NamespaceRecord& record,
                                                         const Secret& bundle) {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  return engine::CreateNamespace(ports_, record, bundle);
}

absl::StatusOr<std::vector<NamespaceRecord>> Session::ListNamespaces() {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  return engine::ListNamespaces(ports_);
}

absl::StatusOr<Secret> Session::FetchKeys(const NamespaceId& id) {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  return engine::FetchKeys(ports_, id);
}

absl::StatusOr<Revision> Session::Stat(const NamespaceId& id, const NodeTarget& target) {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  return engine::Stat(ports_, id, target);
}

absl::StatusOr<ListPage> Session::List(const NamespaceId& id, const ListRequest& request) {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  return engine::List(ports_, id, request);
}

absl::StatusOr<RevisionPage> Session::Revisions(const NamespaceId& id,
                                                const RevisionsRequest& request) {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  return engine::Revisions(ports_, id, request);
}

absl::StatusOr<UploadId> Session::BeginUpload(const NamespaceId& id, const UploadRequest& request) {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  return engine::BeginUpload(ports_, device(), id, request);
}

absl::StatusOr<std::vector<BlockId>> Session::MissingBlocks(const NamespaceId& id,
                                                            const UploadId& upload,
                                                            absl::Span<const BlockId> ids) {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  return engine::MissingBlocks(ports_, id, upload, ids);
}

absl::StatusOr<PutSegmentResult> Session::PutSegment(const NamespaceId& id, const UploadId& upload,
                                                     absl::string_view segment) {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  return engine::PutSegment(ports_, id, upload, segment);
}

absl::StatusOr<CommitResult> Session::Commit(const NamespaceId& id, const CommitRequest& request) {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  return engine::Commit(ports_, device(), id, request);
}

absl::Status Session::AbortUpload(const NamespaceId& id, const UploadId& upload) {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  return engine::AbortUpload(ports_, device(), id, upload);
}

absl::StatusOr<FramesReply> Session::GetFrames(const NamespaceId& id,
                                               absl::Span<const BlockId> ids) {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  return engine::GetFrames(ports_, id, ids);
}

absl::StatusOr<ChangesPage> Session::Changes(const NamespaceId& id, const ChangesRequest& request) {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  return engine::Changes(ports_, id, request);
}

absl::StatusOr<ChangesPage> Session::WaitChanges(const NamespaceId& id,
                                                 const ChangesRequest& request,
                                                 absl::Duration timeout, std::stop_token stop) {
  return engine::WaitChanges(ports_, id, request, timeout, std::move(stop),
                             [this] { return Admit(); });
}

absl::Status Session::AcknowledgeChanges(const NamespaceId& id, const Cursor& cursor) {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  return engine::AcknowledgeChanges(ports_, device(), id, cursor);
}

absl::StatusOr<ConflictPage> Session::ListConflicts(const NamespaceId& id,
                                                    const ConflictsRequest& request) {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  return engine::ListConflicts(ports_, id, request);
}

absl::StatusOr<ResolveResult> Session::Resolve(const NamespaceId& id,
                                               const ResolveRequest& request) {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  return engine::Resolve(ports_, device(), id, request);
}

absl::StatusOr<Usage> Session::GetUsage(const NamespaceId& id) {
  SYNCENGINE_RETURN_IF_ERROR(Admit());
  return engine::GetUsage(ports_, id);
}

absl::StatusOr<NewDevice> Session::AddDevice(absl::string_view name, const OpId& nonce) {
  SYNCENGINE_RETURN_IF_ERROR(AdmitOwner());
  return engine::AddDevice(ports_, name, nonce);
}

absl::StatusOr<std::vector<DeviceRecord>> Session::ListDevices() {
  SYNCENGINE_RETURN_IF_ERROR(AdmitOwner());
  return engine::ListDevices(ports_);
}

absl::Status Session::RevokeDevice(absl::string_view name) {
  SYNCENGINE_RETURN_IF_ERROR(AdmitOwner());
  return engine::RevokeDevice(ports_, name);
}

}  // namespace syncengine::engine
