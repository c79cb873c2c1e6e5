// One look at both sides and the plan that follows from it.
#ifndef SYNCENGINE_SRC_FOLDER_OBSERVER_H_
#define SYNCENGINE_SRC_FOLDER_OBSERVER_H_

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/folder/content_check.h"
#include "src/folder/remote_observer.h"
#include "src/folder/round.h"
#include "src/folder/scanner.h"
#include "syncengine/folder/ignore_rules.h"

namespace syncengine::folder {

struct SeenDirectory {
  std::string path;  // "" is the root.
  uint64_t inode = 0;
};

struct Observation {
  LocalNodes local;
  Plan plan;
  std::vector<Issue> issues;
  std::vector<Issue> notes;                // Issues that the next look will not see any more.
  std::vector<SeenDirectory> directories;  // For a watch.
  absl::Time scanned;
  bool complete = true;  // Nothing was unknown.
  bool emptied = false;  // The folder had several nodes and has none now.
};

// Single-threaded.
class Observer {
 public:
  struct Options {
    std::string ignore_file;
    bool skip_symlinks = false;
    SyncMode mode = SyncMode::kTwoWay;
    bool merge = true;
  };

  // The references outlive the object.
  Observer(const Surroundings& around, RemoteObserver& remote, const ContentCheck& check,
           Options options)
      : around_(around), remote_(remote), check_(check), options_(std::move(options)) {}

  // Changes nothing on either side. `dry` also leaves damaged files where they are.
  absl::StatusOr<Observation> Look(bool dry, std::stop_token stop);

  // From now on `node` counts as not observed, because of `issue`.
  void LeaveAlone(const NodeId& node, Issue issue) { left_alone_[node] = std::move(issue); }
  void LeaveNothingAlone() { left_alone_.clear(); }
  const IgnoreRules& ignore() const { return ignore_; }
  // The machine went down while the folder was in use: until SetClean, what lost its content is no
  // edit.
  void SetUnclean() { unclean_ = true; }
  void SetClean() { unclean_ = false; }

 private:
  absl::Status ReadIgnoreFile();
  // Tells the planner what is known to be unmergeable, as long as it is still the same file.
  void NoteUnmerged(LocalNodes& local) const;
  LocalNodes Match(const SyncedTree& synced, const Scan& scan) const;
  absl::Status AnswerAboutSynced(const SyncedTree& synced, const Places& places, Observation& seen,
                                 std::stop_token stop) const;
  absl::Status AnswerAboutRemote(const SyncedTree& synced, const Places& places, Observation& seen,
                                 std::stop_token stop) const;
  void Hold(const NodeId& node, const std::string& path, const absl::Status& status,
            Observation& seen) const;
  // Puts files that lost their content in a power cut into the trash; they are fetched again.
  absl::Status SetAsideDamaged(const Places& places, Observation& seen, bool dry);

  const Surroundings& around_;
  RemoteObserver& remote_;
  const ContentCheck& check_;
  const Options options_;
  IgnoreRules ignore_;
  std::map<NodeId, Issue> left_alone_;
  bool unclean_ = false;
};

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_OBSERVER_H_
