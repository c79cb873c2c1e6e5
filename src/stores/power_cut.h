// What a power cut makes of a memory disk: one of the trees that the port allows to be found.
#ifndef SYNCENGINE_SRC_STORES_POWER_CUT_H_
#define SYNCENGINE_SRC_STORES_POWER_CUT_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "src/stores/memory_disk.h"
#include "syncengine/stores/memory_file_system.h"

namespace syncengine::stores {

// Repeats an unsynced write on `bytes`.
void Replay(const UnsyncedWrite& write, std::string& bytes);

// Builds one tree. Single-threaded; the disk must stay as it is meanwhile.
class PowerCutTree {
 public:
  PowerCutTree(MemoryFileSystem::PowerCutChoice choose, uint64_t page_bytes,
               std::shared_ptr<std::atomic<uint64_t>> used_bytes)
      : choose_(choose), page_bytes_(page_bytes), used_bytes_(std::move(used_bytes)) {}

  // A copy of the durable tree below `root` with some of the `unsynced` changes of names and some
  // of the unsynced content. All that is in it is durable.
  NodePtr Build(const MemoryNode& root, const std::vector<NameChange>& unsynced);

 private:
  void FindParents(const MemoryNode& directory);
  void Apply(const NameChange& change);
  bool IsPossible(const NameChange& change);
  const Children& ChildrenOf(const MemoryNode& directory) const;
  Children& ChangedChildrenOf(const MemoryNode& directory);
  bool IsAtOrBelow(const MemoryNode* directory, const MemoryNode* ancestor) const;
  NodePtr Copy(const MemoryNode& node);
  std::string Content(const MemoryNode& file);

  const MemoryFileSystem::PowerCutChoice choose_;
  const uint64_t page_bytes_;
  const std::shared_ptr<std::atomic<uint64_t>> used_bytes_;
  std::unordered_map<const MemoryNode*, Children> changed_;           // By directory.
  std::unordered_map<const MemoryNode*, const MemoryNode*> parents_;  // Of directories.
};

}  // namespace syncengine::stores

#endif  // SYNCENGINE_SRC_STORES_POWER_CUT_H_
