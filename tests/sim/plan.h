// What will happen in one run: who does what when, and what breaks when. All of it follows from a
// seed; leaving parts out is how a failing run is made small.
#ifndef SYNCENGINE_TESTS_SIM_PLAN_H_
#define SYNCENGINE_TESTS_SIM_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace syncengine::sim {

enum class OpKind : uint8_t {
  kWrite,   // A new file, or all of an old one anew.
  kEdit,    // One line of a text more, or another one.
  kDelete,  // A file.
  kRename,  // A file, also into another directory.
  kMakeDirectory,
  kRemoveTree,  // A directory with all that is in it.
  kMoveDirectory,
  kMakeSymlink,
  kSetMode,
};
inline constexpr int kOpKinds = 9;

// What a user does on one device. `a` and `b` choose among what is there at that time.
struct UserOp {
  absl::Duration at;
  int device = 0;
  OpKind kind = OpKind::kWrite;
  uint64_t a = 0;
  uint64_t b = 0;
};

enum class FaultKind : uint8_t {
  kCrashDevice,     // Its client is killed `a` port calls later; the disk stays as it is.
  kPowerCutDevice,  // As above, and the disk forgets what was not synced.
  kCrashServer,
  kPowerCutServer,
  kPartition,      // The device is offline for `a` seconds.
  kClockJump,      // The device's wall clock jumps to `a` seconds off.
  kBackupServer,   // Somebody copies the server's stores ...
  kRestoreServer,  // ... and puts the copy back.
  kDiskFault,      // One of the device's next `a` file-system calls fails.
  kServerDiskFault,
  kFillDevice,  // Its disk is full for `a` seconds; for its client's rows as well when `a` is even.
  kFillServer,
  kBackupDevice,   // Somebody copies what the device's client remembers, and its folder ...
  kRestoreDevice,  // ... and puts the copy back: when `a` is even, of the memory alone.
};

struct Fault {
  absl::Duration at;
  FaultKind kind = FaultKind::kCrashDevice;
  int device = 0;
  uint64_t a = 0;
};

// The kinds of trouble that one run has; another run has others.
struct Weather {
  int devices = 2;
  bool end_to_end = false;
  uint64_t lose_request = 0;  // In a thousand, as the next two.
  uint64_t lose_reply = 0;
  uint64_t repeat_request = 0;
  absl::Duration delay_max = absl::ZeroDuration();
  int64_t mtime_granularity_ns = 1;
  bool resurrection_law = true;  // Nothing in this run can bring back what was deleted.
  bool server_restored = false;
  bool server_disk_fails = false;
  bool device_restored = false;
  uint32_t watching = 0;    // A bit for each device whose client stays and watches.
  uint32_t folds_case = 0;  // A bit for each device whose disk takes 'a' for 'A'; never the first.
  bool collect = false;     // Garbage, all the time.
  bool forget = false;      // Old revisions, too.
};

struct SimPlan {
  uint64_t seed = 0;
  Weather weather;
  std::vector<UserOp> ops;    // By time.
  std::vector<Fault> faults;  // By time.
};

// The plan of a seed.
SimPlan MakePlan(uint64_t seed);

// "3 devices, end to end, device 1 watches", for people.
std::string Describe(const Weather& weather);
// "12 s device 1 edits (3, 17)", for people.
std::string Describe(const UserOp& op);
std::string Describe(const Fault& fault);

}  // namespace syncengine::sim

#endif  // SYNCENGINE_TESTS_SIM_PLAN_H_
