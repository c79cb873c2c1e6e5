// Counts what the crash and fault tests looked at, for the figures they print at their end.
#ifndef SYNCENGINE_TESTS_CRASH_TALLY_H_
#define SYNCENGINE_TESTS_CRASH_TALLY_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"

namespace syncengine::testing {

// One for the whole program. Single-threaded.
class Tally {
 public:
  static Tally& Get();

  // How many disks to look at for each place where power may fail: a few in the quick run, more
  // with the environment's CRASH_STATES.
  uint64_t states_per_point() const { return states_per_point_; }
  // How many random scenarios are tried: a few, or with the environment's CRASH_SEEDS more.
  uint64_t seeds() const { return seeds_; }
  // Whether the random scenario `seed` is for this process: the environment's CRASH_SHARD="1/2"
  // takes the second of two parts.
  bool IsMine(uint64_t seed) const { return seed % shards_ == shard_; }
  // Every how many-th fault of a sweep is tried; 1 with the environment's FAULT_SWEEP=full.
  int64_t fault_stride() const { return fault_stride_; }

  // Gives its number.
  int64_t CountScenario() { return ++scenarios_; }
  // A call that changed something. It is covered once a state is counted that power may leave
  // behind it.
  void CountOperation(absl::string_view call);
  // A state of a disk by its digest (state_digest.h). False when it was looked at before with the
  // same `expectation`, a digest of what must be found on it: it need not be looked at again.
  bool CountState(uint64_t digest, uint64_t expectation);
  void CountSecondCrash() { ++second_crashes_; }
  void CountFaultRun() { ++fault_runs_; }

  void Print() const;

 private:
  Tally();

  uint64_t states_per_point_ = 0;
  uint64_t seeds_ = 0;
  uint64_t shard_ = 0;
  uint64_t shards_ = 1;
  int64_t fault_stride_ = 0;
  std::string digests_path_;
  int64_t scenarios_ = 0;
  std::map<std::string, int64_t> operations_;
  int64_t covered_ = 0;
  bool is_covered_ = true;  // The last operation.
  int64_t states_ = 0;
  absl::flat_hash_set<uint64_t> distinct_;
  absl::flat_hash_set<uint64_t> checked_;
  int64_t second_crashes_ = 0;
  int64_t fault_runs_ = 0;
};

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTS_CRASH_TALLY_H_
