// Runs blocking code in one thread, in an order that a seed decides, in time that only passes when
// everybody waits.
//
//   SimScheduler scheduler(seed);
//   SimMachine machine(scheduler, "server");
//   machine.Spawn([&] { ... code that waits in the ports of include/syncengine/testing/sim_*.h });
//   scheduler.Run();
#ifndef SYNCENGINE_TESTING_SIM_SCHEDULER_H_
#define SYNCENGINE_TESTING_SIM_SCHEDULER_H_

#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "syncengine/testing/sim_random.h"

#if defined(__SANITIZE_ADDRESS__)
// From <sanitizer/common_interface_defs.h>: AddressSanitizer must know whose stack this is.
extern "C" void __sanitizer_start_switch_fiber(void** fake_stack_save, const void* bottom,
                                               size_t size);
extern "C" void __sanitizer_finish_switch_fiber(void* fake_stack_save, const void** bottom_old,
                                                size_t* size_old);
#endif

namespace syncengine {

class SimMachine;

// Fibers that hand over only in Yield and Wait. Not thread-safe: everything of one world lives in
// the thread that calls Run. Code in a fiber must not hold a lock when it reaches a port.
class SimScheduler {
 public:
  explicit SimScheduler(uint64_t seed) : random_(seed) {}
  ~SimScheduler() {
    for (void* stack : free_stacks_) munmap(stack, kStackBytes);
  }
  SimScheduler(const SimScheduler&) = delete;
  SimScheduler& operator=(const SimScheduler&) = delete;

  // `body` runs on `machine` (which outlives it) from the next switch on.
  void Spawn(SimMachine& machine, absl::AnyInvocable<void()> body);
  // Runs fibers until all have ended, or until `steps_max` switches were made (then false: what is
  // left never ends, which is a finding).
  bool Run(uint64_t steps_max = 20'000'000);

  // --- For code in a fiber ---

  // Perhaps lets another fiber go first.
  void Yield();
  // Lets the fiber sleep until Wake(ticket) or until `timeout` passed.
  class Fiber;
  Fiber* current() { return current_; }
  void Sleep(absl::Duration timeout);
  void Wake(Fiber* fiber);
  // Lets everybody of `machine` that sleeps with a timeout go on now.
  void WakeAll(const SimMachine& machine);

  absl::Duration now() const { return now_; }
  uint64_t switches() const { return switches_; }
  // One line of what happened; the digest of all lines is the trace hash.
  void Trace(absl::string_view event, uint64_t detail = 0) {
    for (const char c : event) Mix(static_cast<uint8_t>(c));
    Mix(detail);
    Mix(static_cast<uint64_t>(absl::ToInt64Nanoseconds(now_)));
  }
  uint64_t trace_hash() const { return hash_; }

 private:
  static constexpr size_t kStackBytes = 1u << 20;  // Only what is touched takes memory.
  static constexpr size_t kGuardBytes = 4096;

  void Mix(uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001b3u; }
  void* TakeStack();
  void SwitchTo(Fiber* fiber);
  void SwitchBack();
  void WakeDue();
  static void Enter(unsigned high, unsigned low);

  SimRandom random_;
  absl::Duration now_ = absl::ZeroDuration();
  uint64_t switches_ = 0;
  uint64_t hash_ = 0xcbf29ce484222325u;
  ucontext_t main_;
  const void* main_stack_ = nullptr;
  size_t main_stack_bytes_ = 0;
  Fiber* current_ = nullptr;
  std::vector<Fiber*> ready_;
  std::vector<Fiber*> asleep_;  // In order of falling asleep.
  std::vector<void*> free_stacks_;
};

// A computer: fibers that end together. Thread-compatible.
//
// When it crashes its code keeps running in a vacuum - every port call fails and has no effect -
// until the last fiber has ended, so that nothing leaks; from outside it is dead at once.
class SimMachine {
 public:
  SimMachine(SimScheduler& scheduler, std::string name)
      : scheduler_(scheduler), name_(std::move(name)) {}

  void Spawn(absl::AnyInvocable<void()> body) { scheduler_.Spawn(*this, std::move(body)); }
  const std::string& name() const { return name_; }
  SimScheduler& scheduler() const { return scheduler_; }
  bool dead() const { return dead_; }
  int fibers() const { return fibers_; }

  // Dies at the `calls`-th port call from now.
  void CrashAfter(uint64_t calls) { countdown_ = calls + 1; }
  void CancelCrash() { countdown_ = 0; }
  void Crash() {
    if (dead_) return;
    dead_ = true;
    countdown_ = 0;
    scheduler_.Trace("crash");
    scheduler_.WakeAll(*this);
    if (on_crash) on_crash();
  }
  // After the last fiber ended.
  void Revive() { dead_ = false; }

  // What each port asks before it does something, and again before it answers: false when the
  // machine is dead and nothing may happen any more. A switch point.
  bool PortCall(absl::string_view call) {
    if (dead_) return false;
    scheduler_.Trace(call);
    if (countdown_ > 0 && --countdown_ == 0) {
      Crash();
      return false;
    }
    scheduler_.Yield();
    return !dead_;
  }

