#include "src/delta/delta_input.h"

#include <algorithm>

#include "src/delta/varint.h"
#include "syncengine/base/error.h"

namespace syncengine::delta {

absl::StatusOr<bool> DeltaInput::Fill() {
  if (!rest_.empty()) return true;
  SYNCENGINE_ASSIGN_OR_RETURN(const size_t size, source_.Read(absl::MakeSpan(buffer_)));
  rest_ = absl::string_view(buffer_).substr(0, size);
  return size > 0;
}

absl::StatusOr<absl::string_view> DeltaInput::Some(uint64_t most) {
  SYNCENGINE_ASSIGN_OR_RETURN(const bool more, Fill());
  if (!more) return MakeError(Reason::kIntegrity, "delta: ends too early");
  const absl::string_view some = rest_.substr(0, most);
  rest_.remove_prefix(some.size());
  taken_ += some.size();
  return some;
}

absl::StatusOr<uint8_t> DeltaInput::Byte() {
  SYNCENGINE_ASSIGN_OR_RETURN(const absl::string_view byte, Some(1));
  return static_cast<uint8_t>(byte.front());
}

absl::StatusOr<uint64_t> DeltaInput::Varint() {
  VarintParser parser;
  for (;;) {
    SYNCENGINE_ASSIGN_OR_RETURN(const uint8_t byte, Byte());
    const auto state = parser.Add(byte);
    if (state == VarintParser::State::kDone) return parser.value();
    if (state == VarintParser::State::kInvalid) {
      return MakeError(Reason::kIntegrity, "delta: a number is not encoded as it must be");
    }
  }
}

absl::StatusOr<uint64_t> DeltaInput::BigEndian(int width) {
  uint64_t value = 0;
  for (int i = 0; i < width; ++i) {
    SYNCENGINE_ASSIGN_OR_RETURN(const uint8_t byte, Byte());
    value = value << 8 | byte;
  }
  return value;
}

absl::StatusOr<std::string> DeltaInput::Exactly(size_t size) {
  std::string bytes;
  bytes.reserve(size);
  while (bytes.size() < size) {
    SYNCENGINE_ASSIGN_OR_RETURN(const absl::string_view some, Some(size - bytes.size()));
    bytes.append(some.data(), some.size());
  }
  return bytes;
}

absl::Status DeltaInput::ExpectEnd() {
  SYNCENGINE_ASSIGN_OR_RETURN(const bool more, Fill());
  if (more) return MakeError(Reason::kIntegrity, "delta: bytes follow its end");
  return absl::OkStatus();
}

}  // namespace syncengine::delta
