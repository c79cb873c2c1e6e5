// The narrow waist: everything a client can ask of a syncengine server.
//
// Engine sessions implement it over the storage ports, http::Client implements it over a socket,
// and Uploader, Downloader, FolderClient and http::Server take any of them; so the same code runs
// in one process, over the network or in a simulator. The values are in ports/service_values.h.
#ifndef SYNCENGINE_PORTS_SERVICE_H_
#define SYNCENGINE_PORTS_SERVICE_H_

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "syncengine/base/ids.h"
#include "syncengine/base/secret.h"
#include "syncengine/format/journal.h"
#include "syncengine/format/node.h"
#include "syncengine/ports/service_values.h"

namespace syncengine {

// One caller's view: the implementation knows which device is calling and what it may do.
// Thread-safe; all calls block, only WaitChanges for long. Errors common to all: Reason::kBadToken,
// Reason::kNotAllowed, kNotFound for an unknown namespace, kInvalidArgument for a request over a
// limit (base/limits.h), kUnavailable when the same request may succeed later, Reason::kIntegrity
// when stored bytes are wrong. Every mutating request may be repeated as it is: the answer is the
// same and there is one effect.
class Service {
 public:
  virtual ~Service() = default;

  // --- Namespaces ---

  // Creates a namespace whose keys the caller made. For KeyHolder::kServer `bundle` is the key
  // bundle, which the server wraps with its own KeyProvider; for kEndToEnd it is empty and the
  // record carries the slots. kAlreadyExists when the name is taken by a namespace with another id;
  // OK with the stored record when it is the same id.
  virtual absl::StatusOr<NamespaceRecord> CreateNamespace(const NamespaceRecord& record,
                                                          const Secret& bundle) = 0;
  // All namespaces the caller may read, by name.
  virtual absl::StatusOr<std::vector<NamespaceRecord>> ListNamespaces() = 0;
  // The key bundle of a namespace whose keys the server holds (KeyHolder::kServer);
  // kFailedPrecondition for an end-to-end namespace: unwrap one of its slots instead.
  virtual absl::StatusOr<Secret> FetchKeys(const NamespaceId& id) = 0;

  // --- Look-up ---

  // The head of the node at `path`, or of `target.node` when the path is empty; tombstones are
  // found only by node id. The root directory has the zero revision. kNotFound.
  virtual absl::StatusOr<Revision> Stat(const NamespaceId& id, const NodeTarget& target) = 0;
  // The live children of a directory, by name. kNotFound, kFailedPrecondition when it is no
  // directory.
  virtual absl::StatusOr<ListPage> List(const NamespaceId& id, const ListRequest& request) = 0;
  // The revisions of a node, newest first, tombstones included.
  virtual absl::StatusOr<RevisionPage> Revisions(const NamespaceId& id,
                                                 const RevisionsRequest& request) = 0;

  // --- Upload: pending -> uploaded ---

  // Opens an upload session and journals its announcements as kUploading. The session is only a
  // lease that keeps fresh blocks from being collected; it ends with AbortUpload, or by itself when
  // idle.
  virtual absl::StatusOr<UploadId> BeginUpload(const NamespaceId& id,
                                               const UploadRequest& request) = 0;
  // Which of `ids` (at most limits::kMissingBlocksMax) the namespace lacks, in the order asked.
  // Renews the lease of those it has. `upload` may be zero for who will not upload.
  virtual absl::StatusOr<std::vector<BlockId>> MissingBlocks(const NamespaceId& id,
                                                             const UploadId& upload,
                                                             absl::Span<const BlockId> ids) = 0;
  // Stores one segment (docs/FORMAT.md), durable on OK. Every child of a manifest block in it must
  // be present already or come in the same segment; otherwise nothing is stored and the answer
  // lists them.
  virtual absl::StatusOr<PutSegmentResult> PutSegment(const NamespaceId& id, const UploadId& upload,
                                                      absl::string_view segment) = 0;
  // Commits all of the changes or none, durable on OK. Whether they went in, and why not, is in the
  // result: an error status means that the request itself failed.
  virtual absl::StatusOr<CommitResult> Commit(const NamespaceId& id,
                                              const CommitRequest& request) = 0;
  // Ends a session; announcements that were not committed are journaled as kAborted.
  virtual absl::Status AbortUpload(const NamespaceId& id, const UploadId& upload) = 0;

  // --- Download ---

  // The frames that hold the first blocks of `ids` (at most limits::kFrameIdsMax), each frame once,
  // until the reply is about limits::kFramesReplyBytesTarget big; at least one block is answered.
  // Ask again for the rest. kNotFound names the first id the namespace lacks.
  virtual absl::StatusOr<FramesReply> GetFrames(const NamespaceId& id,
                                                absl::Span<const BlockId> ids) = 0;

  // --- Changes ---

  // The journal after `request.after`, oldest first. Reason::kCursorExpired when the journal no
  // longer reaches back that far, Reason::kHistoryChanged when the cursor is of another history
  // (the server was restored from a backup): list everything again.
  virtual absl::StatusOr<ChangesPage> Changes(const NamespaceId& id,
                                              const ChangesRequest& request) = 0;
  // As Changes, but waits up to `timeout` (at most limits::kWaitSecondsMax) while there is nothing
  // new; then the page is empty. kCancelled when `stop` is requested.
  virtual absl::StatusOr<ChangesPage> WaitChanges(const NamespaceId& id,
                                                  const ChangesRequest& request,
                                                  absl::Duration timeout, std::stop_token stop) = 0;
  // Says that this device has applied everything up to `cursor`; what follows is its offline queue.
  virtual absl::Status AcknowledgeChanges(const NamespaceId& id, const Cursor& cursor) = 0;

  // --- Conflicts ---

  // The conflicts of the namespace or of one node, in the order of their ids.
  virtual absl::StatusOr<ConflictPage> ListConflicts(const NamespaceId& id,
                                                     const ConflictsRequest& request) = 0;
  // Decides a conflict: compare-and-set on the head of its node. Whether it went through is in the
  // result. kOpen takes a decision back, with the copy. kNotFound: no such conflict or version;
  // kFailedPrecondition: decided otherwise already, changed since (kOpen), or a name is taken.
  virtual absl::StatusOr<ResolveResult> Resolve(const NamespaceId& id,
                                                const ResolveRequest& request) = 0;

  // --- Upkeep ---

  virtual absl::StatusOr<Usage> GetUsage(const NamespaceId& id) = 0;
  // Registers a device and returns its token, this once. `nonce` makes the call repeatable while
  // the device is new. Devices may only be managed by an owner.
  virtual absl::StatusOr<NewDevice> AddDevice(absl::string_view name, const OpId& nonce) = 0;
  virtual absl::StatusOr<std::vector<DeviceRecord>> ListDevices() = 0;
  // The device's requests fail from now on, parked ones too.
  virtual absl::Status RevokeDevice(absl::string_view name) = 0;
};

}  // namespace syncengine

#endif  // SYNCENGINE_PORTS_SERVICE_H_
