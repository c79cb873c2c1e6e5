#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/format/name.h"
#include "syncengine/transfer/put_tree.h"

namespace syncengine {
namespace {

constexpr uint32_t kDirectoryMode = 0755;
constexpr int kAttempts = 5;  // Another device may be making the same directories.

// The deepest existing directory on the way and how many of the names lead to it.
struct Existing {
  NodeId node = kRootNode;
  size_t depth = 0;
};

absl::StatusOr<Existing> FindExisting(const OpenedNamespace& opened,
                                      const std::vector<std::string>& names) {
  for (size_t depth = names.size(); depth > 0; --depth) {
    const std::string path = JoinPath(absl::MakeConstSpan(names).first(depth));
    const auto head = opened.service->Stat(opened.record.id, {path, std::nullopt});
    if (absl::IsNotFound(head.status())) continue;
    SYNCENGINE_RETURN_IF_ERROR(head.status());
    if (head->state.kind != NodeKind::kDirectory) {
      return absl::FailedPreconditionError(
          absl::StrCat(path, ": expected a directory, found a ", NodeKindName(head->state.kind)));
    }
    return Existing{head->node, depth};
  }
  return Existing{};
}

}  // namespace

absl::StatusOr<NodeId> MakeDirectories(const OpenedNamespace& opened, Entropy& entropy,
                                       absl::string_view path) {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<std::string> names, SplitPath(path));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    SYNCENGINE_ASSIGN_OR_RETURN(const Existing existing, FindExisting(opened, names));
    if (existing.depth == names.size()) return existing.node;
    CommitRequest request{.op = entropy.NewId<OpId>()};
    NodeId parent = existing.node;
    for (size_t i = existing.depth; i < names.size(); ++i) {
      Change change{.node = entropy.NewId<NodeId>()};
      change.state.kind = NodeKind::kDirectory;
      change.state.parent = parent;
      change.state.name = names[i];
      change.state.attributes.mode = kDirectoryMode;
      parent = change.node;
      request.changes.push_back(std::move(change));
    }
    SYNCENGINE_ASSIGN_OR_RETURN(const CommitResult result,
                                opened.service->Commit(opened.record.id, request));
    if (result.committed) return parent;
  }
  return absl::AbortedError(
      absl::StrCat(path, ": another device keeps changing these directories; try again"));
}

}  // namespace syncengine
