// Change notification by inotify(7).
#ifndef SYNCENGINE_SRC_STORES_INOTIFY_WATCH_H_
#define SYNCENGINE_SRC_STORES_INOTIFY_WATCH_H_

#include <memory>

#include "absl/status/statusor.h"
#include "src/stores/posix_tree.h"
#include "syncengine/ports/file_system.h"

namespace syncengine::stores {

// `tree` must outlive the watch.
absl::StatusOr<std::unique_ptr<FileWatch>> NewInotifyWatch(const PosixTree& tree);

}  // namespace syncengine::stores

#endif  // SYNCENGINE_SRC_STORES_INOTIFY_WATCH_H_
