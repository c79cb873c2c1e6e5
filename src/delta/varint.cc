#include "src/delta/varint.h"

namespace syncengine::delta {

void AppendVarint(uint64_t value, std::string& bytes) {
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(value | 0x80));
  bytes.push_back(static_cast<char>(value));
}

VarintParser::State VarintParser::Add(uint8_t byte) {
  const uint64_t bits = byte & 0x7F;
  // The tenth byte holds the last bit; a last byte of zero would be a second
  // encoding.
  if ((shift_ == 63 && byte > 1) || (shift_ > 0 && byte == 0)) return State::kInvalid;
  value_ |= bits << shift_;
  shift_ += 7;
  return (byte & 0x80) != 0 ? State::kMore : State::kDone;
}

std::optional<uint64_t> TakeVarint(absl::string_view& bytes) {
  VarintParser parser;
  while (!bytes.empty()) {
    const auto state = parser.Add(static_cast<uint8_t>(bytes.front()));
    bytes.remove_prefix(1);
    if (state == VarintParser::State::kInvalid) return std::nullopt;
    if (state == VarintParser::State::kDone) return parser.value();
  }
  return std::nullopt;
}

}  // namespace syncengine::delta
