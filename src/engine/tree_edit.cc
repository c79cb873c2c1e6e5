#include "src/engine/tree_edit.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/engine/keys.h"
#include "src/engine/tree_reader.h"
#include "src/kernels/checksum.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::engine {
namespace {

std::string PlaceOf(const NodeState& state) { return ChildKey(state.parent, state.name); }

bool IsLive(const Revision* head) { return head != nullptr && !head->state.deleted; }

}  // namespace

absl::Status TreeEdit::Prepare(absl::Span<const Change> changes) {
  heads_[kRootNode] = RootRevision();
  std::vector<NodeId> nodes;
  for (const Change& change : changes) {
    nodes.push_back(change.node);
    nodes.push_back(change.state.parent);
  }
  SYNCENGINE_RETURN_IF_ERROR(LoadHeads(nodes));
  for (const Change& change : changes) {
    SYNCENGINE_ASSIGN_OR_RETURN(const Revision* head, Head(change.node));
    if (!IsLive(head) || change.aside) continue;
    std::string old_place = PlaceOf(head->state);
    if (change.state.deleted || old_place != PlaceOf(change.state)) {
      leaving_[std::move(old_place)] = change.node;
    }
  }
  return LoadPlaces(changes);
}

absl::Status TreeEdit::LoadHeads(absl::Span<const NodeId> nodes) {
  std::vector<NodeId> fresh;
  for (const NodeId& node : nodes) {
    if (heads_.try_emplace(node).second) fresh.push_back(node);
  }
  SYNCENGINE_ASSIGN_OR_RETURN(auto found, ReadHeads(rows_, fresh));
  for (size_t i = 0; i < fresh.size(); ++i) heads_[fresh[i]] = std::move(found[i]);
  return absl::OkStatus();
}

absl::Status TreeEdit::LoadPlaces(absl::Span<const Change> changes) {
  std::vector<std::string> keys;
  for (const Change& change : changes) {
    if (change.state.deleted || change.aside) continue;
    std::string key = PlaceOf(change.state);
    if (places_.try_emplace(key).second) keys.push_back(std::move(key));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(auto found, ReadRows<NodeId>(rows_, keys));
  for (size_t i = 0; i < keys.size(); ++i) places_[keys[i]] = found[i];
  return absl::OkStatus();
}

absl::StatusOr<const Revision*> TreeEdit::Head(const NodeId& node) {
  auto found = heads_.find(node);
  if (found == heads_.end()) {
    SYNCENGINE_RETURN_IF_ERROR(LoadHeads({node}));
    found = heads_.find(node);
  }
  return found->second.has_value() ? &*found->second : nullptr;
}

absl::StatusOr<std::optional<NodeId>> TreeEdit::Occupant(const std::string& place) {
  const auto known = places_.find(place);
  if (known != places_.end()) return known->second;
  SYNCENGINE_ASSIGN_OR_RETURN(const auto found, ReadRow<NodeId>(rows_, place));
  places_[place] = found;
  return found;
}

absl::Status TreeEdit::Take(const std::string& place, const NodeId& node) {
  places_[place] = node;
  return rows_.Put(place, node.bytes());
}

absl::Status TreeEdit::Leave(const std::string& place, const NodeId& node) {
  leaving_.erase(place);
  SYNCENGINE_ASSIGN_OR_RETURN(const auto occupant, Occupant(place));
  if (occupant != node) return absl::OkStatus();  // Another change has taken it already.
  places_[place] = std::nullopt;
  return rows_.Delete(place);
}

absl::StatusOr<bool> TreeEdit::HasChildren(const NodeId& node) {
  const std::string prefix = ChildPrefix(node);
  SYNCENGINE_ASSIGN_OR_RETURN(const auto child,
                              rows_.Scan({.begin = prefix, .end = PrefixEnd(prefix), .limit = 1}));
  return !child.empty();
}

absl::StatusOr<bool> TreeEdit::IsWithin(const NodeId& directory, const NodeId& node) {
  NodeId ancestor = directory;
  for (size_t depth = 1; ancestor != kRootNode; ++depth) {
    if (ancestor == node) return true;
    if (depth >= limits::kPathDepthMax) {
      return absl::InvalidArgumentError(absl::StrCat("directory ", node.ToHex(), ": more than ",
                                                     limits::kPathDepthMax, " levels deep"));
    }
    SYNCENGINE_ASSIGN_OR_RETURN(const Revision* head, Head(ancestor));
    if (head == nullptr) {
      return MakeError(Reason::kIntegrity, absl::StrCat("node ", ancestor.ToHex(), " is missing"));
    }
    ancestor = head->state.parent;
  }
  return false;
}

absl::StatusOr<std::optional<ChangeVerdict>> TreeEdit::JudgeParent(const Change& change) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision* parent, Head(change.state.parent));
  if (!IsLive(parent) || parent->state.kind != NodeKind::kDirectory) {
    return ChangeVerdict::kParentGone;
  }
  if (change.state.kind != NodeKind::kDirectory) return std::nullopt;
  SYNCENGINE_ASSIGN_OR_RETURN(const bool within, IsWithin(change.state.parent, change.node));
  if (within) return ChangeVerdict::kCycle;
  return std::nullopt;
}

absl::StatusOr<ChangeOutcome> TreeEdit::Place(const Change& change) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision* head, Head(change.node));
  if (change.state.deleted) {
    SYNCENGINE_ASSIGN_OR_RETURN(const bool has_children, HasChildren(change.node));
    if (has_children) return ChangeOutcome{.verdict = ChangeVerdict::kNotEmpty};
    SYNCENGINE_RETURN_IF_ERROR(Leave(PlaceOf(head->state), change.node));
    return ChangeOutcome{.verdict = ChangeVerdict::kCommitted};
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const auto refused, JudgeParent(change));
  if (refused.has_value()) return ChangeOutcome{.verdict = *refused};

  const std::string place = PlaceOf(change.state);
  SYNCENGINE_ASSIGN_OR_RETURN(const auto occupant, Occupant(place));
  if (occupant == change.node) return ChangeOutcome{.verdict = ChangeVerdict::kCommitted};
  const auto leaver = leaving_.find(place);
  const bool frees = leaver != leaving_.end() && leaver->second == occupant;
  if (occupant.has_value() && !frees) {
    SYNCENGINE_ASSIGN_OR_RETURN(const Revision* other, Head(*occupant));
    ChangeOutcome outcome{.verdict = ChangeVerdict::kNameTaken};
    if (other != nullptr) outcome.head = *other;
    return outcome;
  }
  if (IsLive(head)) SYNCENGINE_RETURN_IF_ERROR(Leave(PlaceOf(head->state), change.node));
  SYNCENGINE_RETURN_IF_ERROR(Take(place, change.node));
  return ChangeOutcome{.verdict = ChangeVerdict::kCommitted};
}

absl::Status TreeEdit::SetHead(const Revision& revision) {
  heads_[revision.node] = revision;
  const std::string bytes = EncodeRevision(revision);
  SYNCENGINE_RETURN_IF_ERROR(rows_.Put(
      NodeKey(revision.node), EncodeRow(NodeRow{revision.sequence, kernels::Xxh3(bytes)})));
  return rows_.Put(RevisionKey(revision.node, revision.sequence), bytes);
}

}  // namespace syncengine::engine