  std::function<void()> on_crash;  // Called inside Crash.

 private:
  friend class SimScheduler;

  SimScheduler& scheduler_;
  const std::string name_;
  bool dead_ = false;
  uint64_t countdown_ = 0;
  int fibers_ = 0;
};

class SimScheduler::Fiber {
 public:
  ucontext_t context;
  void* stack = nullptr;
  SimScheduler* scheduler = nullptr;
  SimMachine* machine = nullptr;
  absl::AnyInvocable<void()> body;
  absl::Duration deadline = absl::InfiniteDuration();
  bool sleeping = false;
  bool ended = false;
  void* fake_stack = nullptr;  // AddressSanitizer's.
};

inline void* SimScheduler::TakeStack() {
  if (!free_stacks_.empty()) {
    void* stack = free_stacks_.back();
    free_stacks_.pop_back();
    return stack;
  }
  void* stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED) abort();
  mprotect(stack, kGuardBytes, PROT_NONE);  // An overflow ends the program, not the neighbour.
  return stack;
}

inline void SimScheduler::Enter(unsigned high, unsigned low) {
  auto* fiber = reinterpret_cast<Fiber*>((uint64_t{high} << 32) | low);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &fiber->scheduler->main_stack_,
                                  &fiber->scheduler->main_stack_bytes_);
#endif
  std::move(fiber->body)();
  fiber->body = nullptr;
  fiber->ended = true;
  fiber->scheduler->SwitchBack();
}

inline void SimScheduler::Spawn(SimMachine& machine, absl::AnyInvocable<void()> body) {
  auto* fiber = new Fiber;
  fiber->stack = TakeStack();
  fiber->scheduler = this;
  fiber->machine = &machine;
  fiber->body = std::move(body);
  getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack;
  fiber->context.uc_stack.ss_size = kStackBytes;
  fiber->context.uc_link = nullptr;
  const auto address = reinterpret_cast<uint64_t>(fiber);
  makecontext(&fiber->context, reinterpret_cast<void (*)()>(&SimScheduler::Enter), 2,
              static_cast<unsigned>(address >> 32), static_cast<unsigned>(address));
  ++machine.fibers_;
  ready_.push_back(fiber);
}

inline void SimScheduler::SwitchTo(Fiber* fiber) {
  current_ = fiber;
  ++switches_;
#if defined(__SANITIZE_ADDRESS__)
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, fiber->stack, kStackBytes);
#endif
  swapcontext(&main_, &fiber->context);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
  current_ = nullptr;
}

inline void SimScheduler::SwitchBack() {
  Fiber* fiber = current_;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(fiber->ended ? nullptr : &fiber->fake_stack, main_stack_,
                                 main_stack_bytes_);
#endif
  swapcontext(&fiber->context, &main_);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fiber->fake_stack, &main_stack_, &main_stack_bytes_);
#endif
}

inline void SimScheduler::Yield() {
  if (current_ == nullptr || ready_.empty() || random_.Below(4) != 0) return;
  ready_.push_back(current_);
  SwitchBack();
}

inline void SimScheduler::Sleep(absl::Duration timeout) {
  Fiber* fiber = current_;
  fiber->sleeping = true;
  fiber->deadline = now_ + timeout;
  asleep_.push_back(fiber);
  SwitchBack();
}

inline void SimScheduler::Wake(Fiber* fiber) {
  if (!fiber->sleeping) return;
  fiber->sleeping = false;
  std::erase(asleep_, fiber);
  ready_.push_back(fiber);
}

inline void SimScheduler::WakeAll(const SimMachine& machine) {
  const std::vector<Fiber*> sleepers = asleep_;
  for (Fiber* fiber : sleepers) {
    if (fiber->machine == &machine && fiber->deadline != absl::InfiniteDuration()) Wake(fiber);
  }
}

inline void SimScheduler::WakeDue() {
  absl::Duration next = absl::InfiniteDuration();
  for (const Fiber* fiber : asleep_) next = std::min(next, fiber->deadline);
  if (next == absl::InfiniteDuration()) return;
  now_ = std::max(now_, next);
  const std::vector<Fiber*> sleepers = asleep_;
  for (Fiber* fiber : sleepers) {
    if (fiber->deadline <= now_) Wake(fiber);
  }
}

inline bool SimScheduler::Run(uint64_t steps_max) {
  for (uint64_t step = 0; step < steps_max; ++step) {
    if (ready_.empty()) WakeDue();
    if (ready_.empty()) return asleep_.empty();
    const size_t chosen = random_.Below(ready_.size());
    std::swap(ready_[chosen], ready_.back());
    Fiber* fiber = ready_.back();
    ready_.pop_back();
    SwitchTo(fiber);
    if (!fiber->ended) continue;
    --fiber->machine->fibers_;
    free_stacks_.push_back(fiber->stack);
    delete fiber;
  }
  return false;
}

}  // namespace syncengine

#endif  // SYNCENGINE_TESTING_SIM_SCHEDULER_H_
