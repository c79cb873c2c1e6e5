// Seals names and attributes between a client and the server of an end-to-end namespace.
#ifndef SYNCENGINE_TRANSFER_SEALED_NAMES_H_
#define SYNCENGINE_TRANSFER_SEALED_NAMES_H_

#include <memory>

#include "syncengine/base/ids.h"
#include "syncengine/format/keys.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/service.h"

namespace syncengine {

// A Service that speaks plain names, paths and attributes, while `service` below it sees only their
// sealed forms (format/sealed_name.h), for all requests about namespace `id`; those about others
// pass through. OpenNamespace makes one where it is needed. Thread-safe.
//
// What differs from a plain Service: the entries of List are in the order of the sealed names,
// which looks random, and `after` continues in that order; names are at most limits::kNameBytesMax
// bytes. Reason::kIntegrity when the server gives a name or attributes that were not sealed with
// these keys.
//
// `keys` is shared with the transfers of the same opened namespace; `service` and `entropy` outlive
// the result.
std::unique_ptr<Service> MakeSealedNames(Service& service, const NamespaceId& id,
                                         std::shared_ptr<const NamespaceKeys> keys,
                                         Entropy& entropy);

}  // namespace syncengine

#endif  // SYNCENGINE_TRANSFER_SEALED_NAMES_H_
