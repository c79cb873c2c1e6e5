// Port: hints that a namespace may have advanced.
#ifndef SYNCENGINE_PORTS_NOTIFIER_H_
#define SYNCENGINE_PORTS_NOTIFIER_H_

#include <functional>
#include <memory>

#include "syncengine/base/ids.h"

namespace syncengine {

// Ends its subscription when destroyed; afterwards the callback is not running and will not run.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

// Lossy by contract: hints may be lost, doubled or late. The journal is the truth: subscribe first,
// then read the head, then wait. Thread-safe.
class Notifier {
 public:
  virtual ~Notifier() = default;

  virtual void Publish(const NamespaceId& id) = 0;
  // `callback` runs on any thread, perhaps inside Publish, with no lock held that Subscribe or
  // Publish need; it must not block and must not destroy its own subscription.
  virtual std::unique_ptr<Subscription> Subscribe(const NamespaceId& id,
                                                  std::function<void()> callback) = 0;
};

}  // namespace syncengine

#endif  // SYNCENGINE_PORTS_NOTIFIER_H_
