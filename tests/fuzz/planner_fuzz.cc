// The planner on three small trees: what was agreed on, what the server has now and what the disk
// shows, parts of which cannot be seen. Any input gives trees that could be.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "syncengine/reconcile/matching.h"
#include "syncengine/reconcile/planner.h"
#include "tests/fuzz/fuzz.h"

namespace syncengine::fuzz {
namespace {

constexpr int kNodesMax = 12;

struct Node {
  int parent = 0;  // 0: the root.
  std::string name;
  bool is_directory = false;
  int content = 0;
};

// By number, from 1; a number is the node's id and its inode.
using Tree = std::map<int, Node>;

bool IsInside(const Tree& tree, int node, int directory) {
  for (; node != 0; node = tree.at(node).parent) {
    if (node == directory) return true;
  }
  return false;
}

bool IsTaken(const Tree& tree, int parent, const std::string& name) {
  for (const auto& [number, node] : tree) {
    if (node.parent == parent && node.name == name) return true;
  }
  return false;
}

int PickDirectory(const Tree& tree, Input& input) {
  const int number = static_cast<int>(input.Below(kNodesMax));
  const auto found = tree.find(number);
  return found != tree.end() && found->second.is_directory ? number : 0;
}

void RemoveWithAllBelow(Tree& tree, int directory) {
  std::set<int> gone;
  for (const auto& [number, node] : tree) {
    if (IsInside(tree, number, directory)) gone.insert(number);
  }
  for (const int number : gone) tree.erase(number);
}

// One change that a user could make; `last` is the last number in use.
void Change(Tree& tree, Input& input, int& last) {
  const size_t kind = input.Below(4);
  const int parent = PickDirectory(tree, input);
  const std::string name(1, static_cast<char>('a' + input.Below(4)));
  if (kind == 0) {
    if (IsTaken(tree, parent, name) || last + 1 >= 3 * kNodesMax) return;
    tree[++last] = {parent, name, input.Below(2) == 0, last};
    return;
  }
  const int number = static_cast<int>(1 + input.Below(kNodesMax));
  if (!tree.contains(number)) return;
  if (kind == 1) {
    RemoveWithAllBelow(tree, number);
  } else if (kind == 2) {
    if (!tree[number].is_directory) tree[number].content = 100 + ++last;
  } else if (!IsTaken(tree, parent, name) && !IsInside(tree, parent, number)) {
    tree[number].parent = parent;
    tree[number].name = name;
  }
}

void ChangeSome(Tree& tree, Input& input, int& last) {
  for (size_t changes = input.Below(10); changes > 0; --changes) Change(tree, input, last);
}

template <typename IdType>
IdType NumberedId(int number) {
  IdType id;
  id.mutable_data()[0] = static_cast<uint8_t>(number);
  id.mutable_data()[1] = static_cast<uint8_t>(number >> 8);
  return id;
}

NodeState StateOf(const Node& node) {
  NodeState state;
  state.kind = node.is_directory ? NodeKind::kDirectory : NodeKind::kFile;
  if (node.parent != 0) state.parent = NumberedId<NodeId>(node.parent);
  state.name = node.name;
  state.attributes.mode = node.is_directory ? 0755 : 0644;
  if (!node.is_directory) state.content.size = static_cast<uint64_t>(node.content);
  return state;
}

Fingerprint PrintOf(int number, const Node& node) {
  return {.device = 1,
          .inode = static_cast<uint64_t>(number),
          .size = node.is_directory ? 0 : static_cast<uint64_t>(node.content),
          .mtime_ns = node.content,
          .ctime_ns = node.content,
          .mode = node.is_directory ? 0755u : 0644u};
}

SyncedTree MakeSynced(const Tree& tree) {
  SyncedTree synced;
  for (const auto& [number, node] : tree) {
    synced[NumberedId<NodeId>(number)] = {.revision = NumberedId<RevisionId>(number),
                                          .state = StateOf(node),
                                          .print = PrintOf(number, node)};
  }
  return synced;
}

RemoteChanges MakeRemote(const Tree& before, const Tree& now) {
  RemoteChanges remote;
  int revision = 1000;
  const auto add = [&](int number, const NodeState& state) {
    Revision head;
    head.id = NumberedId<RevisionId>(++revision);
    head.node = NumberedId<NodeId>(number);
    head.state = state;
    remote[head.node] = head;
  };
  for (const auto& [number, node] : before) {
    if (now.contains(number)) continue;
    NodeState state = StateOf(node);
    state.deleted = true;
    add(number, state);
  }
  for (const auto& [number, node] : now) {
    const auto found = before.find(number);
    if (found == before.end() || StateOf(found->second) != StateOf(node))
      add(number, StateOf(node));
  }
  return remote;
}

// The walk of the disk; `closed` are names that could not be examined or listed.
void Walk(const Tree& tree, int directory, int index, const std::map<int, size_t>& closed,
          LocalTree& local) {
  std::map<std::string, int> children;
  for (const auto& [number, node] : tree) {
    if (node.parent == directory) children[node.name] = number;
  }
  for (const auto& [name, number] : children) {
    const Node& node = tree.at(number);
    LocalEntry entry;
    entry.parent = index;
    entry.name = name;
    entry.kind = node.is_directory ? NodeKind::kDirectory : NodeKind::kFile;
    const auto found = closed.find(number);
    entry.unknown = found != closed.end() && found->second == 0;
    entry.children_unknown = found != closed.end() && found->second == 1 && node.is_directory;
    if (!entry.unknown) entry.print = PrintOf(number, node);
    local.entries.push_back(entry);
    if (!node.is_directory || entry.unknown || entry.children_unknown) continue;
    Walk(tree, number, static_cast<int>(local.entries.size()) - 1, closed, local);
  }
}

// Whether `number` is in both, and neither it nor a directory above it changed its place.
bool IsInPlace(const Tree& before, const Tree& now, int number) {
  for (int at = number; at != 0; at = before.at(at).parent) {
    const auto found = now.find(at);
    if (found == now.end()) return false;
    const Node& node = before.at(at);
    if (found->second.parent != node.parent || found->second.name != node.name) return false;
  }
  return true;
}

struct Trees {
  SyncedTree synced;
  RemoteChanges remote;
  LocalTree local;
  std::set<NodeId> unseen;  // Synced, still in its place, and not to be seen there.
};

Trees ReadTrees(Input& input) {
  Trees trees;
  Tree synced;
  int last = 0;
  ChangeSome(synced, input, last);
  last = kNodesMax;
  Tree remote = synced, local = synced;
  ChangeSome(remote, input, last);
  last = 2 * kNodesMax;
  ChangeSome(local, input, last);
  std::map<int, size_t> closed;
  for (size_t names = input.Below(4); names > 0; --names) {
    const int number = static_cast<int>(1 + input.Below(kNodesMax));
    closed[number] = input.Below(2);
  }
  trees.synced = MakeSynced(synced);
  trees.remote = MakeRemote(synced, remote);
  Walk(local, 0, -1, closed, trees.local);
  for (const auto& [number, node] : synced) {
    // What moved to where nobody can see it looks as if it were gone.
    if (!IsInPlace(synced, local, number)) continue;
    for (const auto& [hidden, how] : closed) {
      const bool below = hidden != number && IsInside(local, number, hidden);
      if (local.contains(hidden) && (below || (hidden == number && how == 0))) {
        trees.unseen.insert(NumberedId<NodeId>(number));
      }
    }
  }
  return trees;
}

struct Outcome {
  LocalNodes local;
  Plan plan;
};

Outcome MakeOutcome(const Trees& trees, SyncMode mode) {
  int drawn = 5000;
  const auto new_id = [&drawn] { return NumberedId<NodeId>(++drawn); };
  Outcome outcome;
  outcome.local = MatchLocal(trees.synced, trees.remote, trees.local, {.new_id = new_id});
  outcome.plan = MakePlan(
      trees.synced, trees.remote, outcome.local,
      {.mode = mode, .conflict_stamp = "2024-01-02 030405", .device = "fuzz", .new_id = new_id});
  return outcome;
}

std::string Describe(const Plan& plan) {
  std::string text;
  for (const Action& action : plan.actions) {
    text += std::string(ActionKindName(action.kind)) + " " + action.node.ToHex() + " " +
            action.to.parent.ToHex() + "/" + action.to.name + " " + action.from + ">" +
            action.path + "\n";
  }
  return text;
}

void CheckDeletion(const Trees& trees, const LocalNodes& local, const Action& action) {
  const auto head = trees.remote.find(action.node);
  if (action.kind == ActionKind::kDeleteHere) {
    Require(local.present.contains(action.node), "only what is here is deleted here");
    Require(head != trees.remote.end() && head->second.state.deleted,
            "only what the server deleted is deleted here");
  }
  if (action.kind == ActionKind::kDeleteThere) {
    Require(trees.synced.contains(action.node), "only what was agreed on is deleted there");
    Require(!local.present.contains(action.node), "only what is gone here is deleted there");
    Require(!trees.unseen.contains(action.node), "what cannot be seen is not deleted there");
  }
}

void CheckPlan(const Trees& trees, const Outcome& outcome, SyncMode mode) {
  for (const Action& action : outcome.plan.actions) {
    Require(!outcome.local.held.contains(action.node), "nothing is done to what is held");
    if (mode == SyncMode::kUploadOnly) Require(!IsHere(action.kind), "the disk is not touched");
    if (mode == SyncMode::kDownloadOnly) Require(!IsThere(action.kind), "nor the server");
    if (mode == SyncMode::kTwoWay) CheckDeletion(trees, outcome.local, action);
  }
}

}  // namespace
}  // namespace syncengine::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace syncengine;
  fuzz::Input input(data, size);
  const auto mode = static_cast<SyncMode>(1 + input.Below(3));
  const fuzz::Trees trees = fuzz::ReadTrees(input);
  const fuzz::Outcome outcome = fuzz::MakeOutcome(trees, mode);
  fuzz::CheckPlan(trees, outcome, mode);
  const fuzz::Outcome again = fuzz::MakeOutcome(trees, mode);
  fuzz::Require(fuzz::Describe(outcome.plan) == fuzz::Describe(again.plan), "one plan");
  return 0;
}
