// The AES-NI kernel of the suite kPrf: eight positions at once, to hide the latency of each round.
#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <bit>

#include "src/kernels/scan_sets.h"

#define SYNCENGINE_AESNI __attribute__((target("sse4.2,aes")))
#define SYNCENGINE_AESNI_INLINE __attribute__((target("sse4.2,aes"), always_inline)) inline

namespace syncengine::kernels {
namespace {

constexpr size_t kStep = 8;  // Positions a step.
constexpr size_t kWindow = ScanWindow(ScanSuite::kPrf);

SYNCENGINE_AESNI_INLINE __m128i Load(const uint8_t* bytes) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}

SYNCENGINE_AESNI_INLINE __m128i RoundKey(const ScanKey& key, size_t round) {
  return _mm_load_si128(
      reinterpret_cast<const __m128i*>(key.aes.bytes.data() + round * kAesBlockBytes));
}

// Encrypts the windows of the kStep positions whose first one has its window at `window`.
SYNCENGINE_AESNI_INLINE void Encrypt(const ScanKey& key, const uint8_t* window,
                                     __m128i (&blocks)[kStep]) {
  const __m128i first = RoundKey(key, 0);
#pragma GCC unroll 8
  for (size_t k = 0; k < kStep; ++k) blocks[k] = _mm_xor_si128(Load(window + k), first);
#pragma GCC unroll 9
  for (size_t round = 1; round < kAesRounds; ++round) {
    const __m128i round_key = RoundKey(key, round);
#pragma GCC unroll 8
    for (size_t k = 0; k < kStep; ++k) blocks[k] = _mm_aesenc_si128(blocks[k], round_key);
  }
  const __m128i last = RoundKey(key, kAesRounds);
#pragma GCC unroll 8
  for (size_t k = 0; k < kStep; ++k) blocks[k] = _mm_aesenclast_si128(blocks[k], last);
}

// Bit k: whether position k of kStep has a value below `below`.
SYNCENGINE_AESNI_INLINE uint32_t HitMask(const ScanKey& key, const uint8_t* window, int32_t below) {
  __m128i blocks[kStep];
  Encrypt(key, window, blocks);
  __m128i least = blocks[0];
#pragma GCC unroll 8
  for (size_t k = 1; k < kStep; ++k) least = _mm_min_epi32(least, blocks[k]);
  if (_mm_cvtsi128_si32(least) >= below) return 0;
  uint32_t mask = 0;
#pragma GCC unroll 8
  for (size_t k = 0; k < kStep; ++k) {
    mask |= static_cast<uint32_t>(_mm_cvtsi128_si32(blocks[k]) < below) << k;
  }
  return mask;
}

}  // namespace

SYNCENGINE_AESNI int32_t ScanPrfValueAesni(const ScanKey& key, const uint8_t* data,
                                           size_t position) {
  __m128i block = _mm_xor_si128(Load(data + position - kWindow), RoundKey(key, 0));
  for (size_t round = 1; round < kAesRounds; ++round) {
    block = _mm_aesenc_si128(block, RoundKey(key, round));
  }
  return _mm_cvtsi128_si32(_mm_aesenclast_si128(block, RoundKey(key, kAesRounds)));
}

SYNCENGINE_AESNI ScanHit ScanPrfAesni(const ScanKey& key, const uint8_t* data, size_t begin,
                                      size_t end, int32_t below) {
  if (end < kStep + kWindow) return ScanPrfScalar(key, data, begin, end, below);
  for (size_t i = begin; i < end;) {
    if (data[i - 1] == data[i - 2]) i = ScanSkipAvx2(data, i, end, kWindow);
    if (i == end) break;
    // The last step overlaps the one before it: nothing is read past the end.
    const size_t base = std::min(i, end - kStep);
    uint32_t mask = HitMask(key, data + base - kWindow, below) >> (i - base);
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
