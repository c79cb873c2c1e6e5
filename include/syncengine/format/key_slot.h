// Key slots: a namespace's key bundle wrapped under a passphrase or a root key, so that it may be
// stored in the open. Pure functions; a KeyProvider (ports/key_provider.h) decides whose key it is.
#ifndef SYNCENGINE_FORMAT_KEY_SLOT_H_
#define SYNCENGINE_FORMAT_KEY_SLOT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/ids.h"
#include "syncengine/base/limits.h"
#include "syncengine/base/secret.h"
#include "syncengine/format/salts.h"

namespace syncengine {

enum class SlotType : uint8_t {
  kPassphrase = 1,  // Stretched with scrypt (RFC 7914), r = 8, p = 1.
  kRootKey = 3,     // 32 unpredictable bytes: a server's root key, a recovery code.
};

// What opens a slot.
struct SlotKey {
  SlotType type = SlotType::kPassphrase;
  absl::string_view secret;  // The passphrase, not empty; or exactly 32 bytes.
};

struct SlotOptions {
  // scrypt's cost for WrapSlot: N = 2^17 takes half a second and 128 MiB.
  int scrypt_log2_n = 17;
  // What UnwrapSlot and WrapSlot accept. A slot below the floor is refused before any work, so that
  // whoever stores slots cannot make a passphrase cheap to guess. Only tests lower it.
  int scrypt_log2_n_min = limits::kScryptLog2Min;
};

// `salt` is drawn for this slot alone. kInvalidArgument for a secret that does not fit its type, a
// cost out of bounds, or an empty or too big bundle.
absl::StatusOr<std::string> WrapSlot(const SlotKey& key, const NamespaceId& id,
                                     const Secret& bundle, const SlotSalt& salt,
                                     const SlotOptions& options = {});

// The bundle. kInvalidArgument when the slot is of another type than the key, Reason::kVersion when
// it is newer. Everything else that can be wrong - key, namespace, cost, any damage - is one and
// the same Reason::kPassphrase error, so that answers teach an attacker nothing.
absl::StatusOr<Secret> UnwrapSlot(const SlotKey& key, const NamespaceId& id, absl::string_view slot,
                                  const SlotOptions& options = {});

}  // namespace syncengine

#endif  // SYNCENGINE_FORMAT_KEY_SLOT_H_
