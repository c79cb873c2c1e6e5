// Names and attributes as an end-to-end namespace shows them to its server.
#ifndef SYNCENGINE_FORMAT_SEALED_NAME_H_
#define SYNCENGINE_FORMAT_SEALED_NAME_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/format/keys.h"
#include "syncengine/format/node.h"
#include "syncengine/format/salts.h"

namespace syncengine {

// A token for `name` (1 to limits::kNameBytesMax bytes, valid as in format/name.h) that is itself a
// valid name: base64url without padding. Equal names have equal tokens, in every directory and
// after every key rotation, so a server can find and compare them; that equality and the length are
// all it learns. Costs microseconds.
//
// Synthetic-IV encryption as in RFC 5297: HMAC-SHA256 of the name, cut to 16 bytes, is both the
// check value and the start of an AES-256-CTR stream.
absl::StatusOr<std::string> SealName(const NamespaceKeys& keys, absl::string_view name);
// Reason::kIntegrity unless SealName gave this token with the same keys, Reason::kVersion on a
// newer version.
absl::StatusOr<std::string> OpenName(const NamespaceKeys& keys, absl::string_view token);

// Attributes with only `sealed` set, which holds all of `plain`. kInvalidArgument when `plain` is
// sealed already or its symlink target is too long.
absl::StatusOr<Attributes> SealAttributes(const NamespaceKeys& keys, const Attributes& plain,
                                          const EnvelopeSalt& salt);
// Reason::kIntegrity, Reason::kVersion, or kFailedPrecondition on a key generation `keys` lack.
absl::StatusOr<Attributes> OpenAttributes(const NamespaceKeys& keys, const Attributes& sealed);

}  // namespace syncengine

#endif  // SYNCENGINE_FORMAT_SEALED_NAME_H_
