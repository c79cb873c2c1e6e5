// Port: who can open the key slots of a namespace.
#ifndef SYNCENGINE_PORTS_KEY_PROVIDER_H_
#define SYNCENGINE_PORTS_KEY_PROVIDER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/ids.h"
#include "syncengine/base/secret.h"

namespace syncengine {

// Wraps the key bundle of a namespace into a slot that may be stored openly, and back. A root key
// in a file, a passphrase, or an embedder's own key service. Thread-safe; a passphrase costs half a
// second.
class KeyProvider {
 public:
  virtual ~KeyProvider() = default;

  virtual absl::StatusOr<std::string> Wrap(const NamespaceId& id, const Secret& bundle) = 0;
  // Reason::kPassphrase when this provider's key does not open the slot (tampering looks the same);
  // kInvalidArgument when the slot is of another type; Reason::kVersion when it is newer.
  virtual absl::StatusOr<Secret> Unwrap(const NamespaceId& id, absl::string_view slot) = 0;
};

}  // namespace syncengine

#endif  // SYNCENGINE_PORTS_KEY_PROVIDER_H_
