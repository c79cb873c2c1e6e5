// Port: who is calling.
#ifndef SYNCENGINE_PORTS_SESSION_OPENER_H_
#define SYNCENGINE_PORTS_SESSION_OPENER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/ports/service.h"

namespace syncengine {

// Turns a device token into that device's view of a server. Thread-safe.
class SessionOpener {
 public:
  virtual ~SessionOpener() = default;

  // The session of the device that `token` belongs to; must not outlive the opener.
  // Reason::kBadToken when no device has this token, or not any more. May block on storage.
  virtual absl::StatusOr<std::unique_ptr<Service>> OpenSession(absl::string_view token) = 0;
};

}  // namespace syncengine

#endif  // SYNCENGINE_PORTS_SESSION_OPENER_H_
