#include "examples/cli/local_place.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/stores/lmdb_metadata_store.h"
#include "syncengine/stores/posix_file_system.h"

namespace syncengine::cli {
namespace fs = std::filesystem;
namespace {

std::string CacheDirectory() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
    return absl::StrCat(cache, "/syncengine");
  }
  const char* home = std::getenv("HOME");
  return absl::StrCat(home == nullptr ? "/tmp" : home, "/.cache/syncengine");
}

}  // namespace

absl::StatusOr<LocalPlace> OpenLocalPlace(const std::string& local) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(local, error);
  if (!fs::exists(status)) {
    return absl::NotFoundError(absl::StrCat(local, ": no such file or directory"));
  }
  if (fs::is_directory(status) || (fs::is_directory(local, error) && local.ends_with('/'))) {
    SYNCENGINE_ASSIGN_OR_RETURN(auto files, PosixFileSystem::Open(local));
    return LocalPlace{std::move(files), ""};
  }
  return OpenParentOf(local);
}

absl::StatusOr<LocalPlace> OpenParentOf(const std::string& local) {
  std::error_code error;
  fs::path path = fs::absolute(local, error).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  SYNCENGINE_ASSIGN_OR_RETURN(auto files, PosixFileSystem::Open(path.parent_path().string()));
  return LocalPlace{std::move(files), path.filename().string()};
}

std::unique_ptr<MetadataStore> OpenPutCache() {
  const std::string directory = CacheDirectory();
  std::error_code error;
  fs::create_directories(directory, error);
  auto cache = LmdbMetadataStore::Open(absl::StrCat(directory, "/put"));
  if (cache.ok()) return *std::move(cache);
  std::fprintf(stderr, "syncengine: no cache in %s (%s): every file is read\n", directory.c_str(),
               std::string(cache.status().message()).c_str());
  return nullptr;
}

void PrintIssues(const std::vector<TransferIssue>& issues) {
  for (const TransferIssue& issue : issues) {
    std::fprintf(stderr, "syncengine: %s: %s\n", issue.path.c_str(),
                 std::string(issue.cause.message()).c_str());
  }
}

Json IssuesJson(const std::vector<TransferIssue>& issues) {
  Json list = Json::array();
  for (const TransferIssue& issue : issues) {
    list.push_back({{"path", issue.path},
                    {"cause", std::string(issue.cause.message())},
                    {"code", absl::StatusCodeToString(issue.cause.code())}});
  }
  return list;
}

}  // namespace syncengine::cli
