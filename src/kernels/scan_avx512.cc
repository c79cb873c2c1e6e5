// The AVX-512 kernels: of the suite kFast, 64 positions a step in four registers, and of the suite
// kPrf, where one 64-byte load holds the windows of four positions, 16 bytes apart.
#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <bit>

#include "src/kernels/scan_sets.h"

// The compiler's own headers leave a register undefined on purpose (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#define SYNCENGINE_AVX512 __attribute__((target("avx512f,avx512bw,bmi,bmi2")))
#define SYNCENGINE_AVX512_INLINE \
  __attribute__((target("avx512f,avx512bw,bmi,bmi2"), always_inline)) inline
#define SYNCENGINE_VAES512 __attribute__((target("avx512f,avx512bw,aes,vaes,bmi,bmi2")))
#define SYNCENGINE_VAES512_INLINE \
  __attribute__((target("avx512f,avx512bw,aes,vaes,bmi,bmi2"), always_inline)) inline

namespace syncengine::kernels {
namespace {

constexpr size_t kStep = 64;    // Positions a step.
constexpr size_t kVectors = 8;  // Encrypted together, to hide the latency of each round.
constexpr size_t kFastWindow = ScanWindow(ScanSuite::kFast);
constexpr size_t kPrfWindow = ScanWindow(ScanSuite::kPrf);
constexpr uint64_t kEveryFourth = 0x1111111111111111u;
constexpr uint64_t kEverySixteenth = 0x0001000100010001u;

SYNCENGINE_AVX512_INLINE __m512i Load(const uint8_t* bytes) { return _mm512_loadu_si512(bytes); }

struct Factors {
  __m512i low;
  __m512i high;
};

// Lane j is the value of position 4 * j, where `window` is the window of position 0.
SYNCENGINE_AVX512_INLINE __m512i Values(const Factors& factors, const uint8_t* window) {
  return _mm512_add_epi32(_mm512_mullo_epi32(Load(window), factors.low),
                          _mm512_mullo_epi32(Load(window + 4), factors.high));
}

SYNCENGINE_AVX512_INLINE Factors FactorsOf(const ScanKey& key) {
  return {_mm512_set1_epi32(static_cast<int>(key.low_factor)),
          _mm512_set1_epi32(static_cast<int>(key.high_factor))};
}

// Bit k: whether position k of 64 has a value below `below`.
SYNCENGINE_AVX512 __attribute__((noinline)) uint64_t HitMask(const ScanKey& key,
                                                             const uint8_t* window, int32_t below) {
  const Factors factors = FactorsOf(key);
  const __m512i threshold = _mm512_set1_epi32(below);
  uint64_t mask = 0;
  for (size_t k = 0; k < 4; ++k) {
    const __mmask16 hits = _mm512_cmplt_epi32_mask(Values(factors, window + k), threshold);
    mask |= _pdep_u64(hits, kEveryFourth << k);
  }
  return mask;
}

// The first full step of kStep positions from `begin` on that has a value below `below`; the first
// position without a full step when there is none.
SYNCENGINE_AVX512 __attribute__((noinline)) size_t SkipMisses(const ScanKey& key,
                                                              const uint8_t* data, size_t begin,
                                                              size_t end, int32_t below) {
  const Factors factors = FactorsOf(key);
  const __m512i threshold = _mm512_set1_epi32(below);
  size_t i = begin;
  for (; end - i >= kStep; i += kStep) {
    _mm_prefetch(reinterpret_cast<const char*>(data + i + kScanPrefetchBytes), _MM_HINT_T0);
    const uint8_t* window = data + i - kFastWindow;
    const __m512i least = _mm512_min_epi32(
        _mm512_min_epi32(Values(factors, window), Values(factors, window + 1)),
        _mm512_min_epi32(Values(factors, window + 2), Values(factors, window + 3)));
    if (_mm512_cmplt_epi32_mask(least, threshold) != 0) break;
  }
  return i;
}

SYNCENGINE_VAES512_INLINE __m512i RoundKey(const ScanKey& key, size_t round) {
  return _mm512_broadcast_i32x4(_mm_load_si128(
      reinterpret_cast<const __m128i*>(key.aes.bytes.data() + round * kAesBlockBytes)));
}

// Vector k encrypts the windows of positions k, k + 16, k + 32 and k + 48.
SYNCENGINE_VAES512_INLINE void Encrypt(const ScanKey& key, const uint8_t* window,
                                       __m512i (&blocks)[kVectors]) {
  const __m512i first = RoundKey(key, 0);
#pragma GCC unroll 8
  for (size_t k = 0; k < kVectors; ++k) {
    blocks[k] = _mm512_xor_si512(_mm512_loadu_si512(window + k), first);
  }
#pragma GCC unroll 9
  for (size_t round = 1; round < kAesRounds; ++round) {
    const __m512i round_key = RoundKey(key, round);
#pragma GCC unroll 8
    for (size_t k = 0; k < kVectors; ++k) blocks[k] = _mm512_aesenc_epi128(blocks[k], round_key);
  }
  const __m512i last = RoundKey(key, kAesRounds);
#pragma GCC unroll 8
  for (size_t k = 0; k < kVectors; ++k) blocks[k] = _mm512_aesenclast_epi128(blocks[k], last);
}

// Bits k, k + 16, k + 32 and k + 48, k < 8: whether these positions have a value below `below`.
SYNCENGINE_VAES512_INLINE uint64_t PrfHitMask(const ScanKey& key, const uint8_t* window,
                                              int32_t below) {
  constexpr __mmask16 kFirstWords = 0x1111;
  __m512i blocks[kVectors];
  Encrypt(key, window, blocks);
  const __m512i threshold = _mm512_set1_epi32(below);
  __m512i least = blocks[0];
#pragma GCC unroll 8
  for (size_t k = 1; k < kVectors; ++k) least = _mm512_min_epi32(least, blocks[k]);
  if (_mm512_mask_cmplt_epi32_mask(kFirstWords, least, threshold) == 0) return 0;
  uint64_t mask = 0;
#pragma GCC unroll 8
  for (size_t k = 0; k < kVectors; ++k) {
    const __mmask16 hits = _mm512_mask_cmplt_epi32_mask(kFirstWords, blocks[k], threshold);
    mask |= _pdep_u64(_pext_u64(hits, kFirstWords), kEverySixteenth << k);
  }
  return mask;
}

}  // namespace

SYNCENGINE_AVX512 ScanHit ScanFastAvx512(const ScanKey& key, const uint8_t* data, size_t begin,
                                         size_t end, int32_t below) {
  // The last step overlaps the one before it, down to a base whose window is still inside the
  // buffer.
  if (end < kStep + kFastWindow) return ScanFastScalar(key, data, begin, end, below);
  for (size_t i = begin; i < end;) {
    i = SkipMisses(key, data, i, end, below);
    if (i == end) break;
    const size_t base = std::min(i, end - kStep);
    const uint64_t mask = HitMask(key, data + base - kFastWindow, below) >> (i - base);
    if (mask == 0) break;
    i += static_cast<size_t>(std::countr_zero(mask));
    if (!ScanIsConstant(data, i, kFastWindow)) return {i, ScanFastValue(key, data, i)};
    i = ScanSkipAvx2(data, i, end, kFastWindow);
  }
  return {end, 0};
}

SYNCENGINE_VAES512 ScanHit ScanPrfVaes512(const ScanKey& key, const uint8_t* data, size_t begin,
                                          size_t end, int32_t below) {
  if (end < kStep + kPrfWindow) return ScanPrfVaes(key, data, begin, end, below);
  for (size_t i = begin; i < end;) {
    if (data[i - 1] == data[i - 2]) i = ScanSkipAvx2(data, i, end, kPrfWindow);
    if (i == end) break;
    // The last step overlaps the one before it: nothing is read past the end.
    const size_t base = std::min(i, end - kStep);
    const uint8_t* window = data + base - kPrfWindow;
    uint64_t mask = PrfHitMask(key, window, below) | PrfHitMask(key, window + kVectors, below)
                                                         << kVectors;
    mask >>= i - base;
    for (; mask != 0; mask &= mask - 1) {
      const size_t hit = i + static_cast<size_t>(std::countr_zero(mask));
      if (!ScanIsConstant(data, hit, kPrfWindow)) return {hit, ScanPrfValueAesni(key, data, hit)};
    }
    i = base + kStep;
  }
  return {end, 0};
}

}  // namespace syncengine::kernels

#endif  // defined(__x86_64__)
