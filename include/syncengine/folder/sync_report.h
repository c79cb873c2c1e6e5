// What a sync did, and what is wrong.
#ifndef SYNCENGINE_FOLDER_SYNC_REPORT_H_
#define SYNCENGINE_FOLDER_SYNC_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "syncengine/base/ids.h"

namespace syncengine {

// One item that could not be synced. It does not stop the others, and is tried again by every sync.
struct Issue {
  std::string path;   // "a/b"; "" for the folder itself.
  std::string cause;  // What was found.
  std::string hint;   // What to do about it.

  friend bool operator==(const Issue&, const Issue&) = default;
};

// One file whose two versions were made one. Either is restored by its revision.
struct MergedFile {
  std::string path;
  NodeId node;
  RevisionId revision;  // The merge; theirs when ours added nothing to it.
  RevisionId ours;      // What was here.
  RevisionId theirs;    // What was on the server.
  RevisionId base;      // What both grew from.

  friend bool operator==(const MergedFile&, const MergedFile&) = default;
};

struct SyncReport {
  uint64_t uploaded = 0;    // Files and symlinks whose content was committed.
  uint64_t downloaded = 0;  // Files and symlinks brought here.
  uint64_t moved = 0;       // Nodes renamed on either side without content.
  uint64_t deleted = 0;     // Nodes deleted on either side.
  uint64_t conflicts = 0;   // Contents that could not be merged: conflicted copies, mostly.
  std::vector<MergedFile> merged;
  std::vector<Issue> issues;
  uint64_t sent_bytes = 0;
  uint64_t received_bytes = 0;
  // The trees agreed when last looked at, and nothing is left to do.
  bool idle = false;
};

}  // namespace syncengine

#endif  // SYNCENGINE_FOLDER_SYNC_REPORT_H_
