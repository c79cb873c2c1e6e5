// The random values that sealing takes as parameters, one type per use. Draw each with
// Entropy::NewId (ports/entropy.h) immediately before use and never use one twice: a repeated salt
// under the same keys repeats a cipher stream.
#ifndef SYNCENGINE_FORMAT_SALTS_H_
#define SYNCENGINE_FORMAT_SALTS_H_

#include "syncengine/base/ids.h"

namespace syncengine {

// For all frames of one segment (format/frame.h).
using FrameSalt = Id<struct FrameSaltTag, 32>;
// For one manifest root or one set of sealed attributes (format/manifest.h, format/sealed_name.h).
using EnvelopeSalt = Id<struct EnvelopeSaltTag, 16>;
// For one key slot (format/key_slot.h): a 32-byte salt and a 12-byte nonce.
using SlotSalt = Id<struct SlotSaltTag, 44>;

}  // namespace syncengine

#endif  // SYNCENGINE_FORMAT_SALTS_H_
