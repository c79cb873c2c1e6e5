// What a put does when somebody else committed to the same file meanwhile.
#ifndef SYNCENGINE_SRC_TRANSFER_PUT_MERGE_H_
#define SYNCENGINE_SRC_TRANSFER_PUT_MERGE_H_

#include <cstdint>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/transfer/store_content.h"
#include "syncengine/merge/merger.h"
#include "syncengine/transfer/content_merger.h"
#include "syncengine/transfer/put_tree.h"

namespace syncengine {

// A file whose commit was refused because the head is another one than the put began with.
struct PutContest {
  std::string label;
  Change change;  // As refused.
  ContentOpener open;
  uint64_t size = 0;
  Revision head;  // A live file: the newer head, or what took the name.
};

// Merges, or commits the content as a conflicted copy. Single-threaded.
class PutMerger {
 public:
  // The references outlive the object.
  PutMerger(const PutTreePorts& ports, const std::string& device)
      : ports_(ports),
        device_(device),
        merger_(ports.opened, ports.executor, ports.entropy, ports.clock, mergers_) {}

  absl::Status Settle(const PutContest& contest, PutTreeReport& report, std::stop_token stop);

 private:
  absl::StatusOr<std::optional<NodeState>> FindBase(const NodeId& node, const RevisionId& base);
  absl::StatusOr<std::string> CommitCopy(const NodeState& ours, const MergeOutcome& outcome);
  absl::StatusOr<ConflictRecord> FindConflict(const NodeId& node, const RevisionId& ours);

  const PutTreePorts& ports_;
  const std::string device_;
  const MergerRegistry mergers_;
  ContentMerger merger_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_PUT_MERGE_H_
