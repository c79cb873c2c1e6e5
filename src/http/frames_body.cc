#include "src/http/frames_body.h"

#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::http {

std::string EncodeFrames(const FramesReply& reply) {
  ByteWriter writer;
  writer.U32(static_cast<uint32_t>(reply.answered));
  writer.U32(static_cast<uint32_t>(reply.frames.size()));
  for (const std::string& frame : reply.frames) writer.Long(frame);
  return std::move(writer).Take();
}

absl::StatusOr<FramesReply> DecodeFrames(absl::string_view body) {
  ByteReader reader(body, "frames reply");
  FramesReply reply;
  reply.answered = reader.U32();
  const uint32_t count = reader.U32();
  if (count > limits::kFrameIdsMax || reply.answered > limits::kFrameIdsMax) {
    return MakeError(Reason::kIntegrity, "frames reply: more frames than can be asked for");
  }
  for (uint32_t i = 0; i < count && reader.ok(); ++i) reply.frames.emplace_back(reader.Long());
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return reply;
}

}  // namespace syncengine::http
