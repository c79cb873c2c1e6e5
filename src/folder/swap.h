// Puts a finished file where it belongs without ever destroying what somebody else put there.
#ifndef SYNCENGINE_SRC_FOLDER_SWAP_H_
#define SYNCENGINE_SRC_FOLDER_SWAP_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/folder/workspace.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/reconcile/observation.h"

namespace syncengine::folder {

// How conflicted copies that are made on the spot are called.
struct ConflictNaming {
  std::string stamp;
  std::string device;
};

// Moves `from` to a conflicted copy's name beside `path`; returns the new path.
absl::StatusOr<std::string> KeepBeside(FileSystem& files, const std::string& from,
                                       const std::string& path, const ConflictNaming& naming);

struct SwapRequest {
  std::string temporary;                // The new file.
  std::string path;                     // Where it goes.
  std::optional<Fingerprint> expected;  // What is there; absent: nothing.
};

struct SwapResult {
  // The expected file that came out: for the trash, once the directory of `path` is synced. Before
  // that a power cut may take the new file from its place, and this one has to go back.
  std::optional<std::string> leftover;
  // An edit that nobody had seen came out; it was kept under this path.
  std::optional<std::string> kept_edit;
};

// kAborted, with nothing changed, when something else is at `path` than expected. Otherwise looks
// at what came out after the swap: the expected file is left over, anything else is kept beside.
// Names become durable when the caller syncs the directories of `path`.
absl::StatusOr<SwapResult> PutInPlace(FileSystem& files, const ConflictNaming& naming,
                                      const SwapRequest& request);

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_SWAP_H_
