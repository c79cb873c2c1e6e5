#include "src/live/content_text.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "src/transfer/retry.h"
#include "src/transfer/store_content.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/transfer/content_merger.h"
#include "syncengine/transfer/downloader.h"
#include "syncengine/transfer/uploader.h"

namespace syncengine::live {
namespace {

constexpr int kStoreAttempts = 2;  // Blocks that were stored can be collected before the commit.

absl::StatusOr<CommitResult> CommitRepeatedly(const LiveServerPorts& ports,
                                              const OpenedNamespace& opened,
                                              const CommitRequest& request) {
  SYNCENGINE_ASSIGN_OR_RETURN(CommitResult result,
                              RetryUnavailable(RetryPolicy{.executor = ports.executor}, 0, [&] {
                                return opened.service->Commit(opened.record.id, request);
                              }));
  if (result.outcomes.size() == request.changes.size()) return result;
  return absl::InternalError("commit: another number of outcomes than of changes");
}

}  // namespace

absl::StatusOr<OpenedNamespace> OpenById(const LiveServerPorts& ports, const NamespaceId& id) {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<NamespaceRecord> records,
                              ports.service.ListNamespaces());
  for (const NamespaceRecord& record : records) {
    if (record.id != id) continue;
    if (record.key_holder == KeyHolder::kEndToEnd) {
      return absl::FailedPreconditionError(
          "live document: the server has no keys of an end-to-end encrypted namespace; let a "
          "device that has them be the hub");
    }
    return OpenNamespace(ports.service, record.name, nullptr, ports.entropy);
  }
  return absl::NotFoundError("live document: there is no such namespace");
}

absl::StatusOr<std::string> ReadText(const LiveServerPorts& ports, const OpenedNamespace& opened,
                                     const Revision& revision) {
  if (revision.state.kind != NodeKind::kFile) {
    return absl::FailedPreconditionError("live document: expected a file");
  }
  const ContentRef& content = revision.state.content;
  if (content.size > limits::kLiveTextBytesMax) {
    return absl::FailedPreconditionError(absl::StrCat("live document: ", content.size, " bytes, ",
                                                      limits::kLiveTextBytesMax, " at most"));
  }
  Downloader downloader(opened, ports.executor);
  return ReadContent(downloader, content, {});
}

absl::StatusOr<CommittedText> CommitText(const LiveServerPorts& ports,
                                         const OpenedNamespace& opened, const Revision& base,
                                         absl::string_view text) {
  Uploader uploader(opened, ports.executor, ports.entropy, ports.clock, StoringOptions());
  Change change{.node = base.node, .base = base.id, .state = base.state};
  change.state.deleted = false;  // What was written meanwhile outlives a deletion.
  change.state.attributes.mtime_ns = absl::ToUnixNanos(ports.clock.Now());
  CommittedText committed;
  for (int attempt = 0; attempt < kStoreAttempts; ++attempt) {
    SYNCENGINE_ASSIGN_OR_RETURN(
        StoredContent stored,
        StoreContent(uploader, base.state.name, [text] { return MakeTextSource(text); }, {}));
    change.state.content = committed.content = std::move(stored.content);
    const CommitRequest request{.op = ports.entropy.NewId<OpId>(), .changes = {change}};
    SYNCENGINE_ASSIGN_OR_RETURN(const CommitResult result,
                                CommitRepeatedly(ports, opened, request));
    committed.outcome = result.outcomes.front();
    if (committed.outcome.verdict != ChangeVerdict::kMissingBlocks) break;
  }
  return committed;
}

absl::Status MergeText(const LiveServerPorts& ports, const OpenedNamespace& opened,
                       const Fork& fork, const MergerRegistry& mergers, absl::string_view text) {
  ContentMerger merger(opened, ports.executor, ports.entropy, ports.clock, mergers);
  MergeTask task{.label = fork.base.state.name,
                 .base = fork.base.id,
                 .base_state = fork.base.state,
                 .head = fork.head,
                 .ours = fork.base.state,
                 .open = [text] { return MakeTextSource(text); },
                 .size = text.size()};
  task.ours.attributes.mtime_ns = absl::ToUnixNanos(ports.clock.Now());
  return merger.Run(std::move(task)).status();
}

}  // namespace syncengine::live
