#include "src/reconcile/ordering.h"

#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"

namespace syncengine::reconcile {
namespace {

class Sequencer {
 public:
  Sequencer(const Positions& present, const std::vector<Step>& steps)
      : steps_(steps), done_(steps.size(), false), positions_(present) {
    for (const auto& [node, position] : positions_) {
      names_[position] = node;
      ++children_[position.parent];
    }
  }

  Order Run() {
    for (size_t i = 0; i < steps_.size(); ++i) ready_.push_back(static_cast<int>(i));
    size_t next_to_park = 0;
    do {
      Drain();
    } while (ParkOne(next_to_park));
    for (size_t i = 0; i < steps_.size(); ++i) {
      if (!done_[i]) order_.blocked.push_back(static_cast<int>(i));
    }
    return std::move(order_);
  }

 private:
  void Drain() {
    while (!ready_.empty()) {
      const int index = ready_.front();
      ready_.pop_front();
      if (done_[index] || Waits(index)) continue;
      done_[index] = true;
      order_.steps.push_back({.index = index});
      if (steps_[index].remove) {
        Leave(steps_[index].node);
      } else {
        Place(steps_[index].node, steps_[index].to);
      }
    }
  }

  // Registers the step with the first thing it must wait for.
  bool Waits(int index) {
    const Step& step = steps_[index];
    if (step.remove) {
      auto count = children_.find(step.node);
      if (count == children_.end() || count->second == 0) return false;
      on_empty_[step.node].push_back(index);
      return true;
    }
    const NodeId& parent = step.to.parent;
    if (parent != kRootNode && !positions_.contains(parent)) {
      on_parent_[parent].push_back(index);
      return true;
    }
    auto owner = names_.find(step.to);
    if (owner != names_.end() && owner->second != step.node) {
      on_name_[step.to].push_back(index);
      return true;
    }
    if (IsInside(parent, step.node)) {
      on_cycle_.push_back(index);
      return true;
    }
    return false;
  }

  bool IsInside(NodeId at, const NodeId& directory) const {
    for (size_t depth = 0; at != kRootNode && depth <= positions_.size(); ++depth) {
      if (at == directory) return true;
      auto found = positions_.find(at);
      if (found == positions_.end()) return false;
      at = found->second.parent;
    }
    return false;
  }

  void Leave(const NodeId& node) {
    auto found = positions_.find(node);
    if (found == positions_.end()) return;
    const Position old = found->second;
    positions_.erase(found);
    names_.erase(old);
    Wake(on_name_, old);
    if (--children_[old.parent] == 0) Wake(on_empty_, old.parent);
  }

  void Place(const NodeId& node, const Position& to) {
    const bool moved = positions_.contains(node);
    Leave(node);
    positions_[node] = to;
    names_[to] = node;
    ++children_[to.parent];
    Wake(on_parent_, node);
    if (moved) ready_.insert(ready_.end(), on_cycle_.begin(), on_cycle_.end());
    if (moved) on_cycle_.clear();
  }

  template <typename Key>
  void Wake(absl::flat_hash_map<Key, std::vector<int>>& waiting, const Key& key) {
    auto found = waiting.find(key);
    if (found == waiting.end()) return;
    ready_.insert(ready_.end(), found->second.begin(), found->second.end());
    waiting.erase(found);
  }

  // Nothing can go on: takes one node that is to move out of the way.
  bool ParkOne(size_t& next) {
    for (; next < steps_.size(); ++next) {
      const Step& step = steps_[next];
      if (done_[next] || step.remove || !positions_.contains(step.node)) continue;
      const int index = static_cast<int>(next++);
      const Position aside{kRootNode,
                           absl::StrCat(".syncengine-moving-", step.node.ToHex().substr(0, 16))};
      order_.steps.push_back({.index = index, .park = true, .parked_at = aside});
      Place(step.node, aside);
      ready_.push_back(index);
      return true;
    }
    return false;
  }

  const std::vector<Step>& steps_;
  std::vector<bool> done_;
  Positions positions_;
  absl::flat_hash_map<Position, NodeId> names_;
  absl::flat_hash_map<NodeId, int> children_;
  absl::flat_hash_map<Position, std::vector<int>> on_name_;
  absl::flat_hash_map<NodeId, std::vector<int>> on_parent_;
  absl::flat_hash_map<NodeId, std::vector<int>> on_empty_;
  std::vector<int> on_cycle_;
  std::deque<int> ready_;
  Order order_;
};

}  // namespace

Order OrderSteps(const Positions& present, const std::vector<Step>& steps) {
  return Sequencer(present, steps).Run();
}

}  // namespace syncengine::reconcile
