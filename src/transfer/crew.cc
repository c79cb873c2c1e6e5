#include "src/transfer/crew.h"

namespace syncengine {

Crew::Crew(Executor& executor) : executor_(executor), mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->signal = executor.NewSignal();
}

Crew::~Crew() {
  while (running_ > 0) {
    std::vector<Completion> dropped;
    {
      absl::MutexLock lock(&mailbox_->mutex);
      dropped.swap(mailbox_->ready);
    }
    running_ -= dropped.size();
    if (running_ > 0 && dropped.empty()) mailbox_->signal->Wait(absl::InfiniteDuration());
  }
}

void Crew::Start(absl::AnyInvocable<Completion()> work) {
  ++running_;
  executor_.Schedule([work = std::move(work), mailbox = mailbox_]() mutable {
    Completion completion = work();
    work = nullptr;  // What the work holds must be gone before the owner hears that it ended.
    {
      absl::MutexLock lock(&mailbox->mutex);
      mailbox->ready.push_back(std::move(completion));
    }
    mailbox->signal->Notify();
  });
}

bool Crew::Poll() {
  std::vector<Completion> ready;
  {
    absl::MutexLock lock(&mailbox_->mutex);
    ready.swap(mailbox_->ready);
  }
  for (Completion& completion : ready) {
    --running_;
    completion();
  }
  return !ready.empty();
}

void Crew::Wait() { WaitFor(absl::InfiniteDuration()); }

void Crew::WaitFor(absl::Duration timeout) {
  while (running_ > 0 && !Poll()) {
    // A signal may be left over from completions that an earlier Poll took.
    if (!mailbox_->signal->Wait(timeout)) return;
  }
}

}  // namespace syncengine
