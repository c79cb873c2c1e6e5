// The law that nobody deletes what no user deleted: while the journal is read from its beginning,
// each deletion takes away only what users gave up or what another node still holds.
#ifndef SYNCENGINE_TESTS_SIM_DELETIONS_H_
#define SYNCENGINE_TESTS_SIM_DELETIONS_H_

#include <map>
#include <set>
#include <string>
#include <utility>

#include "syncengine/base/ids.h"
#include "tests/sim/users.h"

namespace syncengine::sim {

class Deletions {
 public:
  explicit Deletions(const Users& users) : users_(users) {}

  // The node has these tokens from now on.
  void Commit(const NodeId& node, std::set<std::string> tokens) { held_[node] = std::move(tokens); }
  // The token that was lost by a deletion of the node; empty when all is well.
  std::string Delete(const NodeId& node) {
    const std::set<std::string> tokens = std::exchange(held_[node], {});
    for (const std::string& token : tokens) {
      if (!users_.ledger().at(token).discarded && !IsHeld(token)) return token;
    }
    return "";
  }

 private:
  bool IsHeld(const std::string& token) const {
    for (const auto& [node, tokens] : held_) {
      if (tokens.contains(token)) return true;
    }
    return false;
  }

  const Users& users_;
  std::map<NodeId, std::set<std::string>> held_;
};

}  // namespace syncengine::sim

#endif  // SYNCENGINE_TESTS_SIM_DELETIONS_H_
