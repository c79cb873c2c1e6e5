// Hints between the threads of one process.
#ifndef SYNCENGINE_STORES_IN_PROCESS_NOTIFIER_H_
#define SYNCENGINE_STORES_IN_PROCESS_NOTIFIER_H_

#include <functional>
#include <memory>

#include "syncengine/base/ids.h"
#include "syncengine/ports/notifier.h"

namespace syncengine {

// Runs the callbacks of a namespace inside Publish, one after another; loses nothing. Thread-safe.
// Destroying a Subscription waits for its callback if another thread is running it. Subscriptions
// may outlive the notifier.
class InProcessNotifier final : public Notifier {
 public:
  InProcessNotifier();
  ~InProcessNotifier() override;

  void Publish(const NamespaceId& id) override;
  std::unique_ptr<Subscription> Subscribe(const NamespaceId& id,
                                          std::function<void()> callback) override;

 private:
  class Registry;
  class Entry;

  // Shared with the subscriptions, which may be destroyed after the notifier.
  std::shared_ptr<Registry> registry_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_STORES_IN_PROCESS_NOTIFIER_H_
