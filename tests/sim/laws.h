// What must hold in every run.
#ifndef SYNCENGINE_TESTS_SIM_LAWS_H_
#define SYNCENGINE_TESTS_SIM_LAWS_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/device.h"
#include "tests/sim/server.h"
#include "tests/sim/users.h"
#include "tests/sim/world.h"

namespace syncengine::sim {

class Laws {
 public:
  explicit Laws(const SimPlan& plan) : plan_(plan) {}

  void Break(std::string law);

  // The journal is dense, never changes and never gets shorter. Reads on from the last time.
  void ReadJournal(SimServer& server);
  // A backup took the server's place.
  void ForgetJournal();
  uint64_t journal_size() const { return journal_.size(); }

  // After each sync: the place in the journal that a client remembers never goes back, unless the
  // server did, and it touches nothing outside its folder.
  void FollowDevice(SimDevice& device);
  // What the client remembers was put back to a backup.
  void ForgetDevice(const SimDevice& device) { remembered_.erase(device.machine.name()); }

  // Something that the operator of the server reads: with end-to-end keys it betrays nothing.
  void Said(absl::string_view text);

  // A sync when everything is at rest has nothing to do.
  void MovesNothing(const SimDevice& device, const absl::StatusOr<SyncReport>& report);
  void NeverAtRest(const std::vector<std::unique_ptr<SimDevice>>& devices,
                   const absl::StatusOr<SyncReport>& last);
  // Everything that is judged at the end.
  void JudgeRest(SimServer& server, const std::vector<std::unique_ptr<SimDevice>>& devices,
                 const Users& users);

  RunResult TakeFailures() { return std::move(result_); }

 private:
  // Where a device was in the journal: the furthest place in each history, and which is its last.
  struct Places {
    std::map<HistoryId, uint64_t> furthest;
    HistoryId present;
  };

  // The places that the devices acknowledged.
  void ReadPlaces(Service& owner);
  void FollowPlace(std::map<std::string, Places>& all, const std::string& device,
                   const Cursor& cursor, absl::string_view whose);
  void CheckStores(SimServer& server);
  void CheckHistory(SimServer& server, const Users& users, bool any_slow);
  void CheckTokens(const std::vector<std::unique_ptr<SimDevice>>& devices, const Users& users);
  void CheckConflicts(const Tree& tree, const Users& users);
  void CheckNewcomer(SimServer& server, const Tree& tree);
  void CheckEffects(SimServer& server);
  void CheckCanary(SimServer& server);
  void CheckWhole(const Tree& tree, const Users& users);
  std::string ReadContent(const OpenedNamespace& opened, Executor& executor,
                          const ContentRef& content, absl::string_view label);

  const SimPlan& plan_;
  RunResult result_;
  std::vector<std::string> journal_;  // Encoded entries, by sequence from 1.
  bool reading_ = false;
  uint64_t era_ = 0;  // Counts restored backups.
  std::set<std::string> history_tokens_;
  std::map<std::string, Places> remembered_;    // By device.
  std::map<std::string, Places> acknowledged_;  // As the server knows it.
};

}  // namespace syncengine::sim

#endif  // SYNCENGINE_TESTS_SIM_LAWS_H_
