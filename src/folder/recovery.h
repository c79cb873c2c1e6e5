// Cleans up after a run that was cut short.
#ifndef SYNCENGINE_SRC_FOLDER_RECOVERY_H_
#define SYNCENGINE_SRC_FOLDER_RECOVERY_H_

#include "absl/status/status.h"
#include "src/folder/state.h"
#include "src/folder/swap.h"
#include "src/folder/workspace.h"
#include "syncengine/ports/file_system.h"

namespace syncengine::folder {

// Decides by the intents what each leftover is: a new file that never went in (fetched again later)
// or an old one that came out and was not yet looked at; parked nodes go back. Files without an
// intent are downloads that were never finished. Nothing that only exists here is removed: what is
// in doubt goes to the trash or becomes a conflicted copy.
absl::Status Recover(FileSystem& files, State& state, Workspace& workspace,
                     const ConflictNaming& naming);

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_RECOVERY_H_
