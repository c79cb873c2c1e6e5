// Carries out what a plan says about the server.
#ifndef SYNCENGINE_SRC_FOLDER_SENDER_H_
#define SYNCENGINE_SRC_FOLDER_SENDER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "src/folder/round.h"
#include "src/transfer/outlines.h"
#include "syncengine/transfer/uploader.h"

namespace syncengine::folder {

// For one round. Runs on the thread that calls Run.
class Sender : public UploadPlan {
 public:
  Sender(const Surroundings& around, Round& round)
      : around_(around), round_(round), outlines_(&around.state.store(), around.opened.record.id) {}

  // Actions that fail are in the outcome. An error status means that the service failed.
  absl::Status Run();

  std::optional<UploadItem> Next() override;
  void Finished(const UploadItem& item, const UploadResult& result) override;

 private:
  // The file as it was when its content was read.
  struct Reading {
    Fingerprint print;
    bool racy = false;
  };

  // A new node that is committed under another name than it has for its user.
  struct Renamed {
    NodeId node;
    RevisionId revision;
    NodeState state;
  };

  absl::Status RunWave();
  absl::Status CheckName(const Action& action) const;
  UploadItem ItemFor(const Action& action);
  absl::Status NoteSent(absl::Span<const Change> changes);
  absl::StatusOr<std::unique_ptr<ContentSource>> Open(const NodeId& node);
  void Record(const Action& action, const UploadItem& item, const UploadResult& result);
  std::optional<Reading> ReadingOf(const NodeId& node) const;
  void Count(const Action& action);
  bool LostItsName(const NodeState& state) const;
  absl::Status NoteLostNames();
  void FailRest(const absl::Status& status);

  const Surroundings& around_;
  Round& round_;
  Outlines outlines_;
  int wave_ = 0;
  size_t next_ = 0;                                       // Into the plan's actions.
  absl::flat_hash_map<NodeId, const Action*> under_way_;  // Of this wave.
  absl::flat_hash_map<NodeId, Reading> readings_;
  std::vector<Renamed> renamed_;  // Not noted yet.
};

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_SENDER_H_
