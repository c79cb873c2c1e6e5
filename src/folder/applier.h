// Carries out what a plan says about the disk, except downloads: directories, moves, deletions and
// attributes.
#ifndef SYNCENGINE_SRC_FOLDER_APPLIER_H_
#define SYNCENGINE_SRC_FOLDER_APPLIER_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "src/folder/round.h"
#include "syncengine/folder/ignore_rules.h"

namespace syncengine::folder {

// Single-threaded, for one round.
class Applier {
 public:
  Applier(const Surroundings& around, const IgnoreRules& ignore, Round& round)
      : around_(around), ignore_(ignore), round_(round) {}

  // Actions that fail are in the outcome. `check_root` runs before the first deletion. An error
  // status means that nothing more may be done.
  absl::Status Run(absl::FunctionRef<absl::Status()> check_root);

 private:
  absl::Status Apply(const Action& action);
  absl::Status MakeDirectory(const Action& action);
  absl::Status Move(const Action& action);
  absl::Status Park(const Action& action);
  absl::Status SetAttributes(const Action& action);
  absl::Status Delete(const Action& action);
  absl::Status DeleteDirectory(const Action& action, const std::string& path);
  absl::Status DeleteFile(const Action& action, const std::string& path);
  absl::Status HandOverToLoser(const Action& action);
  absl::Status RenameOnDisk(const std::string& from, const std::string& to);
  absl::StatusOr<std::string> PathNow(const NodeId& node) const;
  absl::StatusOr<std::string> PathAfter(const Action& action) const;
  absl::Status SyncMade(const std::string& path);
  absl::Status SyncMoved(const std::string& path);
  absl::Status SyncTouched();
  void Record(const Action& action);

  const Surroundings& around_;
  const IgnoreRules& ignore_;
  Round& round_;
  absl::btree_set<std::string> touched_;          // Directories whose names changed.
  absl::btree_set<std::string> made_;             // New directories that may not be durable.
  absl::btree_set<std::string> moved_;            // Directories whose new place may not be durable.
  absl::flat_hash_map<NodeId, uint64_t> parked_;  // Their intents.
  std::vector<uint64_t> settled_;                 // Intents of parked nodes that found their place.
};

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_APPLIER_H_
