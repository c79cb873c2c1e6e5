// A Service in front of another one that watches the requests and makes some fail.
#ifndef SYNCENGINE_TESTS_TRANSFER_PROBE_SERVICE_H_
#define SYNCENGINE_TESTS_TRANSFER_PROBE_SERVICE_H_

#include <atomic>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/segment.h"
#include "syncengine/ports/service.h"

namespace syncengine::testing {

// Checks the law of writing: a commit names only blocks, and a manifest node only children, whose
// PutSegment has returned OK or that the service had before. Counts calls and bytes, keeps all
// bytes of requests. Thread-safe.
class ProbeService final : public Service {
 public:
  enum class Call { kBegin, kMissing, kPut, kCommit, kAbort, kGetFrames, kOther };

  explicit ProbeService(Service& service) : service_(service) {}

  // What the call with this number (from 0, counting all but look-ups) gives instead of going
  // through; or after it went through when `after` is set: the answer is lost on its way.
  std::function<absl::Status(size_t number, Call call)> fail_before;
  std::function<absl::Status(size_t number, Call call)> fail_after;

  size_t calls() const { return calls_; }
  size_t puts() const { return puts_; }
  size_t commits() const { return commits_; }
  size_t lists() const { return lists_; }
  // Ids that MissingBlocks was asked about.
  size_t asked() const { return asked_; }
  uint64_t put_bytes() const { return put_bytes_; }
  std::vector<std::string> violations() {
    absl::MutexLock lock(&mutex_);
    return violations_;
  }
  std::string requests() {
    absl::MutexLock lock(&mutex_);
    return requests_;
  }

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
  absl::StatusOr<Revision> Stat(const NamespaceId& id, const NodeTarget& target) override {
    Keep(target.path);
    return service_.Stat(id, target);
  }
  absl::StatusOr<ListPage> List(const NamespaceId& id, const ListRequest& request) override {
    ++lists_;
    Keep(request.after);
    return service_.List(id, request);
  }
  absl::StatusOr<RevisionPage> Revisions(const NamespaceId& id,
                                         const RevisionsRequest& request) override {
    return service_.Revisions(id, request);
  }
  absl::StatusOr<UploadId> BeginUpload(const NamespaceId& id,
                                       const UploadRequest& request) override {
    for (const Announcement& announcement : request.announcements) Keep(announcement.name);
    return Through<absl::StatusOr<UploadId>>(Call::kBegin,
                                             [&] { return service_.BeginUpload(id, request); });
  }
  absl::StatusOr<std::vector<BlockId>> MissingBlocks(const NamespaceId& id, const UploadId& upload,
                                                     absl::Span<const BlockId> ids) override {
    asked_ += ids.size();
    auto missing = Through<absl::StatusOr<std::vector<BlockId>>>(
        Call::kMissing, [&] { return service_.MissingBlocks(id, upload, ids); });
    if (missing.ok()) {
      const std::set<BlockId> lacks(missing->begin(), missing->end());
      absl::MutexLock lock(&mutex_);
      for (const BlockId& one : ids) {
        if (!lacks.contains(one)) durable_.insert(one);
      }
    }
    return missing;
  }
  absl::StatusOr<PutSegmentResult> PutSegment(const NamespaceId& id, const UploadId& upload,
                                              absl::string_view segment) override;
  absl::StatusOr<CommitResult> Commit(const NamespaceId& id, const CommitRequest& request) override;
  absl::Status AbortUpload(const NamespaceId& id, const UploadId& upload) override {
    return Through<absl::Status>(Call::kAbort, [&] { return service_.AbortUpload(id, upload); });
  }
  absl::StatusOr<FramesReply> GetFrames(const NamespaceId& id,
                                        absl::Span<const BlockId> ids) override {
    return Through<absl::StatusOr<FramesReply>>(Call::kGetFrames,
                                                [&] { return service_.GetFrames(id, ids); });
  }
  absl::StatusOr<ChangesPage> Changes(const NamespaceId& id,
                                      const ChangesRequest& request) override {
    return service_.Changes(id, request);
  }
  absl::StatusOr<ChangesPage> WaitChanges(const NamespaceId& id, const ChangesRequest& request,
                                          absl::Duration timeout, std::stop_token stop) override {
    return service_.WaitChanges(id, request, timeout, std::move(stop));
  }
  absl::Status AcknowledgeChanges(const NamespaceId& id, const Cursor& cursor) override {
    return service_.AcknowledgeChanges(id, cursor);
  }
  absl::StatusOr<ConflictPage> ListConflicts(const NamespaceId& id,
                                             const ConflictsRequest& request) override {
    return service_.ListConflicts(id, request);
  }
  absl::StatusOr<ResolveResult> Resolve(const NamespaceId& id,
                                        const ResolveRequest& request) override {
    return service_.Resolve(id, request);
  }
  absl::StatusOr<Usage> GetUsage(const NamespaceId& id) override { return service_.GetUsage(id); }
  absl::StatusOr<NewDevice> AddDevice(absl::string_view name, const OpId& nonce) override {
    return service_.AddDevice(name, nonce);
  }
  absl::StatusOr<std::vector<DeviceRecord>> ListDevices() override {
    return service_.ListDevices();
  }
  absl::Status RevokeDevice(absl::string_view name) override { return service_.RevokeDevice(name); }

