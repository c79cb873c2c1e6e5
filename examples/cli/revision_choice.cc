#include "examples/cli/revision_choice.h"

#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "examples/cli/connection.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::cli {
namespace {

constexpr size_t kShortestId = 4;

}  // namespace

absl::StatusOr<std::vector<Revision>> AllRevisions(const OpenedNamespace& opened,
                                                   const NodeId& node) {
  std::vector<Revision> all;
  RevisionsRequest request{.node = node, .limit = static_cast<int>(limits::kListPageMax)};
  for (bool more = true; more;) {
    SYNCENGINE_ASSIGN_OR_RETURN(RevisionPage page,
                                opened.service->Revisions(opened.record.id, request));
    more = page.more && !page.revisions.empty();
    if (more) request.before_sequence = page.revisions.back().sequence;
    for (Revision& revision : page.revisions) all.push_back(std::move(revision));
  }
  return all;
}

absl::StatusOr<Revision> ChooseRevision(const OpenedNamespace& opened, const std::string& path,
                                        const std::string& id) {
  if (id.size() < kShortestId) {
    return absl::InvalidArgumentError(absl::StrCat("--revision: expected at least ", kShortestId,
                                                   " digits of an id, found '", id,
                                                   "'; see: syncengine revisions ", path));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision head, FindNode(opened, path, true));
  SYNCENGINE_ASSIGN_OR_RETURN(std::vector<Revision> all, AllRevisions(opened, head.node));
  const std::string wanted = absl::AsciiStrToLower(id);
  std::optional<Revision> found;
  for (Revision& revision : all) {
    if (!revision.id.ToHex().starts_with(wanted)) continue;
    if (found.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--revision ", id, ": several revisions begin so; give more digits"));
    }
    found = std::move(revision);
  }
  if (found.has_value()) return *std::move(found);
  return absl::NotFoundError(
      absl::StrCat(path, ": has no revision ", id, "; see: syncengine revisions ", path));
}

}  // namespace syncengine::cli
