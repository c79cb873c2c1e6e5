#include "syncengine/folder/local_folder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "src/folder/private_paths.h"
#include "src/folder/root_guard.h"
#include "src/folder/workspace.h"
#include "syncengine/base/error.h"
#include "syncengine/stores/lmdb_metadata_store.h"
#include "syncengine/stores/posix_file_system.h"

namespace syncengine {
namespace {

constexpr absl::string_view kKernelRandom = "/proc/sys/kernel/random";
constexpr size_t kBootIdMax = 64;

std::string ReadBootId() {
  auto kernel = PosixFileSystem::Open(kKernelRandom);
  if (!kernel.ok()) return "";
  absl::StatusOr<std::string> boot = folder::ReadSmallFile(**kernel, "boot_id", kBootIdMax);
  if (!boot.ok()) return "";
  absl::string_view text = *boot;
  absl::ConsumeSuffix(&text, "\n");
  return std::string(text);
}

}  // namespace

absl::StatusOr<LocalFolder> OpenLocalFolder(absl::string_view path) {
  LocalFolder local;
  absl::StatusOr<std::unique_ptr<FileSystem>> files = PosixFileSystem::Open(path);
  if (absl::IsNotFound(files.status())) {
    return MakeError(Reason::kRootChanged,
                     absl::StrCat(path, ": there is no such folder; mount or make it"));
  }
  SYNCENGINE_RETURN_IF_ERROR(files.status());
  local.files = *std::move(files);
  SYNCENGINE_RETURN_IF_ERROR(folder::EnsureDirectory(*local.files, folder::kPrivate));
  SYNCENGINE_ASSIGN_OR_RETURN(
      local.state, LmdbMetadataStore::Open(absl::StrCat(path, "/", folder::kPrivate, "/state")));
  local.boot = ReadBootId();
  return local;
}

}  // namespace syncengine
