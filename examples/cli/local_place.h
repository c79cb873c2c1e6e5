// Local paths as users write them.
#ifndef SYNCENGINE_EXAMPLES_CLI_LOCAL_PLACE_H_
#define SYNCENGINE_EXAMPLES_CLI_LOCAL_PLACE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "examples/cli/context.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/ports/metadata_store.h"
#include "syncengine/transfer/put_tree.h"

namespace syncengine::cli {

// A file system and a path in it. A directory is opened itself (path ""), anything else through the
// directory it is in.
struct LocalPlace {
  std::unique_ptr<FileSystem> files;
  std::string path;
};

// kNotFound when nothing is there.
absl::StatusOr<LocalPlace> OpenLocalPlace(const std::string& local);
// The directory that `local` is or would be in, which must exist, and the last name.
absl::StatusOr<LocalPlace> OpenParentOf(const std::string& local);

// The cache of `put` below the user's cache directory; null, with a warning, when it cannot be
// opened.
std::unique_ptr<MetadataStore> OpenPutCache();

// One line for each issue on stderr.
void PrintIssues(const std::vector<TransferIssue>& issues);
Json IssuesJson(const std::vector<TransferIssue>& issues);

}  // namespace syncengine::cli

#endif  // SYNCENGINE_EXAMPLES_CLI_LOCAL_PLACE_H_
