// The seal around small pieces of metadata (manifest roots, attributes).
#ifndef SYNCENGINE_FORMAT_ENVELOPE_H_
#define SYNCENGINE_FORMAT_ENVELOPE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/ids.h"
#include "syncengine/format/keys.h"
#include "syncengine/format/salts.h"

namespace syncengine::internal {

// What an envelope holds: its magic, its keys, and its name in messages.
struct EnvelopeKind {
  absl::string_view magic;  // Four bytes.
  KeyPurpose purpose;
  absl::string_view object;
};

inline constexpr size_t kEnvelopeOverhead = 74;

// Seals `plain` under the newest generation. Every envelope has its own key, derived from `salt`.
absl::StatusOr<std::string> SealEnvelope(const NamespaceKeys& keys, const EnvelopeKind& kind,
                                         const EnvelopeSalt& salt, absl::string_view plain);

// Reason::kIntegrity on anything SealEnvelope did not write with these keys for this kind,
// Reason::kVersion on a newer version, kFailedPrecondition on a generation the keys do not have.
absl::StatusOr<std::string> OpenEnvelope(const NamespaceKeys& keys, const EnvelopeKind& kind,
                                         absl::string_view sealed);

}  // namespace syncengine::internal

#endif  // SYNCENGINE_FORMAT_ENVELOPE_H_
