// The scalar scan kernels: the specification that every other kernel is tested against.
#include <algorithm>

#include "src/kernels/scan_sets.h"

namespace syncengine::kernels {
namespace {

uint32_t LittleWord(const uint8_t* bytes) {
  return uint32_t{bytes[0]} | uint32_t{bytes[1]} << 8 | uint32_t{bytes[2]} << 16 |
         uint32_t{bytes[3]} << 24;
}

// The first window of `words` from `begin` on that is a hit; `end` when there is none among them.
ScanHit FirstOfFour(const std::array<uint32_t, 4>& words, const uint8_t* data, size_t begin,
                    size_t end, int32_t below) {
  const size_t count = std::min<size_t>(4, end - begin);
  for (size_t k = 0; k < count; ++k) {
    const auto value = static_cast<int32_t>(words[k]);
    if (value < below && !ScanIsConstant(data, begin + k, ScanWindow(ScanSuite::kPrf))) {
      return {begin + k, value};
    }
  }
  return {end, 0};
}

}  // namespace

int32_t ScanFastValue(const ScanKey& key, const uint8_t* data, size_t position) {
  const uint8_t* window = data + position - ScanWindow(ScanSuite::kFast);
  return static_cast<int32_t>(LittleWord(window) * key.low_factor +
                              LittleWord(window + 4) * key.high_factor);
}

bool ScanIsConstant(const uint8_t* data, size_t position, size_t window) {
  const uint8_t* bytes = data + position - window;
  for (size_t j = 1; j < window; ++j) {
    if (bytes[j] != bytes[0]) return false;
  }
  return true;
}

size_t ScanSkipScalar(const uint8_t* data, size_t begin, size_t end, size_t window) {
  if (begin >= end || !ScanIsConstant(data, begin, window)) return begin;
  const uint8_t byte = data[begin - 1];
  size_t position = begin;
  // The window of position + 1 is constant as long as the byte at `position` goes on with the run.
  while (position + 1 < end && data[position] == byte) ++position;
  return position + 1;
}

ScanHit ScanFastScalar(const ScanKey& key, const uint8_t* data, size_t begin, size_t end,
                       int32_t below) {
  constexpr size_t kWindow = ScanWindow(ScanSuite::kFast);
  for (size_t i = begin; i < end; ++i) {
    const int32_t value = ScanFastValue(key, data, i);
    if (value >= below) continue;
    if (!ScanIsConstant(data, i, kWindow)) return {i, value};
    i = ScanSkipScalar(data, i, end, kWindow) - 1;
  }
  return {end, 0};
}

ScanHit ScanPrfScalar(const ScanKey& key, const uint8_t* data, size_t begin, size_t end,
                      int32_t below) {
  constexpr size_t kWindow = ScanWindow(ScanSuite::kPrf);
  for (size_t i = ScanSkipScalar(data, begin, end, kWindow); i < end;) {
    std::array<const uint8_t*, 4> windows;
    for (size_t k = 0; k < 4; ++k) windows[k] = data + std::min(i + k, end - 1) - kWindow;
    const ScanHit hit = FirstOfFour(AesFirstWords(key.aes, windows), data, i, end, below);
    if (hit.position != end) return hit;
    i = ScanSkipScalar(data, std::min(i + 4, end), end, kWindow);
  }
  return {end, 0};
}

}  // namespace syncengine::kernels
