// The body of a frames reply: U32 answered, U32 count, then each frame as U32 length and bytes,
// little-endian.
#ifndef SYNCENGINE_HTTP_FRAMES_BODY_H_
#define SYNCENGINE_HTTP_FRAMES_BODY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/ports/service_values.h"

namespace syncengine::http {

std::string EncodeFrames(const FramesReply& reply);
// Reason::kIntegrity on anything that EncodeFrames does not write.
absl::StatusOr<FramesReply> DecodeFrames(absl::string_view body);

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_FRAMES_BODY_H_
