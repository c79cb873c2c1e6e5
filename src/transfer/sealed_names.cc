#include "syncengine/transfer/sealed_names.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "src/base/planted_bugs.h"
#include "syncengine/base/error.h"
#include "syncengine/format/name.h"
#include "syncengine/format/sealed_name.h"

namespace syncengine {
namespace {

// Replaces the names of plain values by sealed ones and back.
class NameSealer {
 public:
  NameSealer(std::shared_ptr<const NamespaceKeys> keys, Entropy& entropy)
      : keys_(std::move(keys)), entropy_(entropy) {}

  absl::StatusOr<std::string> SealPath(absl::string_view path) const {
    SYNCENGINE_ASSIGN_OR_RETURN(std::vector<std::string> names, SplitPath(path));
    for (std::string& name : names) {
      SYNCENGINE_ASSIGN_OR_RETURN(name, SealName(*keys_, name));
    }
    return JoinPath(names);
  }
  // "a/b" as entries of List have it.
  absl::StatusOr<std::string> SealRelative(absl::string_view path) const {
    SYNCENGINE_ASSIGN_OR_RETURN(std::string sealed, SealPath(path));
    return sealed.substr(1);
  }
  // Any path, absolute or relative.
  absl::StatusOr<std::string> OpenPath(absl::string_view path) const {
    std::vector<std::string> names = absl::StrSplit(path, '/');
    for (std::string& name : names) {
      if (name.empty()) continue;
      SYNCENGINE_ASSIGN_OR_RETURN(name, OpenName(*keys_, name));
    }
    return absl::StrJoin(names, "/");
  }

  absl::Status SealState(NodeState& state) const {
    if (!PlantedBug(Bug::kPlainNames)) {
      SYNCENGINE_ASSIGN_OR_RETURN(state.name, SealName(*keys_, state.name));
    }
    SYNCENGINE_ASSIGN_OR_RETURN(
        state.attributes, SealAttributes(*keys_, state.attributes, entropy_.NewId<EnvelopeSalt>()));
    return absl::OkStatus();
  }
  // The root directory has neither a name nor attributes; nor has a revision that is not kept.
  absl::Status OpenRevision(Revision& revision) const {
    NodeState& state = revision.state;
    if (!state.name.empty()) {
      SYNCENGINE_ASSIGN_OR_RETURN(state.name, OpenName(*keys_, state.name));
    }
    if (state.attributes == Attributes() && state.name.empty()) return absl::OkStatus();
    SYNCENGINE_ASSIGN_OR_RETURN(state.attributes, OpenAttributes(*keys_, state.attributes));
    return absl::OkStatus();
  }
  absl::Status OpenChanges(ChangesPage& page) const {
    for (ChangesEntry& entry : page.entries) {
      SYNCENGINE_ASSIGN_OR_RETURN(entry.entry.name, OpenPath(entry.entry.name));
      SYNCENGINE_ASSIGN_OR_RETURN(entry.path, OpenPath(entry.path));
      if (entry.revision) SYNCENGINE_RETURN_IF_ERROR(OpenRevision(*entry.revision));
    }
    return absl::OkStatus();
  }
  const NamespaceKeys& keys() const { return *keys_; }

 private:
  const std::shared_ptr<const NamespaceKeys> keys_;  // Shared with running transfers.
  Entropy& entropy_;
};

class SealedNames final : public Service {
 public:
  SealedNames(Service& service, const NamespaceId& id, std::shared_ptr<const NamespaceKeys> keys,
              Entropy& entropy)
      : service_(service), id_(id), names_(std::move(keys), entropy) {}

  absl::StatusOr<NamespaceRecord> CreateNamespace(const NamespaceRecord& record,
                                                  const Secret& bundle) override {
    return service_.CreateNamespace(record, bundle);
  }
  absl::StatusOr<std::vector<NamespaceRecord>> ListNamespaces() override {
    return service_.ListNamespaces();
  }
  absl::StatusOr<Secret> FetchKeys(const NamespaceId& id) override {
    return service_.FetchKeys(id);
  }

