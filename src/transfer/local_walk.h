// Reads a local tree ahead of whoever compares it.
#ifndef SYNCENGINE_SRC_TRANSFER_LOCAL_WALK_H_
#define SYNCENGINE_SRC_TRANSFER_LOCAL_WALK_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "src/kernels/digest.h"
#include "src/transfer/crew.h"
#include "syncengine/ports/executor.h"
#include "syncengine/ports/file_system.h"

namespace syncengine {

// A directory and its entries by name, or why they are unknown.
struct LocalListing {
  std::string path;
  absl::StatusOr<std::vector<StatEntry>> entries;
};

// What a walk saw, in a few bytes: two walks with equal prints saw the same names, kinds, modes,
// files and links. The times of directories do not count, as in a put.
struct WalkPrint {
  kernels::Digest digest{};
  uint64_t files = 0;
  int64_t newest_ctime_ns = 0;  // Of files and links.
  bool complete = true;         // Everything could be read.
};

// Lists a directory and all below on the executor, at most some ten thousand entries ahead:
// directories are taken depth first, the last by name first. Owned and called by one thread.
class LocalWalk {
 public:
  // Begins at once. `files` outlives the walk.
  LocalWalk(FileSystem& files, Executor& executor, std::string root);

  // The next directory; none at the end.
  std::optional<LocalListing> Next();
  // Walks to the end, and tells what it saw. What was listed until then is given by Next all the
  // same, unless it was so much that the walk begins again.
  WalkPrint Finish();
  // What was seen, once Next has given everything.
  const WalkPrint& print() const { return print_; }

 private:
  struct Batch {
    std::vector<std::string> stack;
    std::vector<LocalListing> listings;
    size_t entries = 0;
  };

  static void ListSome(FileSystem& files, Batch& batch);
  void Begin();
  void StartBatch();
  void Take(Batch batch);
  void Print(const LocalListing& listing);

  FileSystem& files_;
  const std::string root_;
  std::vector<std::string> stack_;  // Directories to come, while no batch is running.
  bool running_ = false;
  std::deque<LocalListing> ready_;
  size_t ready_entries_ = 0;
  WalkPrint print_;
  Crew crew_;  // Destroyed first: its work uses the rest.
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_LOCAL_WALK_H_
