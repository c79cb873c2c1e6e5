#include "src/delta/result_writer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::delta {
namespace {

constexpr size_t kCopyBytes = 256u << 10;

// What the result may grow to after `input` bytes of base and delta.
uint64_t GrowthMax(uint64_t input) {
  uint64_t most = 0;
  if (__builtin_mul_overflow(input, limits::kDeltaGrowthMax, &most) ||
      __builtin_add_overflow(most, limits::kDeltaGrowthFree, &most)) {
    return std::numeric_limits<uint64_t>::max();
  }
  return most;
}

}  // namespace

absl::Status ResultWriter::BeginStep(uint64_t length) {
  uint64_t end = 0;
  uint64_t input = 0;
  if (length == 0) return MakeError(Reason::kIntegrity, "delta: a step of no bytes");
  if (__builtin_add_overflow(size_, length, &end) || end > options_.result_bytes_max) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "delta: its result is larger than the allowed ", options_.result_bytes_max, " bytes"));
  }
  if (++steps_ > limits::kDeltaOpsMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("delta: more than ", limits::kDeltaOpsMax, " steps"));
  }
  if (__builtin_add_overflow(base_.size(), input_.taken(), &input) || end <= GrowthMax(input)) {
    return absl::OkStatus();
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("delta: its result is more than ", limits::kDeltaGrowthMax,
                   " times the base and the delta; a delta that grows so much "
                   "is not applied"));
}

absl::Status ResultWriter::Copy(uint64_t offset, uint64_t length) {
  uint64_t end = 0;
  if (__builtin_add_overflow(offset, length, &end) || end > base_.size()) {
    return MakeError(Reason::kIntegrity,
                     absl::StrCat("delta: copies past the end of the base of ", base_.size(),
                                  " bytes; it was made for another one"));
  }
  if (buffer_.empty()) buffer_.resize(kCopyBytes);
  while (length > 0) {
    const size_t size = std::min<uint64_t>(length, kCopyBytes);
    const absl::Span<char> room = absl::MakeSpan(buffer_).subspan(0, size);
    SYNCENGINE_RETURN_IF_ERROR(base_.ReadAt(offset, room));
    SYNCENGINE_RETURN_IF_ERROR(Append(absl::string_view(room.data(), room.size())));
    offset += size;
    length -= size;
  }
  return absl::OkStatus();
}

absl::Status ResultWriter::Append(absl::string_view bytes) {
  size_ += bytes.size();
  if (hashes_) digest_.Append(bytes);
  return sink_.Append(bytes);
}

}  // namespace syncengine::delta