  absl::StatusOr<Revision> Stat(const NamespaceId& id, const NodeTarget& target) override;
  absl::StatusOr<ListPage> List(const NamespaceId& id, const ListRequest& request) override;
  absl::StatusOr<RevisionPage> Revisions(const NamespaceId& id,
                                         const RevisionsRequest& request) override;

  absl::StatusOr<UploadId> BeginUpload(const NamespaceId& id,
                                       const UploadRequest& request) override;
  absl::StatusOr<std::vector<BlockId>> MissingBlocks(const NamespaceId& id, const UploadId& upload,
                                                     absl::Span<const BlockId> ids) override {
    return service_.MissingBlocks(id, upload, ids);
  }
  absl::StatusOr<PutSegmentResult> PutSegment(const NamespaceId& id, const UploadId& upload,
                                              absl::string_view segment) override {
    return service_.PutSegment(id, upload, segment);
  }
  absl::StatusOr<CommitResult> Commit(const NamespaceId& id, const CommitRequest& request) override;
  absl::Status AbortUpload(const NamespaceId& id, const UploadId& upload) override {
    return service_.AbortUpload(id, upload);
  }

  absl::StatusOr<FramesReply> GetFrames(const NamespaceId& id,
                                        absl::Span<const BlockId> ids) override {
    return service_.GetFrames(id, ids);
  }

  absl::StatusOr<ChangesPage> Changes(const NamespaceId& id,
                                      const ChangesRequest& request) override {
    return OpenPage(id, service_.Changes(id, request));
  }
  absl::StatusOr<ChangesPage> WaitChanges(const NamespaceId& id, const ChangesRequest& request,
                                          absl::Duration timeout, std::stop_token stop) override {
    return OpenPage(id, service_.WaitChanges(id, request, timeout, std::move(stop)));
  }
  absl::Status AcknowledgeChanges(const NamespaceId& id, const Cursor& cursor) override {
    return service_.AcknowledgeChanges(id, cursor);
  }

  absl::StatusOr<ConflictPage> ListConflicts(const NamespaceId& id,
                                             const ConflictsRequest& request) override;
  absl::StatusOr<ResolveResult> Resolve(const NamespaceId& id,
                                        const ResolveRequest& request) override;

  absl::StatusOr<Usage> GetUsage(const NamespaceId& id) override { return service_.GetUsage(id); }
  absl::StatusOr<NewDevice> AddDevice(absl::string_view name, const OpId& nonce) override {
    return service_.AddDevice(name, nonce);
  }
  absl::StatusOr<std::vector<DeviceRecord>> ListDevices() override {
    return service_.ListDevices();
  }
  absl::Status RevokeDevice(absl::string_view name) override { return service_.RevokeDevice(name); }

 private:
  absl::StatusOr<ChangesPage> OpenPage(const NamespaceId& id, absl::StatusOr<ChangesPage> page) {
    if (!page.ok() || id != id_) return page;
    SYNCENGINE_RETURN_IF_ERROR(names_.OpenChanges(*page));
    return page;
  }

