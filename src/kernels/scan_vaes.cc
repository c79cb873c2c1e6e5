// The VAES kernel of the suite kPrf: one 32-byte load holds the windows of two positions, 16 bytes
// apart, so 16 loads make 32 positions.
#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <bit>

#include "src/kernels/scan_sets.h"

#define SYNCENGINE_VAES __attribute__((target("avx2,aes,vaes")))
#define SYNCENGINE_VAES_INLINE __attribute__((target("avx2,aes,vaes"), always_inline)) inline

namespace syncengine::kernels {
namespace {

constexpr size_t kStep = 32;    // Positions a step.
constexpr size_t kVectors = 8;  // Encrypted together, to hide the latency of each round.
constexpr size_t kWindow = ScanWindow(ScanSuite::kPrf);

SYNCENGINE_VAES_INLINE __m256i Load(const uint8_t* bytes) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
}

SYNCENGINE_VAES_INLINE __m256i RoundKey(const ScanKey& key, size_t round) {
  return _mm256_broadcastsi128_si256(_mm_load_si128(
      reinterpret_cast<const __m128i*>(key.aes.bytes.data() + round * kAesBlockBytes)));
}

// Vector k encrypts the windows of positions k and k + 16.
SYNCENGINE_VAES_INLINE void Encrypt(const ScanKey& key, const uint8_t* window,
                                    __m256i (&blocks)[kVectors]) {
  const __m256i first = RoundKey(key, 0);
#pragma GCC unroll 8
  for (size_t k = 0; k < kVectors; ++k) blocks[k] = _mm256_xor_si256(Load(window + k), first);
#pragma GCC unroll 9
  for (size_t round = 1; round < kAesRounds; ++round) {
    const __m256i round_key = RoundKey(key, round);
#pragma GCC unroll 8
    for (size_t k = 0; k < kVectors; ++k) blocks[k] = _mm256_aesenc_epi128(blocks[k], round_key);
  }
  const __m256i last = RoundKey(key, kAesRounds);
#pragma GCC unroll 8
  for (size_t k = 0; k < kVectors; ++k) blocks[k] = _mm256_aesenclast_epi128(blocks[k], last);
}

// Bit 0 and bit 16: whether the first word of the lower and of the upper block is below
// `threshold`.
SYNCENGINE_VAES_INLINE uint32_t LaneHits(__m256i threshold, __m256i blocks) {
  const int lanes = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(threshold, blocks)));
  return (static_cast<uint32_t>(lanes) & 1u) | (static_cast<uint32_t>(lanes) & 0x10u) << 12;
}

// Bits k and k + 16, k < 8: whether these positions have a value below `below`.
SYNCENGINE_VAES_INLINE uint32_t HitMask(const ScanKey& key, const uint8_t* window, int32_t below) {
  __m256i blocks[kVectors];
  Encrypt(key, window, blocks);
  const __m256i threshold = _mm256_set1_epi32(below);
  __m256i least = blocks[0];
#pragma GCC unroll 8
  for (size_t k = 1; k < kVectors; ++k) least = _mm256_min_epi32(least, blocks[k]);
  if (LaneHits(threshold, least) == 0) return 0;
  uint32_t mask = 0;
#pragma GCC unroll 8
  for (size_t k = 0; k < kVectors; ++k) mask |= LaneHits(threshold, blocks[k]) << k;
  return mask;
}

}  // namespace

SYNCENGINE_VAES ScanHit ScanPrfVaes(const ScanKey& key, const uint8_t* data, size_t begin,
                                    size_t end, int32_t below) {
  if (end < kStep + kWindow) return ScanPrfAesni(key, data, begin, end, below);
  for (size_t i = begin; i < end;) {
    if (data[i - 1] == data[i - 2]) i = ScanSkipAvx2(data, i, end, kWindow);
    if (i == end) break;
    // The last step overlaps the one before it: nothing is read past the end.
    const size_t base = std::min(i, end - kStep);
    const uint8_t* window = data + base - kWindow;
    uint32_t mask = HitMask(key, window, below) | HitMask(key, window + kVectors, below)
                                                      << kVectors;
    mask >>= i - base;
    for (; mask != 0; mask &= mask - 1) {
      const size_t hit = i + static_cast<size_t>(std::countr_zero(mask));
      if (!ScanIsConstant(data, hit, kWindow)) return {hit, ScanPrfValueAesni(key, data, hit)};
    }
    i = base + kStep;
  }
  return {end, 0};
}

}  // namespace syncengine::kernels

#endif  // defined(__x86_64__)
