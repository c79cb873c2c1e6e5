// Device tokens: `se1_`, 32 random bytes in base64url, and a checksum that tells a mistyped token
// (or a leaked one, to scanners) from any other text.
#ifndef SYNCENGINE_ENGINE_TOKEN_H_
#define SYNCENGINE_ENGINE_TOKEN_H_

#include <string>

#include "absl/strings/string_view.h"
#include "syncengine/base/ids.h"
#include "syncengine/base/secret.h"

namespace syncengine::engine {

using TokenBytes = Id<struct TokenBytesTag, 32>;

Secret FormatToken(const TokenBytes& bytes);
// Whether `token` has the form of a token.
bool LooksLikeToken(absl::string_view token);
// What is stored of a token. Its 32 random bytes make a plain hash enough.
std::string HashToken(absl::string_view token);

// XORs the bytes with a stream that follows from `nonce`; the same call turns it back.
TokenBytes MaskToken(const TokenBytes& bytes, const OpId& nonce);
std::string HashNonce(const OpId& nonce);

}  // namespace syncengine::engine

#endif  // SYNCENGINE_ENGINE_TOKEN_H_
