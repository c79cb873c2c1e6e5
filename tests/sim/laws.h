// What must hold in every run.
#ifndef SYNCENGINE_TESTS_SIM_LAWS_H_
#define SYNCENGINE_TESTS_SIM_LAWS_H_

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

  // A sync when everything is at rest has nothing to do.
  void MovesNothing(const SimDevice& device, const absl::StatusOr<SyncReport>& report);
  void NeverAtRest(const std::vector<std::unique_ptr<SimDevice>>& devices,
                   const absl::StatusOr<SyncReport>& last);
  // Everything that is judged at the end.
  void JudgeRest(SimServer& server, const std::vector<std::unique_ptr<SimDevice>>& devices,
                 const Users& users);

  RunResult TakeFailures() { return std::move(result_); }

 private:
  void CheckStores(SimServer& server);
  void CheckHistory(SimServer& server);
  void CheckTokens(const Tree& tree, const Users& users);
  void CheckNewcomer(SimServer& server, const Tree& tree);
  void CheckCanary(SimServer& server);
  std::string ReadContent(const OpenedNamespace& opened, Executor& executor,
                          const ContentRef& content, absl::string_view label);

  const SimPlan& plan_;
  RunResult result_;
  std::vector<std::string> journal_;  // Encoded entries, by sequence from 1.
  bool reading_ = false;
  uint64_t era_ = 0;  // Counts restored backups.
  std::set<std::string> history_tokens_;
};

}  // namespace syncengine::sim

#endif  // SYNCENGINE_TESTS_SIM_LAWS_H_
