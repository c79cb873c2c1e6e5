// A small model of a server: one device, everything in maps. It keeps the promises of Service that
// transfers rely on and nothing else, so tests of transfers fail for reasons of their own.
#ifndef SYNCENGINE_TESTS_TRANSFER_MEMORY_SERVICE_H_
#define SYNCENGINE_TESTS_TRANSFER_MEMORY_SERVICE_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/service.h"

namespace syncengine::testing {

// Thread-safe.
class MemoryService final : public Service {
 public:
  explicit MemoryService(Entropy& entropy) : entropy_(entropy) {}

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
  absl::Status AcknowledgeChanges(const NamespaceId&, const Cursor&) override;
  absl::StatusOr<ConflictPage> ListConflicts(const NamespaceId&, const ConflictsRequest&) override;
  absl::StatusOr<ResolveResult> Resolve(const NamespaceId&, const ResolveRequest&) override;
  absl::StatusOr<Usage> GetUsage(const NamespaceId&) override;
  absl::StatusOr<NewDevice> AddDevice(absl::string_view, const OpId&) override;
  absl::StatusOr<std::vector<DeviceRecord>> ListDevices() override;
  absl::Status RevokeDevice(absl::string_view) override;

  // --- For tests ---

  // Everything that is stored, as one string.
  std::string DumpStores();
  // Flips a bit in the stored frame of `id`.
  void Damage(const BlockId& id);
  // Loses the block, as a collector would.
  void Lose(const BlockId& id);
  std::vector<BlockId> AllBlocks();
  // It is a manifest node.
  bool HasChildren(const BlockId& id);
  std::vector<JournalEntry> journal();
  size_t segments();

 private:
  struct Node {
    std::vector<Revision> revisions;  // Oldest first.
    const Revision& head() const { return revisions.back(); }
  };

  const Node* FindChild(const NodeId& parent, const std::string& name) const;
  // Live nodes by parent and name.
  using Names = std::map<std::pair<NodeId, std::string>, NodeId>;
  ChangeOutcome Try(const Change& change, const std::map<NodeId, Node>& nodes,
                    const Names& names) const;
  std::string PathOf(const NodeId& node) const;
  void ListBelow(const NodeId& directory, const std::string& prefix, bool recursive,
                 std::vector<ListEntry>& entries) const;

  Entropy& entropy_;
  absl::Mutex mutex_;
  NamespaceRecord record_;
  Secret bundle_;
  std::map<NodeId, Node> nodes_;
  Names names_;
  // The frame each block is in, shared by its blocks.
  std::map<BlockId, std::shared_ptr<std::string>> frames_;
  std::map<BlockId, std::vector<BlockId>> children_;
  std::map<OpId, CommitResult> results_;
  std::map<OpId, UploadId> uploads_;
  std::map<UploadId, std::vector<Announcement>> announced_;
  std::vector<JournalEntry> journal_;
  std::string dump_;
  size_t segments_ = 0;
};

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTS_TRANSFER_MEMORY_SERVICE_H_