  Service& service_;
  const NamespaceId id_;
  const NameSealer names_;
};

absl::StatusOr<Revision> SealedNames::Stat(const NamespaceId& id, const NodeTarget& target) {
  if (id != id_) return service_.Stat(id, target);
  NodeTarget sealed = target;
  if (!target.node) {
    SYNCENGINE_ASSIGN_OR_RETURN(sealed.path, names_.SealPath(target.path));
  }
  absl::StatusOr<Revision> revision = service_.Stat(id, sealed);
  if (absl::IsNotFound(revision.status()) && !target.node) {
    // The server can only name the token.
    return absl::NotFoundError(absl::StrCat("there is nothing at ", target.path));
  }
  if (revision.ok()) SYNCENGINE_RETURN_IF_ERROR(names_.OpenRevision(*revision));
  return revision;
}

absl::StatusOr<ListPage> SealedNames::List(const NamespaceId& id, const ListRequest& request) {
  if (id != id_) return service_.List(id, request);
  ListRequest sealed = request;
  if (!request.after.empty()) {
    SYNCENGINE_ASSIGN_OR_RETURN(sealed.after, names_.SealRelative(request.after));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(ListPage page, service_.List(id, sealed));
  for (ListEntry& entry : page.entries) {
    SYNCENGINE_ASSIGN_OR_RETURN(entry.path, names_.OpenPath(entry.path));
    SYNCENGINE_RETURN_IF_ERROR(names_.OpenRevision(entry.revision));
  }
  return page;
}

absl::StatusOr<RevisionPage> SealedNames::Revisions(const NamespaceId& id,
                                                    const RevisionsRequest& request) {
  SYNCENGINE_ASSIGN_OR_RETURN(RevisionPage page, service_.Revisions(id, request));
  if (id != id_) return page;
  for (Revision& revision : page.revisions) {
    SYNCENGINE_RETURN_IF_ERROR(names_.OpenRevision(revision));
  }
  return page;
}

absl::StatusOr<UploadId> SealedNames::BeginUpload(const NamespaceId& id,
                                                  const UploadRequest& request) {
  if (id != id_) return service_.BeginUpload(id, request);
  UploadRequest sealed = request;
  for (Announcement& announcement : sealed.announcements) {
    SYNCENGINE_ASSIGN_OR_RETURN(announcement.name, SealName(names_.keys(), announcement.name));
  }
  return service_.BeginUpload(id, sealed);
}

absl::StatusOr<CommitResult> SealedNames::Commit(const NamespaceId& id,
                                                 const CommitRequest& request) {
  if (id != id_) return service_.Commit(id, request);
  CommitRequest sealed = request;
  for (Change& change : sealed.changes) {
    SYNCENGINE_RETURN_IF_ERROR(names_.SealState(change.state));
    // How long a hunk is would say something of the content.
    if (change.conflict) change.conflict->hunks.clear();
  }
  SYNCENGINE_ASSIGN_OR_RETURN(CommitResult result, service_.Commit(id, sealed));
  for (ChangeOutcome& outcome : result.outcomes) {
    if (outcome.head) SYNCENGINE_RETURN_IF_ERROR(names_.OpenRevision(*outcome.head));
  }
  return result;
}

absl::StatusOr<ConflictPage> SealedNames::ListConflicts(const NamespaceId& id,
                                                        const ConflictsRequest& request) {
  SYNCENGINE_ASSIGN_OR_RETURN(ConflictPage page, service_.ListConflicts(id, request));
  if (id != id_) return page;
  for (ConflictRecord& record : page.conflicts) {
    SYNCENGINE_ASSIGN_OR_RETURN(record.path, names_.OpenPath(record.path));
    SYNCENGINE_ASSIGN_OR_RETURN(record.copy_path, names_.OpenPath(record.copy_path));
    SYNCENGINE_RETURN_IF_ERROR(names_.OpenRevision(record.ours));
    SYNCENGINE_RETURN_IF_ERROR(names_.OpenRevision(record.theirs));
  }
  return page;
}

absl::StatusOr<ResolveResult> SealedNames::Resolve(const NamespaceId& id,
                                                   const ResolveRequest& request) {
  if (id != id_) return service_.Resolve(id, request);
  ResolveRequest sealed = request;
  if (sealed.merged) SYNCENGINE_RETURN_IF_ERROR(names_.SealState(*sealed.merged));
  SYNCENGINE_ASSIGN_OR_RETURN(ResolveResult result, service_.Resolve(id, sealed));
  if (result.head) SYNCENGINE_RETURN_IF_ERROR(names_.OpenRevision(*result.head));
  return result;
}

}  // namespace

std::unique_ptr<Service> MakeSealedNames(Service& service, const NamespaceId& id,
                                         std::shared_ptr<const NamespaceKeys> keys,
                                         Entropy& entropy) {
  return std::make_unique<SealedNames>(service, id, std::move(keys), entropy);
}

}  // namespace syncengine
