// A folder of this machine, ready for a FolderClient.
#ifndef SYNCENGINE_FOLDER_LOCAL_FOLDER_H_
#define SYNCENGINE_FOLDER_LOCAL_FOLDER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/ports/metadata_store.h"

namespace syncengine {

// What FolderOptions asks for. Move-only; outlives the client.
struct LocalFolder {
  std::unique_ptr<FileSystem> files;
  std::unique_ptr<MetadataStore> state;  // LMDB in `.syncengine/state` of the folder.
  std::string boot;                      // FolderOptions::boot; empty where it cannot be told.
};

// Reason::kRootChanged when there is no such directory: a folder is made by the user, because one
// that went missing must not look like one that was emptied. Other errors as
// LmdbMetadataStore::Open.
absl::StatusOr<LocalFolder> OpenLocalFolder(absl::string_view path);

}  // namespace syncengine

#endif  // SYNCENGINE_FOLDER_LOCAL_FOLDER_H_
