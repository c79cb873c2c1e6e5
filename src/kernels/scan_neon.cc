// The kernels for 64-bit ARM: NEON for the suite kFast, the AES instructions for kPrf.
#if defined(__aarch64__)

#include <arm_neon.h>

#include <algorithm>
#include <cstring>

#include "src/kernels/scan_sets.h"

#define SYNCENGINE_ARM_AES __attribute__((target("+crypto")))
#define SYNCENGINE_ARM_AES_INLINE __attribute__((target("+crypto"), always_inline)) inline

namespace syncengine::kernels {
namespace {

constexpr size_t kStep = 32;      // Positions a step of kFast.
constexpr size_t kPrfStep = 8;    // Of kPrf, encrypted together to hide the latency of each round.
constexpr size_t kSkipStep = 64;  // Bytes a step of a run.
constexpr size_t kFastWindow = ScanWindow(ScanSuite::kFast);
constexpr size_t kPrfWindow = ScanWindow(ScanSuite::kPrf);

struct Factors {
  uint32x4_t low;
  uint32x4_t high;
};

inline uint32x4_t LoadWords(const uint8_t* bytes) { return vreinterpretq_u32_u8(vld1q_u8(bytes)); }

// Lane j is the value of position 4 * j, where `window` is the window of position 0.
inline int32x4_t Values(const Factors& factors, const uint8_t* window) {
  return vreinterpretq_s32_u32(
      vmlaq_u32(vmulq_u32(LoadWords(window), factors.low), LoadWords(window + 4), factors.high));
}

// The lanewise minimum of the values of 16 positions.
inline int32x4_t Minimum16(const Factors& factors, const uint8_t* window) {
  return vminq_s32(vminq_s32(Values(factors, window), Values(factors, window + 1)),
                   vminq_s32(Values(factors, window + 2), Values(factors, window + 3)));
}

// The first full step of kStep positions from `begin` on that has a value below `below`; the first
// position without a full step when there is none.
size_t SkipMisses(const ScanKey& key, const uint8_t* data, size_t begin, size_t end,
                  int32_t below) {
  const Factors factors = {vdupq_n_u32(key.low_factor), vdupq_n_u32(key.high_factor)};
  size_t i = begin;
  for (; end - i >= kStep; i += kStep) {
    __builtin_prefetch(data + i + kScanPrefetchBytes);
    const uint8_t* window = data + i - kFastWindow;
    const int32x4_t least =
        vminq_s32(Minimum16(factors, window), Minimum16(factors, window + kStep / 2));
    if (vminvq_s32(least) < below) break;
  }
  return i;
}

SYNCENGINE_ARM_AES_INLINE uint8x16_t RoundKey(const ScanKey& key, size_t round) {
  return vld1q_u8(key.aes.bytes.data() + round * kAesBlockBytes);
}

// The values of the kPrfStep positions whose first one has its window at `window`.
SYNCENGINE_ARM_AES_INLINE void Encrypt(const ScanKey& key, const uint8_t* window,
                                       int32_t (&values)[kPrfStep]) {
  uint8x16_t blocks[kPrfStep];
#pragma GCC unroll 8
  for (size_t k = 0; k < kPrfStep; ++k) blocks[k] = vld1q_u8(window + k);
#pragma GCC unroll 9
  for (size_t round = 0; round + 1 < kAesRounds; ++round) {
    const uint8x16_t round_key = RoundKey(key, round);
#pragma GCC unroll 8
    for (size_t k = 0; k < kPrfStep; ++k) blocks[k] = vaesmcq_u8(vaeseq_u8(blocks[k], round_key));
  }
  const uint8x16_t before = RoundKey(key, kAesRounds - 1);
  const uint8x16_t last = RoundKey(key, kAesRounds);
#pragma GCC unroll 8
  for (size_t k = 0; k < kPrfStep; ++k) {
    const uint8x16_t block = veorq_u8(vaeseq_u8(blocks[k], before), last);
    values[k] = vgetq_lane_s32(vreinterpretq_s32_u8(block), 0);
  }
}

}  // namespace

size_t ScanSkipNeon(const uint8_t* data, size_t begin, size_t end, size_t window) {
  if (begin >= end || !ScanIsConstant(data, begin, window)) return begin;
  const uint8x16_t byte = vdupq_n_u8(data[begin - 1]);
  size_t i = begin;
  for (; i + kSkipStep < end; i += kSkipStep) {
    __builtin_prefetch(data + i + kScanPrefetchBytes);
    uint8x16_t different = vdupq_n_u8(0);
    for (size_t k = 0; k < kSkipStep; k += 16) {
      different = vorrq_u8(different, veorq_u8(vld1q_u8(data + i + k), byte));
    }
    if (vmaxvq_u8(different) != 0) break;
  }
  while (i + 1 < end && data[i] == data[begin - 1]) ++i;
  return i + 1;
}

ScanHit ScanFastNeon(const ScanKey& key, const uint8_t* data, size_t begin, size_t end,
                     int32_t below) {
  for (size_t i = begin; i < end;) {
    i = SkipMisses(key, data, i, end, below);
    // The step that has a hit, or the rest: hits are rare, so one by one is cheap.
    const size_t stop = std::min(end, i + kStep);
    const ScanHit hit = ScanFastScalar(key, data, i, stop, below);
    if (hit.position != stop) return hit;
    i = ScanSkipNeon(data, stop, end, kFastWindow);
  }
  return {end, 0};
}

SYNCENGINE_ARM_AES ScanHit ScanPrfArmAes(const ScanKey& key, const uint8_t* data, size_t begin,
                                         size_t end, int32_t below) {
  if (end < kPrfStep + kPrfWindow) return ScanPrfScalar(key, data, begin, end, below);
  for (size_t i = begin; i < end;) {
    if (data[i - 1] == data[i - 2]) i = ScanSkipNeon(data, i, end, kPrfWindow);
    if (i == end) break;
    // The last step overlaps the one before it: nothing is read past the end.
    const size_t base = std::min(i, end - kPrfStep);
    int32_t values[kPrfStep];
    Encrypt(key, data + base - kPrfWindow, values);
    for (size_t k = i - base; k < kPrfStep; ++k) {
      if (values[k] < below && !ScanIsConstant(data, base + k, kPrfWindow)) {
        return {base + k, values[k]};
      }
    }
    i = base + kPrfStep;
  }
  return {end, 0};
}

}  // namespace syncengine::kernels

#endif  // defined(__aarch64__)
