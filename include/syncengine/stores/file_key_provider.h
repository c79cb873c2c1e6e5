// Key slots under a root key that lies in a file: for servers.
#ifndef SYNCENGINE_STORES_FILE_KEY_PROVIDER_H_
#define SYNCENGINE_STORES_FILE_KEY_PROVIDER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/secret.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/key_provider.h"

namespace syncengine {

// The file is exactly 32 unpredictable bytes. Who has it opens everything; who loses it loses
// everything, so it belongs in a backup of its own, apart from the data. Thread-safe.
class FileKeyProvider final : public KeyProvider {
 public:
  // Makes a new root key, durably. kAlreadyExists when anything has that name: a root key is never
  // replaced. The directory must exist.
  static absl::Status Create(absl::string_view path, Entropy& entropy);
  // Reads the root key. kNotFound when missing (call Create); kPermissionDenied when anybody but
  // the owner may read or write the file, when this process's user does not own it, or when it is a
  // symlink; Reason::kIntegrity when it is not 32 bytes. `entropy` must outlive the provider.
  static absl::StatusOr<std::unique_ptr<KeyProvider>> Open(absl::string_view path,
                                                           Entropy& entropy);

  absl::StatusOr<std::string> Wrap(const NamespaceId& id, const Secret& bundle) override;
  absl::StatusOr<Secret> Unwrap(const NamespaceId& id, absl::string_view slot) override;

 private:
  FileKeyProvider(Secret root_key, Entropy& entropy);

  const Secret root_key_;
  Entropy& entropy_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_STORES_FILE_KEY_PROVIDER_H_
