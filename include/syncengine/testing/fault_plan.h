// Which call of a decorated port fails, and how.
#ifndef SYNCENGINE_TESTING_FAULT_PLAN_H_
#define SYNCENGINE_TESTING_FAULT_PLAN_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace syncengine {

// Shared by a test and its Faulty... decorators. Counts calls from 0 on and lets one of them fail,
// or all from one on. A sweep runs a scenario for index 0, 1, 2 ... until failures() stays 0.
// Thread-safe.
class FaultPlan {
 public:
  struct Fault {
    int64_t index = 0;  // Which counted call fails, from now.
    absl::Status status = absl::UnavailableError("injected fault");
    bool forever = false;  // All later ones too.
    std::string only;      // Counts only calls of this name, e.g. "Sync"; empty: all.
  };

  // Starts counting anew, with `fault` ahead.
  void Arm(Fault fault) {
    absl::MutexLock lock(&mutex_);
    fault_ = std::move(fault);
    armed_ = true;
    counted_ = 0;
    failures_ = 0;
  }
  void Disarm() {
    absl::MutexLock lock(&mutex_);
    armed_ = false;
  }
  // How many calls failed since Arm.
  int64_t failures() const {
    absl::MutexLock lock(&mutex_);
    return failures_;
  }
  // The names of all calls ever, in order.
  std::vector<std::string> calls() const {
    absl::MutexLock lock(&mutex_);
    return calls_;
  }

  // What the decorators ask before each call: OK, or the error to give instead.
  absl::Status Next(absl::string_view call) {
    absl::MutexLock lock(&mutex_);
    calls_.emplace_back(call);
    if (!armed_ || (!fault_.only.empty() && fault_.only != call)) return absl::OkStatus();
    const int64_t index = counted_++;
    const bool fails = fault_.forever ? index >= fault_.index : index == fault_.index;
    if (!fails) return absl::OkStatus();
    ++failures_;
    return fault_.status;
  }

 private:
  mutable absl::Mutex mutex_;
  Fault fault_ ABSL_GUARDED_BY(mutex_);
  bool armed_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t counted_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t failures_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace syncengine

#endif  // SYNCENGINE_TESTING_FAULT_PLAN_H_
