// The AVX2 kernel of the suite kFast: 64 positions a step.
#if defined(__x86_64__)

#include <immintrin.h>

#include <bit>
#include <cstring>

#include "src/kernels/scan_sets.h"

#define SYNCENGINE_AVX2 __attribute__((target("avx2,bmi,bmi2")))
#define SYNCENGINE_AVX2_INLINE __attribute__((target("avx2,bmi,bmi2"), always_inline)) inline

namespace syncengine::kernels {
namespace {

constexpr size_t kStep = 64;       // Positions a step.
constexpr size_t kSkipStep = 128;  // Bytes a step of a run.
constexpr size_t kWindow = ScanWindow(ScanSuite::kFast);

SYNCENGINE_AVX2_INLINE __m256i Load(const uint8_t* bytes) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
}

struct Factors {
  __m256i low;
  __m256i high;
};

// Lane j is the value of position 4 * j, where `window` is the window of position 0.
SYNCENGINE_AVX2_INLINE __m256i Values(const Factors& factors, const uint8_t* window) {
  return _mm256_add_epi32(_mm256_mullo_epi32(Load(window), factors.low),
                          _mm256_mullo_epi32(Load(window + 4), factors.high));
}

// The lanewise minimum of the values of 32 positions.
SYNCENGINE_AVX2_INLINE __m256i Minimum32(const Factors& factors, const uint8_t* window) {
  return _mm256_min_epi32(
      _mm256_min_epi32(Values(factors, window), Values(factors, window + 1)),
      _mm256_min_epi32(Values(factors, window + 2), Values(factors, window + 3)));
}

// Bit k: whether position k of 64 has a value below `threshold`. Computes all again, so that the
// loop that finds nothing keeps its values in registers.
SYNCENGINE_AVX2 __attribute__((noinline)) uint64_t HitMask(const ScanKey& key,
                                                           const uint8_t* window, int32_t below) {
  const Factors factors = {_mm256_set1_epi32(static_cast<int>(key.low_factor)),
                           _mm256_set1_epi32(static_cast<int>(key.high_factor))};
  const __m256i threshold = _mm256_set1_epi32(below);
  uint64_t mask = 0;
  for (size_t k = 0; k < 4; ++k) {
    uint64_t lanes = 0;
    for (size_t half = 0; half < 2; ++half) {
      const __m256i hits = _mm256_cmpgt_epi32(threshold, Values(factors, window + 32 * half + k));
      const int bits = _mm256_movemask_ps(_mm256_castsi256_ps(hits));
      lanes |= uint64_t{static_cast<uint32_t>(bits)} << (8 * half);
    }
    mask |= _pdep_u64(lanes, 0x1111111111111111u << k);
  }
  return mask;
}

// Whether any of the 64 positions has a value below `threshold`.
SYNCENGINE_AVX2_INLINE bool AnyBelow(const Factors& factors, __m256i threshold,
                                     const uint8_t* window) {
  const __m256i least =
      _mm256_min_epi32(Minimum32(factors, window), Minimum32(factors, window + 32));
  const __m256i hits = _mm256_cmpgt_epi32(threshold, least);
  return _mm256_testz_si256(hits, hits) == 0;
}

// The first full step of kStep positions from `begin` on that has a value below `below`; the first
// position without a full step when there is none.
SYNCENGINE_AVX2 __attribute__((noinline)) size_t SkipMisses(const ScanKey& key, const uint8_t* data,
                                                            size_t begin, size_t end,
                                                            int32_t below) {
  const Factors factors = {_mm256_set1_epi32(static_cast<int>(key.low_factor)),
                           _mm256_set1_epi32(static_cast<int>(key.high_factor))};
  const __m256i threshold = _mm256_set1_epi32(below);
  size_t i = begin;
  for (; end - i >= kStep; i += kStep) {
    _mm_prefetch(reinterpret_cast<const char*>(data + i + kScanPrefetchBytes), _MM_HINT_T0);
    if (AnyBelow(factors, threshold, data + i - kWindow)) break;
  }
  return i;
}

}  // namespace

SYNCENGINE_AVX2 size_t ScanSkipAvx2(const uint8_t* data, size_t begin, size_t end, size_t window) {
  if (begin >= end || !ScanIsConstant(data, begin, window)) return begin;
  const __m256i byte = _mm256_set1_epi8(static_cast<char>(data[begin - 1]));
  size_t i = begin;
  for (; i + kSkipStep < end; i += kSkipStep) {
    _mm_prefetch(reinterpret_cast<const char*>(data + i + kScanPrefetchBytes), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(data + i + kScanPrefetchBytes + 64), _MM_HINT_T0);
    __m256i different = _mm256_setzero_si256();
    for (size_t k = 0; k < kSkipStep; k += 32) {
      different = _mm256_or_si256(different, _mm256_xor_si256(Load(data + i + k), byte));
    }
    if (_mm256_testz_si256(different, different) == 0) break;
  }
  while (i + 1 < end && data[i] == data[begin - 1]) ++i;
  return i + 1;
}

SYNCENGINE_AVX2 ScanHit ScanFastAvx2(const ScanKey& key, const uint8_t* data, size_t begin,
                                     size_t end, int32_t below) {
  // The last step overlaps the one before it, down to a base whose window is still inside the
  // buffer.
  if (end < kStep + kWindow) return ScanFastScalar(key, data, begin, end, below);
  for (size_t i = begin; i < end;) {
    i = SkipMisses(key, data, i, end, below);
    const bool whole = end - i >= kStep;
    const size_t base = whole ? i : end - kStep;
    const uint64_t mask = i == end ? 0 : HitMask(key, data + base - kWindow, below) >> (i - base);
    if (mask == 0) return {end, 0};
    i += static_cast<size_t>(std::countr_zero(mask));
    if (!ScanIsConstant(data, i, kWindow)) return {i, ScanFastValue(key, data, i)};
    i = ScanSkipAvx2(data, i, end, kWindow);
  }
  return {end, 0};
}

}  // namespace syncengine::kernels

#endif  // defined(__x86_64__)
