// SHA-256 (FIPS 180-4) with the SHA instructions, two messages in step: each
// round of one waits for the round before, and the other fills the wait.
#if defined(__x86_64__)

#include <immintrin.h>

#include <array>

#include "src/kernels/leaf_digest_sets.h"

#define SYNCENGINE_SHANI __attribute__((target("sha,sse4.1,ssse3")))
#define SYNCENGINE_SHANI_INLINE __attribute__((target("sha,sse4.1,ssse3"), always_inline)) inline

namespace syncengine::kernels {
namespace {

constexpr size_t kBlock = 64;

alignas(16) constexpr uint32_t kRoundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// The words of the state as the instructions want them.
struct State {
  __m128i abef;
  __m128i cdgh;
};

SYNCENGINE_SHANI_INLINE State InitialState() {
  return {_mm_set_epi32(0x6a09e667, static_cast<int>(0xbb67ae85), 0x510e527f,
                        static_cast<int>(0x9b05688c)),
          _mm_set_epi32(0x3c6ef372, static_cast<int>(0xa54ff53a), 0x1f83d9ab, 0x5be0cd19)};
}

SYNCENGINE_SHANI_INLINE __m128i SwapBytes(__m128i words) {
  return _mm_shuffle_epi8(words, _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
}

SYNCENGINE_SHANI_INLINE __m128i Load(const uint8_t* bytes) {
  return SwapBytes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
}

// The schedule's words of step `step`, four rounds, from those of the four
// steps before; `words` is a ring.
SYNCENGINE_SHANI_INLINE void Expand(__m128i* words, int step) {
  const __m128i before = words[(step + 3) % 4];
  const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(words[step % 4], words[(step + 1) % 4]),
                                    _mm_alignr_epi8(before, words[(step + 2) % 4], 4));
  words[step % 4] = _mm_sha256msg2_epu32(sum, before);
}

SYNCENGINE_SHANI_INLINE void FourRounds(State& state, __m128i words, int step) {
  const __m128i constants =
      _mm_load_si128(reinterpret_cast<const __m128i*>(kRoundConstants + 4 * step));
  const __m128i sum = _mm_add_epi32(words, constants);
  state.cdgh = _mm_sha256rnds2_epu32(state.cdgh, state.abef, sum);
  state.abef = _mm_sha256rnds2_epu32(state.abef, state.cdgh, _mm_shuffle_epi32(sum, 0x0E));
}

// One block of each of two messages.
SYNCENGINE_SHANI_INLINE void Absorb(State& first, State& second, const uint8_t* first_block,
                                    const uint8_t* second_block) {
  const State first_before = first;
  const State second_before = second;
  __m128i first_words[4];
  __m128i second_words[4];
#pragma GCC unroll 16
  for (int step = 0; step < 16; ++step) {
    if (step < 4) {
      first_words[step] = Load(first_block + 16 * step);
      second_words[step] = Load(second_block + 16 * step);
    } else {
      Expand(first_words, step);
      Expand(second_words, step);
    }
    FourRounds(first, first_words[step % 4], step);
    FourRounds(second, second_words[step % 4], step);
  }
  first = {_mm_add_epi32(first.abef, first_before.abef),
           _mm_add_epi32(first.cdgh, first_before.cdgh)};
  second = {_mm_add_epi32(second.abef, second_before.abef),
            _mm_add_epi32(second.cdgh, second_before.cdgh)};
}

SYNCENGINE_SHANI_INLINE void Store(const State& state, Digest& digest) {
  const __m128i feba = _mm_shuffle_epi32(state.abef, 0x1B);
  const __m128i dchg = _mm_shuffle_epi32(state.cdgh, 0xB1);
  auto* out = reinterpret_cast<__m128i*>(digest.data());
  _mm_storeu_si128(out, SwapBytes(_mm_blend_epi16(feba, dchg, 0xF0)));
  _mm_storeu_si128(out + 1, SwapBytes(_mm_alignr_epi8(dchg, feba, 8)));
}

// What follows a message of `size` bytes, a multiple of 64.
std::array<uint8_t, kBlock> Padding(size_t size) {
  std::array<uint8_t, kBlock> block{};
  block[0] = 0x80;
  const uint64_t bits = uint64_t{size} * 8;
  for (size_t i = 0; i < 8; ++i) block[kBlock - 1 - i] = static_cast<uint8_t>(bits >> (8 * i));
  return block;
}

}  // namespace

SYNCENGINE_SHANI void Sha256LeavesShani(absl::string_view bytes, size_t leaf_bytes,
                                        absl::Span<Digest> digests) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  const std::array<uint8_t, kBlock> padding = Padding(leaf_bytes);
  size_t leaf = 0;
  for (; leaf + 2 <= digests.size(); leaf += 2, data += 2 * leaf_bytes) {
    State first = InitialState();
    State second = InitialState();
    for (size_t i = 0; i < leaf_bytes; i += kBlock) {
      Absorb(first, second, data + i, data + leaf_bytes + i);
    }
    Absorb(first, second, padding.data(), padding.data());
    Store(first, digests[leaf]);
    Store(second, digests[leaf + 1]);
  }
  Sha256LeavesScalar(bytes.substr(leaf * leaf_bytes), leaf_bytes, digests.subspan(leaf));
}

}  // namespace syncengine::kernels

#endif  // defined(__x86_64__)
