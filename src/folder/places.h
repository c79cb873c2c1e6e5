// Where nodes are on the disk right now, followed while actions move them.
#ifndef SYNCENGINE_SRC_FOLDER_PLACES_H_
#define SYNCENGINE_SRC_FOLDER_PLACES_H_

#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "syncengine/base/ids.h"
#include "syncengine/reconcile/matching.h"
#include "syncengine/reconcile/observation.h"

namespace syncengine::folder {

// Single-threaded.
class Places {
 public:
  Places() = default;
  explicit Places(const LocalNodes& local) {
    for (const auto& [node, here] : local.present) Put(node, here.position, here.print);
  }

  void Put(const NodeId& node, const Position& position, const Fingerprint& print) {
    places_[node] = {position, print, std::nullopt};
  }
  // Outside of the tree for a while.
  void Park(const NodeId& node, std::string path) { places_[node].parked = std::move(path); }
  void Move(const NodeId& node, const Position& position) {
    Place& place = places_[node];
    place.position = position;
    place.parked.reset();
  }
  void Erase(const NodeId& node) { places_.erase(node); }
  // The file of `from` is from now on the file of `to`.
  void Rename(const NodeId& from, const NodeId& to) {
    auto place = places_.extract(from);
    if (place.empty()) return;
    place.key() = to;
    places_.insert(std::move(place));
  }

  bool Has(const NodeId& node) const { return places_.contains(node); }
  const Fingerprint* Print(const NodeId& node) const {
    auto found = places_.find(node);
    return found == places_.end() ? nullptr : &found->second.print;
  }
  // "a/b"; nothing when a directory above is not here.
  std::optional<std::string> PathOf(const NodeId& node) const {
    if (node == kRootNode) return "";
    auto found = places_.find(node);
    if (found == places_.end()) return std::nullopt;
    if (found->second.parked) return found->second.parked;
    return PathOf(found->second.position);
  }
  std::optional<std::string> PathOf(const Position& position) const {
    const std::optional<std::string> parent = PathOf(position.parent);
    if (!parent) return std::nullopt;
    return parent->empty() ? position.name : absl::StrCat(*parent, "/", position.name);
  }

 private:
  struct Place {
    Position position;
    Fingerprint print;
    std::optional<std::string> parked;
  };
  absl::flat_hash_map<NodeId, Place> places_;
};

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_PLACES_H_
