#include "src/diffsync/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace syncengine::diffsync {
namespace {

// What may follow a lead byte: how many continuations, and the bounds of the first, which exclude
// overlong forms, surrogates and values above U+10FFFF.
struct Lead {
  size_t continuations = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  bool valid = true;
};

Lead LeadOf(unsigned char byte) {
  if (byte < 0x80) return {};
  if (byte >= 0xC2 && byte <= 0xDF) return {.continuations = 1};
  if (byte == 0xE0) return {.continuations = 2, .low = 0xA0};
  if (byte == 0xED) return {.continuations = 2, .high = 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {.continuations = 2};
  if (byte == 0xF0) return {.continuations = 3, .low = 0x90};
  if (byte == 0xF4) return {.continuations = 3, .high = 0x8F};
  if (byte >= 0xF1 && byte <= 0xF3) return {.continuations = 3};
  return {.valid = false};
}

// The size of the code point at the front of `bytes`; 0 when there is none.
size_t CodePointSize(absl::string_view bytes) {
  const Lead lead = LeadOf(static_cast<unsigned char>(bytes[0]));
  if (!lead.valid || bytes.size() <= lead.continuations) return 0;
  for (size_t i = 1; i <= lead.continuations; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const unsigned char low = i == 1 ? lead.low : 0x80, high = i == 1 ? lead.high : 0xBF;
    if (byte < low || byte > high) return 0;
  }
  return lead.continuations + 1;
}

bool EightAscii(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return (word & 0x8080808080808080u) == 0;
}

}  // namespace

bool IsUtf8(absl::string_view bytes) {
  while (!bytes.empty()) {
    if (bytes.size() >= 8 && EightAscii(bytes.data())) {
      bytes.remove_prefix(8);
      continue;
    }
    const size_t size = CodePointSize(bytes);
    if (size == 0) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

size_t CountCodePoints(absl::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return !IsContinuation(byte); }));
}

}  // namespace syncengine::diffsync
