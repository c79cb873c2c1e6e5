#include "syncengine/delta/stream.h"

#include <algorithm>
#include <cstring>

namespace syncengine::delta {

absl::StatusOr<size_t> StringSource::Read(absl::Span<char> room) {
  const size_t size = std::min(room.size(), rest_.size());
  if (size > 0) std::memcpy(room.data(), rest_.data(), size);
  rest_.remove_prefix(size);
  return size;
}

absl::Status StringSink::Append(absl::string_view bytes) {
  bytes_.append(bytes.data(), bytes.size());
  return absl::OkStatus();
}

absl::Status StringSink::Finish() {
  finished_ = true;
  return absl::OkStatus();
}

absl::Status StringBase::ReadAt(uint64_t offset, absl::Span<char> room) {
  if (offset > bytes_.size() || room.size() > bytes_.size() - offset) {
    return absl::OutOfRangeError("base: read past the end");
  }
  if (!room.empty()) std::memcpy(room.data(), bytes_.data() + offset, room.size());
  return absl::OkStatus();
}

}  // namespace syncengine::delta
