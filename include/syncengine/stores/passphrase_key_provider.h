// Key slots under a passphrase: for people.
#ifndef SYNCENGINE_STORES_PASSPHRASE_KEY_PROVIDER_H_
#define SYNCENGINE_STORES_PASSPHRASE_KEY_PROVIDER_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/secret.h"
#include "syncengine/format/key_slot.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/key_provider.h"

namespace syncengine {

// Stretches the passphrase with scrypt for each call: half a second and 128 MiB at the default
// cost. An empty passphrase is kInvalidArgument. Thread-safe.
class PassphraseKeyProvider final : public KeyProvider {
 public:
  // `entropy` must outlive the provider.
  PassphraseKeyProvider(Secret passphrase, Entropy& entropy, const SlotOptions& options = {})
      : passphrase_(std::move(passphrase)), entropy_(entropy), options_(options) {}

  absl::StatusOr<std::string> Wrap(const NamespaceId& id, const Secret& bundle) override;
  absl::StatusOr<Secret> Unwrap(const NamespaceId& id, absl::string_view slot) override;

 private:
  SlotKey key() const { return {.type = SlotType::kPassphrase, .secret = passphrase_.bytes()}; }

  const Secret passphrase_;
  Entropy& entropy_;
  const SlotOptions options_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_STORES_PASSPHRASE_KEY_PROVIDER_H_
