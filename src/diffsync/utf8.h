// Where code points begin and whether bytes are valid UTF-8 (RFC 3629).
#ifndef SYNCENGINE_SRC_DIFFSYNC_UTF8_H_
#define SYNCENGINE_SRC_DIFFSYNC_UTF8_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace syncengine::diffsync {

inline bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

bool IsUtf8(absl::string_view bytes);

// The code points in valid UTF-8.
size_t CountCodePoints(absl::string_view text);

}  // namespace syncengine::diffsync

#endif  // SYNCENGINE_SRC_DIFFSYNC_UTF8_H_
