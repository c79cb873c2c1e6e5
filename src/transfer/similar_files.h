// Which file of the remote tree a new file was probably made from.
#ifndef SYNCENGINE_SRC_TRANSFER_SIMILAR_FILES_H_
#define SYNCENGINE_SRC_TRANSFER_SIMILAR_FILES_H_

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "src/transfer/remote_tree.h"

namespace syncengine {

// Renamed, copied and moved files keep most of their name and about their size. A wrong guess costs
// a look at a content that has nothing in common. Thread-compatible.
class SimilarFiles {
 public:
  // `tree` outlives this and does not change.
  explicit SimilarFiles(const RemoteTree& tree) : tree_(tree) {}

  // The file that a new one at `path` most resembles: of the same directory that of the nearest
  // name, otherwise the only one of the same name. Null when there is none.
  const RemoteNode* Find(const std::string& path, uint64_t size);

 private:
  const RemoteNode* FindBeside(const std::string& path, uint64_t size) const;
  const RemoteNode* FindNamesake(absl::string_view name, uint64_t size);

  const RemoteTree& tree_;
  bool indexed_ = false;
  // Files by name; null where several have it.
  absl::flat_hash_map<absl::string_view, const RemoteNode*> by_name_;
};

// The least number of bytes inserted, removed or replaced that make `b` of `a`; `bound + 1` when it
// is more than `bound`. Pure.
size_t EditDistance(absl::string_view a, absl::string_view b, size_t bound);

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_SIMILAR_FILES_H_
