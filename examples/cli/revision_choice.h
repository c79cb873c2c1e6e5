// Revisions as users name them.
#ifndef SYNCENGINE_EXAMPLES_CLI_REVISION_CHOICE_H_
#define SYNCENGINE_EXAMPLES_CLI_REVISION_CHOICE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "syncengine/transfer/opened_namespace.h"

namespace syncengine::cli {

// Every revision of a node, newest first.
absl::StatusOr<std::vector<Revision>> AllRevisions(const OpenedNamespace& opened,
                                                   const NodeId& node);

// The revision of the file at `path` (or that was there) whose id begins with `id`, at least 4 hex
// digits. kNotFound when there is none, kInvalidArgument when several match.
absl::StatusOr<Revision> ChooseRevision(const OpenedNamespace& opened, const std::string& path,
                                        const std::string& id);

}  // namespace syncengine::cli

#endif  // SYNCENGINE_EXAMPLES_CLI_REVISION_CHOICE_H_
