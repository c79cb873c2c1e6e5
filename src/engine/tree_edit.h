// The tree as one commit changes it: which node has which place.
#ifndef SYNCENGINE_ENGINE_TREE_EDIT_H_
#define SYNCENGINE_ENGINE_TREE_EDIT_H_

#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "src/engine/rows.h"

namespace syncengine::engine {

// Reads ahead what the changes of one commit touch, judges each against the tree as the ones before
// it left it, and writes names and heads. The one exception to the order: a name is free when a
// later change of the commit takes its node elsewhere. Single-threaded; `rows` outlives it.
class TreeEdit {
 public:
  explicit TreeEdit(MetadataWriter& rows) : rows_(rows) {}

  // Reads heads, parents and places of all changes in few round trips. First of all calls.
  absl::Status Prepare(absl::Span<const Change> changes);

  // The head of a node, or null. Valid until the next SetHead of that node.
  absl::StatusOr<const Revision*> Head(const NodeId& node);

  // Moves the node of a change whose base is its head to where the change says. A verdict other
  // than kCommitted says why not; then the commit must be given up.
  absl::StatusOr<ChangeOutcome> Place(const Change& change);

  // Makes `revision` the head of its node.
  absl::Status SetHead(const Revision& revision);

 private:
  absl::Status LoadHeads(absl::Span<const NodeId> nodes);
  absl::Status LoadPlaces(absl::Span<const Change> changes);
  absl::StatusOr<std::optional<ChangeVerdict>> JudgeParent(const Change& change);
  // Whether `directory` is `node` or below it.
  absl::StatusOr<bool> IsWithin(const NodeId& directory, const NodeId& node);
  absl::StatusOr<bool> HasChildren(const NodeId& node);
  absl::StatusOr<std::optional<NodeId>> Occupant(const std::string& place);
  absl::Status Take(const std::string& place, const NodeId& node);
  absl::Status Leave(const std::string& place, const NodeId& node);

  MetadataWriter& rows_;
  absl::node_hash_map<NodeId, std::optional<Revision>> heads_;
  // By the key of the place: the node that has it now, after the changes so far.
  absl::flat_hash_map<std::string, std::optional<NodeId>> places_;
  // Places that a change still to come leaves, and the node that does.
  absl::flat_hash_map<std::string, NodeId> leaving_;
};

}  // namespace syncengine::engine

#endif  // SYNCENGINE_ENGINE_TREE_EDIT_H_
