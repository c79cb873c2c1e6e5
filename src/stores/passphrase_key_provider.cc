#include "syncengine/stores/passphrase_key_provider.h"

namespace syncengine {

absl::StatusOr<std::string> PassphraseKeyProvider::Wrap(const NamespaceId& id,
                                                        const Secret& bundle) {
  return WrapSlot(key(), id, bundle, entropy_.NewId<SlotSalt>(), options_);
}

absl::StatusOr<Secret> PassphraseKeyProvider::Unwrap(const NamespaceId& id,
                                                     absl::string_view slot) {
  return UnwrapSlot(key(), id, slot, options_);
}

}  // namespace syncengine
