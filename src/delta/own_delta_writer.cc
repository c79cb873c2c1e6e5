#include "src/delta/own_delta_writer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/delta/delta_format.h"
#include "src/delta/varint.h"
#include "src/kernels/compress.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::delta {

OwnDeltaWriter::OwnDeltaWriter(int level, std::optional<uint64_t> base_bytes, Sink& sink)
    : level_(level), base_bytes_(base_bytes), sink_(sink) {}

absl::Status OwnDeltaWriter::Write(absl::string_view bytes) {
  if (!std::exchange(started_, true)) {
    ByteWriter header;
    header.Raw(kDeltaMagicFamily);
    header.U8(kDeltaVersion);
    header.U64(base_bytes_.value_or(kAnyBase));
    SYNCENGINE_RETURN_IF_ERROR(Write(header.bytes()));
  }
  stats_.delta_bytes += bytes.size();
  return sink_.Append(bytes);
}

absl::Status OwnDeltaWriter::AddCopy(uint64_t offset, uint64_t length) {
  if (open_ && open_->kind == Step::Kind::kCopy && open_->offset + open_->length == offset) {
    open_->length += length;
    return absl::OkStatus();
  }
  SYNCENGINE_RETURN_IF_ERROR(EndStep());
  ++stats_.copies;
  open_ = Step{Step::Kind::kCopy, offset, length};
  return absl::OkStatus();
}

absl::Status OwnDeltaWriter::AddLiteral(absl::string_view bytes) {
  while (!bytes.empty()) {
    if (open_ && open_->kind == Step::Kind::kCopy) SYNCENGINE_RETURN_IF_ERROR(EndStep());
    if (!open_) open_ = Step{Step::Kind::kLiteral, 0, 0};
    const size_t room = limits::kDeltaFrameLiteralsMax - literals_.size();
    const size_t size = std::min(room, bytes.size());
    literals_.append(bytes.data(), size);
    open_->length += size;
    bytes.remove_prefix(size);
    if (size == room) SYNCENGINE_RETURN_IF_ERROR(EndStep());
  }
  return absl::OkStatus();
}

absl::Status OwnDeltaWriter::EndStep() {
  if (!open_) return absl::OkStatus();
  const Step step = *std::exchange(open_, std::nullopt);
  const bool is_copy = step.kind == Step::Kind::kCopy;
  if (++steps_total_ > limits::kDeltaOpsMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("delta: more than ", limits::kDeltaOpsMax,
                     " steps; sign the base with larger blocks, or send the content whole"));
  }
  AppendVarint(step.length << 1 | (is_copy ? 1 : 0), encoded_steps_);
  if (is_copy) {
    AppendVarint(ZigZag(static_cast<int64_t>(step.offset - next_offset_)), encoded_steps_);
    next_offset_ = step.offset + step.length;
  }
  ++steps_;
  if (steps_ < limits::kDeltaFrameOpsMax && literals_.size() < limits::kDeltaFrameLiteralsMax) {
    return absl::OkStatus();
  }
  return EndFrame();
}

absl::Status OwnDeltaWriter::EndFrame() {
  if (steps_ == 0) return absl::OkStatus();
  std::string plain;
  AppendVarint(steps_, plain);
  absl::StrAppend(&plain, encoded_steps_, literals_);
  std::optional<std::string> packed;
  if (level_ > 0 && !kernels::LooksIncompressible(literals_)) {
    SYNCENGINE_ASSIGN_OR_RETURN(packed, kernels::Compress(plain, level_));
  }
  std::string head(1, static_cast<char>(packed ? FrameKind::kZstd : FrameKind::kStored));
  AppendVarint(plain.size(), head);
  if (packed) AppendVarint(packed->size(), head);
  SYNCENGINE_RETURN_IF_ERROR(Write(head));
  SYNCENGINE_RETURN_IF_ERROR(Write(packed ? *packed : plain));
  steps_ = 0;
  encoded_steps_.clear();
  literals_.clear();
  return absl::OkStatus();
}

absl::StatusOr<DeltaStats> OwnDeltaWriter::Finish() {
  SYNCENGINE_RETURN_IF_ERROR(EndStep());
  SYNCENGINE_RETURN_IF_ERROR(EndFrame());
  std::string end(1, static_cast<char>(FrameKind::kEnd));
  AppendVarint(stats_.result_bytes, end);
  absl::StrAppend(&end, kernels::AsBytes(digest_.Finish()));
  SYNCENGINE_RETURN_IF_ERROR(Write(end));
  SYNCENGINE_RETURN_IF_ERROR(sink_.Finish());
  return stats_;
}

}  // namespace syncengine::delta
