#include "src/delta/librsync_delta_writer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/delta/delta_format.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::delta {
namespace {

// 0, 1, 2, 3 for values that fit 1, 2, 4, 8 bytes.
int Width(uint64_t value) {
  if (value <= 0xFF) return 0;
  if (value <= 0xFFFF) return 1;
  return value <= 0xFFFFFFFF ? 2 : 3;
}

std::string BigEndian(uint64_t value, int width) {
  std::string bytes;
  for (int shift = (8 << width) - 8; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(value >> shift));
  }
  return bytes;
}

std::string LiteralCommand(uint64_t length) {
  if (length <= kCommandLiteralInlineMax) return std::string(1, static_cast<char>(length));
  const int width = Width(length);
  return static_cast<char>(kCommandLiteral + width) + BigEndian(length, width);
}

std::string CopyCommand(const Step& copy) {
  const int offset_width = Width(copy.offset);
  const int length_width = Width(copy.length);
  return absl::StrCat(
      std::string(1, static_cast<char>(kCommandCopy + 4 * offset_width + length_width)),
      BigEndian(copy.offset, offset_width), BigEndian(copy.length, length_width));
}

}  // namespace

absl::Status LibrsyncDeltaWriter::Write(absl::string_view bytes) {
  if (!std::exchange(started_, true)) SYNCENGINE_RETURN_IF_ERROR(Write(kLibrsyncDeltaMagic));
  stats_.delta_bytes += bytes.size();
  return sink_.Append(bytes);
}

absl::Status LibrsyncDeltaWriter::EndStep() {
  if (copy_) SYNCENGINE_RETURN_IF_ERROR(Write(CopyCommand(*copy_)));
  copy_.reset();
  if (literal_.empty()) return absl::OkStatus();
  SYNCENGINE_RETURN_IF_ERROR(Write(LiteralCommand(literal_.size())));
  SYNCENGINE_RETURN_IF_ERROR(Write(literal_));
  literal_.clear();
  return absl::OkStatus();
}

absl::Status LibrsyncDeltaWriter::AddCopy(uint64_t offset, uint64_t length) {
  if (copy_ && copy_->offset + copy_->length == offset) {
    copy_->length += length;
    return absl::OkStatus();
  }
  SYNCENGINE_RETURN_IF_ERROR(EndStep());
  ++stats_.copies;
  copy_ = Step{Step::Kind::kCopy, offset, length};
  return absl::OkStatus();
}

absl::Status LibrsyncDeltaWriter::AddLiteral(absl::string_view bytes) {
  if (copy_) SYNCENGINE_RETURN_IF_ERROR(EndStep());
  while (!bytes.empty()) {
    const size_t size =
        std::min<size_t>(limits::kDeltaFrameLiteralsMax - literal_.size(), bytes.size());
    literal_.append(bytes.data(), size);
    bytes.remove_prefix(size);
    if (literal_.size() == limits::kDeltaFrameLiteralsMax) SYNCENGINE_RETURN_IF_ERROR(EndStep());
  }
  return absl::OkStatus();
}

absl::StatusOr<DeltaStats> LibrsyncDeltaWriter::Finish() {
  SYNCENGINE_RETURN_IF_ERROR(EndStep());
  SYNCENGINE_RETURN_IF_ERROR(Write(std::string(1, static_cast<char>(kCommandEnd))));
  SYNCENGINE_RETURN_IF_ERROR(sink_.Finish());
  return stats_;
}

}  // namespace syncengine::delta
