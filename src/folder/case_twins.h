// Names that differ only in letters' case, on a disk that takes them for one.
#ifndef SYNCENGINE_SRC_FOLDER_CASE_TWINS_H_
#define SYNCENGINE_SRC_FOLDER_CASE_TWINS_H_

#include <vector>

#include "syncengine/folder/sync_report.h"
#include "syncengine/reconcile/matching.h"
#include "syncengine/reconcile/observation.h"

namespace syncengine::folder {

// Holds the nodes of `remote` that cannot come here because another node has their name in another
// spelling, with all that is below them; nothing happens to them, on neither side, until one of the
// two is renamed. Who is here keeps the name, and a file that would have to take such a name keeps
// its old one. Returns an issue for each twin. Letters are ASCII's.
std::vector<Issue> HoldCaseTwins(const RemoteChanges& remote, LocalNodes& local);

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_CASE_TWINS_H_
