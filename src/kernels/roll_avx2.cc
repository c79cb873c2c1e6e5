// The AVX2 kernels of the rolling hash: 32 bytes or 8 positions a step.
#if defined(__x86_64__)

#include <immintrin.h>

#include <bit>

#include "src/kernels/roll_sets.h"

#define SYNCENGINE_AVX2 __attribute__((target("avx2")))
#define SYNCENGINE_AVX2_INLINE __attribute__((target("avx2"), always_inline)) inline

namespace syncengine::kernels {
namespace {

SYNCENGINE_AVX2_INLINE __m256i LoadWords(const uint32_t* words) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(words));
}

// Eight bytes as eight words.
SYNCENGINE_AVX2_INLINE __m256i LoadBytes(const uint8_t* bytes) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes)));
}

SYNCENGINE_AVX2_INLINE __m256i Broadcast(uint32_t word) {
  return _mm256_set1_epi32(static_cast<int>(word));
}

SYNCENGINE_AVX2_INLINE uint32_t SumOfLanes(__m256i words) {
  alignas(32) uint32_t lanes[kRollLanes];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), words);
  uint32_t sum = 0;
  for (const uint32_t lane : lanes) sum += lane;
  return sum;
}

// Lane k becomes the sum of lanes 0 to k.
SYNCENGINE_AVX2_INLINE __m256i PrefixSums(__m256i words) {
  const __m256i low = _mm256_permute2x128_si256(words, words, 0x08);  // 0, low half.
  words = _mm256_add_epi32(words, _mm256_alignr_epi8(words, low, 12));
  const __m256i low2 = _mm256_permute2x128_si256(words, words, 0x08);
  words = _mm256_add_epi32(words, _mm256_alignr_epi8(words, low2, 8));
  return _mm256_add_epi32(words, _mm256_permute2x128_si256(words, words, 0x08));
}

// Bit k: whether the filter may hold lane k.
SYNCENGINE_AVX2_INLINE uint32_t HitMask(const RollFilter& filter, __m128i shift, __m256i hashes) {
  const __m256i bits = _mm256_srl_epi32(hashes, shift);
  const __m256i words = _mm256_i32gather_epi32(reinterpret_cast<const int*>(filter.bits),
                                               _mm256_srli_epi32(bits, 5), 4);
  // The wanted bit becomes the sign.
  const __m256i up = _mm256_andnot_si256(bits, _mm256_set1_epi32(31));
  const __m256i signs = _mm256_sllv_epi32(words, up);
  return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(signs)));
}

// What the steps of eight positions need, in registers.
struct Steps {
  __m256i in_weights;
  __m256i out_weights;
  __m256i corrections;
  __m256i powers;
  __m256i step_power;  // The power of a whole step, in every lane.
};

SYNCENGINE_AVX2_INLINE Steps LoadSteps(const RollFactors& factors) {
  return {LoadWords(factors.in_weights), LoadWords(factors.out_weights),
          LoadWords(factors.corrections), LoadWords(factors.powers),
          Broadcast(factors.powers[kRollLanes - 1])};
}

// With H the hash at a position, lane k is what H must grow by before its
// product with factor^(k + 1) is the hash k + 1 positions further: the steps
// between, each divided by the powers that still follow. So the sums of lanes
// need no products of each other.
SYNCENGINE_AVX2_INLINE __m256i Growth(const Steps& steps, const uint8_t* out, const uint8_t* in) {
  const __m256i gained = _mm256_mullo_epi32(LoadBytes(in), steps.in_weights);
  const __m256i lost = _mm256_mullo_epi32(LoadBytes(out), steps.out_weights);
  return PrefixSums(_mm256_sub_epi32(_mm256_sub_epi32(gained, lost), steps.corrections));
}

}  // namespace

SYNCENGINE_AVX2 uint32_t RollHashAvx2(const RollFactors& factors, const uint8_t* data,
                                      size_t size) {
  const __m256i power = Broadcast(factors.stride_power);
  __m256i sums[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                     _mm256_setzero_si256()};
  // The leading 1 is the digit before the first byte: in the last lane, a
  // stride earlier.
  sums[3] = _mm256_set_epi32(1, 0, 0, 0, 0, 0, 0, 0);
  size_t i = 0;
  for (; size - i >= kRollStride; i += kRollStride) {
    for (size_t k = 0; k < 4; ++k) {
      sums[k] = _mm256_add_epi32(_mm256_mullo_epi32(sums[k], power), LoadBytes(data + i + 8 * k));
    }
  }
  __m256i total = _mm256_setzero_si256();
  for (size_t k = 0; k < 4; ++k) {
    const __m256i weights = LoadWords(factors.stride_weights + 8 * k);
    total = _mm256_add_epi32(total, _mm256_mullo_epi32(sums[k], weights));
  }
  return RollExtend(factors, data + i, size - i, SumOfLanes(total));
}

SYNCENGINE_AVX2 RollHit RollFindAvx2(const RollFactors& factors, const RollFilter& filter,
                                     const uint8_t* data, size_t begin, size_t end, uint32_t hash) {
  if (begin >= end) return {end, 0};
  if (filter.MayHold(hash)) return {begin, hash};
  const Steps steps = LoadSteps(factors);
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(filter.shift));
  const __m256i last = _mm256_set1_epi32(kRollLanes - 1);
  __m256i start = Broadcast(hash);  // The hash at i, in every lane.
  size_t i = begin;
  for (; end - i > kRollLanes; i += kRollLanes) {
    const __m256i growth = Growth(steps, data + i, data + i + factors.window);
    const __m256i hashes = _mm256_mullo_epi32(_mm256_add_epi32(start, growth), steps.powers);
    const uint32_t mask = HitMask(filter, shift, hashes);
    if (mask != 0) {
      alignas(32) uint32_t lanes[kRollLanes];
      _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), hashes);
      const auto lane = static_cast<size_t>(std::countr_zero(mask));
      return {i + 1 + lane, lanes[lane]};
    }
    // Not read off `hashes`: this way the next step waits for one product only.
    start = _mm256_mullo_epi32(_mm256_add_epi32(start, _mm256_permutevar8x32_epi32(growth, last)),
                               steps.step_power);
  }
  hash = static_cast<uint32_t>(_mm256_cvtsi256_si32(start));
  return RollFindScalar(factors, filter, data, i, end, hash);
}

}  // namespace syncengine::kernels

#endif  // defined(__x86_64__)
