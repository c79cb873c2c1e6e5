// A namespace with its keys at hand: what Uploader and Downloader work on.
#ifndef SYNCENGINE_TRANSFER_OPENED_NAMESPACE_H_
#define SYNCENGINE_TRANSFER_OPENED_NAMESPACE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/format/keys.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/key_provider.h"
#include "syncengine/ports/service.h"

namespace syncengine {

// Everything a client needs to read and write one namespace. `service` speaks plain names and
// attributes: for an end-to-end namespace it is a decorator that seals them on their way.
// Move-only; the Service and the Entropy it was opened with outlive it.
struct OpenedNamespace {
  NamespaceRecord record;
  std::shared_ptr<const NamespaceKeys> keys;  // Shared by the decorator and by running transfers.
  std::unique_ptr<Service> decorator;         // Set for end-to-end namespaces.
  Service* service = nullptr;
};

// Opens the namespace called `name`. `keys` opens the slots of an end-to-end namespace and may be
// null for one whose keys the server holds. kNotFound; Reason::kPassphrase when a passphrase is
// needed and missing or wrong.
absl::StatusOr<OpenedNamespace> OpenNamespace(Service& service, absl::string_view name,
                                              KeyProvider* keys, Entropy& entropy);

struct NewNamespace {
  std::string name = "main";
  KeyHolder key_holder = KeyHolder::kServer;
  uint32_t average_block_bytes = 16u << 10;
};

// Makes keys and creates the namespace. For KeyHolder::kEndToEnd `keys` wraps them and must not be
// null, and the chunker is the PRF suite; otherwise the fast one.
absl::StatusOr<NamespaceRecord> CreateNamespace(Service& service, const NewNamespace& request,
                                                KeyProvider* keys, Entropy& entropy);

}  // namespace syncengine

#endif  // SYNCENGINE_TRANSFER_OPENED_NAMESPACE_H_