 private:
  template <typename Answer, typename Forward>
  Answer Through(Call call, Forward forward) {
    const size_t number = calls_++;
    if (fail_before) {
      if (absl::Status status = fail_before(number, call); !status.ok()) return status;
    }
    Answer answer = forward();
    if (fail_after) {
      if (absl::Status status = fail_after(number, call); !status.ok()) return status;
    }
    return answer;
  }
  void Keep(absl::string_view bytes) {
    absl::MutexLock lock(&mutex_);
    absl::StrAppend(&requests_, bytes, "\n");
  }

  Service& service_;
  std::atomic<size_t> calls_ = 0;
  std::atomic<size_t> puts_ = 0;
  std::atomic<size_t> commits_ = 0;
  std::atomic<size_t> lists_ = 0;
  std::atomic<size_t> asked_ = 0;
  std::atomic<uint64_t> put_bytes_ = 0;
  absl::Mutex mutex_;
  std::set<BlockId> durable_;
  std::vector<std::string> violations_;
  std::string requests_;
};

inline absl::StatusOr<PutSegmentResult> ProbeService::PutSegment(const NamespaceId& id,
                                                                 const UploadId& upload,
                                                                 absl::string_view segment) {
  ++puts_;
  put_bytes_ += segment.size();
  Keep(segment);
  const auto parsed = ParseSegment(segment);
  std::set<BlockId> inside;
  if (parsed.ok()) {
    absl::MutexLock lock(&mutex_);
    for (const SegmentFrame& frame : parsed->frames) {
      for (const FrameBlock& block : frame.header.blocks) inside.insert(block.id);
    }
    for (const SegmentFrame& frame : parsed->frames) {
      for (const FrameBlock& block : frame.header.blocks) {
        for (const BlockId& child : block.children) {
          if (durable_.contains(child) || inside.contains(child)) continue;
          violations_.push_back(
              absl::StrCat("a manifest was sent before its child ", child.ToHex()));
        }
      }
    }
  } else {
    absl::MutexLock lock(&mutex_);
    violations_.push_back(parsed.status().ToString());
  }
  auto result = Through<absl::StatusOr<PutSegmentResult>>(
      Call::kPut, [&] { return service_.PutSegment(id, upload, segment); });
  if (result.ok() && result->stored) {
    absl::MutexLock lock(&mutex_);
    durable_.insert(inside.begin(), inside.end());
  }
  return result;
}

inline absl::StatusOr<CommitResult> ProbeService::Commit(const NamespaceId& id,
                                                         const CommitRequest& request) {
  ++commits_;
  {
    absl::MutexLock lock(&mutex_);
    for (const Change& change : request.changes) {
      absl::StrAppend(&requests_, change.state.name, change.state.attributes.symlink_target, "\n",
                      change.state.content.manifest);
      for (const BlockId& block : change.state.content.blocks) {
        if (durable_.contains(block)) continue;
        violations_.push_back(absl::StrCat("a commit was sent before its block ", block.ToHex()));
      }
    }
  }
  return Through<absl::StatusOr<CommitResult>>(Call::kCommit,
                                               [&] { return service_.Commit(id, request); });
}

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTS_TRANSFER_PROBE_SERVICE_H_
