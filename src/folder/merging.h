// Carries out what a plan says of contents that changed on both sides: before anything else of it.
#ifndef SYNCENGINE_SRC_FOLDER_MERGING_H_
#define SYNCENGINE_SRC_FOLDER_MERGING_H_

#include <optional>
#include <stop_token>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/folder/content_check.h"
#include "src/folder/observer.h"
#include "src/folder/round.h"
#include "syncengine/merge/merger.h"
#include "syncengine/transfer/content_merger.h"

namespace syncengine::folder {

// A content here that changed on both sides.
struct Contest {
  const Action& action;
  const LocalNode& here;
  const Revision& theirs;
  std::string path;
};

// For one round. Leaves the disk alone: a content that was merged counts as agreed on once it is
// kept aside on the server, and then the merge is an ordinary download, with all its care for edits
// that slip in. Single-threaded.
class Merging {
 public:
  struct Options {
    const MergerRegistry& mergers;
    MergeOptions merge;
    size_t copies_max = 0;
  };

  Merging(const Surroundings& around, const ContentCheck& check, const Options& options)
      : around_(around),
        check_(check),
        options_(options),
        merger_(around.opened, around.executor, around.entropy, around.clock, options.mergers,
                options.merge) {}

  // Contents that could not even be tried are told to `observer`, so that the rest goes on without
  // them. An error status means that the service failed.
  absl::Status Run(const Observation& seen, Observer& observer, Outcome& outcome,
                   std::stop_token stop);

 private:
  absl::Status Settle(const Contest& contest, Outcome& outcome, std::stop_token stop);
  // A losing content of another device that is the same as ours.
  absl::StatusOr<std::optional<Revision>> FindTwin(const Contest& contest,
                                                   const std::vector<ConflictRecord>& conflicts);
  absl::StatusOr<bool> WasCopied(const RevisionId& ours);
  absl::StatusOr<std::vector<ConflictRecord>> OpenConflicts(const NodeId& node);
  MergeTask TaskFor(const Contest& contest, bool copy);
  absl::StatusOr<std::unique_ptr<ContentSource>> Open(const Contest& contest);
  // The local content is on the server as `ours`: from now on it is what both sides agreed on.
  void Agree(const Contest& contest, const RevisionId& ours, const ContentRef& content);
  absl::Status NoteConflict(const Contest& contest, const MergeOutcome& merged);

  const Surroundings& around_;
  const ContentCheck& check_;
  const Options options_;
  ContentMerger merger_;
};

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_MERGING_H_
