// What the steps of one round add up to.
#ifndef SYNCENGINE_SRC_FOLDER_OUTCOME_H_
#define SYNCENGINE_SRC_FOLDER_OUTCOME_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "syncengine/base/error.h"
#include "syncengine/base/ids.h"
#include "syncengine/folder/sync_report.h"

namespace syncengine::folder {

// Thread-compatible.
struct Outcome {
  SyncReport report;
  std::vector<Issue> notes;  // Issues that only one round sees, but the user must hear of.
  bool look_again = false;   // Something moved under our feet: observe and plan anew.
  absl::flat_hash_set<NodeId> failed;  // Nodes with an action that was not done.

  // A failed action: kAborted means that what was observed is not true any more, anything else is
  // an issue that the user must hear of.
  void Fail(const NodeId& node, const std::string& path, const absl::Status& status) {
    failed.insert(node);
    if (absl::IsAborted(status)) {
      look_again = true;
      return;
    }
    report.issues.push_back({path, std::string(status.message()), Hint(status)});
  }

  static std::string Hint(const absl::Status& status) {
    const auto reason = GetReason(status);
    if (reason == Reason::kDiskFull) return "make room on the disk; it is tried again by each sync";
    if (reason == Reason::kQuota) return "the quota of the namespace is used up; delete something";
    if (reason == Reason::kIntegrity) return "check the repository; other copies may still be good";
    if (reason == Reason::kNotAllowed || absl::IsPermissionDenied(status)) {
      return "check the permissions; it stays as it is until then";
    }
    if (absl::IsInvalidArgument(status)) return "rename it; the others go on without it";
    return "it is tried again by each sync";
  }
};

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_OUTCOME_H_
