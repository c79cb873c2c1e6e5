#include "syncengine/stores/in_process_notifier.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace syncengine {

// One subscription's callback. Runs are counted so that ending can wait for them; the lock is not
// held while the callback runs.
class InProcessNotifier::Entry {
 public:
  explicit Entry(std::function<void()> callback) : callback_(std::move(callback)) {}

  void Run() {
    {
      absl::MutexLock lock(&mutex_);
      if (ended_) return;
      ++running_;
    }
    callback_();
    absl::MutexLock lock(&mutex_);
    --running_;
  }

  void End() {
    absl::MutexLock lock(&mutex_);
    ended_ = true;
    mutex_.Await(absl::Condition(
        +[](int* running) { return *running == 0; }, &running_));
  }

 private:
  const std::function<void()> callback_;
  absl::Mutex mutex_;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

// Which entries a namespace has. Thread-safe.
class InProcessNotifier::Registry {
 public:
  void Add(const NamespaceId& id, std::shared_ptr<Entry> entry) {
    absl::MutexLock lock(&mutex_);
    entries_.emplace(id, std::move(entry));
  }

  void Remove(const NamespaceId& id, const Entry* entry) {
    absl::MutexLock lock(&mutex_);
    const auto [begin, end] = entries_.equal_range(id);
    for (auto it = begin; it != end; ++it) {
      if (it->second.get() != entry) continue;
      entries_.erase(it);
      return;
    }
  }

  std::vector<std::shared_ptr<Entry>> Find(const NamespaceId& id) {
    absl::MutexLock lock(&mutex_);
    std::vector<std::shared_ptr<Entry>> found;
    const auto [begin, end] = entries_.equal_range(id);
    for (auto it = begin; it != end; ++it) found.push_back(it->second);
    return found;
  }

 private:
  absl::Mutex mutex_;
  // Shared, because a Publish may still run an entry whose subscription is ending.
  std::multimap<NamespaceId, std::shared_ptr<Entry>> entries_ ABSL_GUARDED_BY(mutex_);
};

InProcessNotifier::InProcessNotifier() : registry_(std::make_shared<Registry>()) {}
InProcessNotifier::~InProcessNotifier() = default;

void InProcessNotifier::Publish(const NamespaceId& id) {
  for (const std::shared_ptr<Entry>& entry : registry_->Find(id)) entry->Run();
}

std::unique_ptr<Subscription> InProcessNotifier::Subscribe(const NamespaceId& id,
                                                           std::function<void()> callback) {
  class Handle final : public Subscription {
   public:
    Handle(std::shared_ptr<Registry> registry, const NamespaceId& id, std::shared_ptr<Entry> entry)
        : registry_(std::move(registry)), id_(id), entry_(std::move(entry)) {}
    ~Handle() override {
      registry_->Remove(id_, entry_.get());
      entry_->End();
    }

   private:
    const std::shared_ptr<Registry> registry_;
    const NamespaceId id_;
    const std::shared_ptr<Entry> entry_;
  };
  auto entry = std::make_shared<Entry>(std::move(callback));
  registry_->Add(id, entry);
  return std::make_unique<Handle>(registry_, id, std::move(entry));
}

}  // namespace syncengine
