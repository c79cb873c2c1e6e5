#include "src/kernels/blake2b.h"

#include <bit>
#include <cstring>

namespace syncengine::kernels {
namespace {

constexpr size_t kBlock = 128;
constexpr size_t kRounds = 12;
using State = std::array<uint64_t, 8>;

constexpr State kStart = {0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B,
                          0xA54FF53A5F1D36F1, 0x510E527FADE682D1, 0x9B05688C2B3E6C1F,
                          0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179};

constexpr uint8_t kOrder[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

uint64_t LoadWord(const uint8_t* bytes) {
  uint64_t word = 0;
  for (int i = 7; i >= 0; --i) word = word << 8 | bytes[i];
  return word;
}

inline void Mix(uint64_t& a, uint64_t& b, uint64_t& c, uint64_t& d, uint64_t x, uint64_t y) {
  a += b + x;
  d = std::rotr(d ^ a, 32);
  c += d;
  b = std::rotr(b ^ c, 24);
  a += b + y;
  d = std::rotr(d ^ a, 16);
  c += d;
  b = std::rotr(b ^ c, 63);
}

// `count` is the number of message bytes up to the end of this block.
void AbsorbBlock(State& state, const uint8_t* block, uint64_t count, bool is_last) {
  std::array<uint64_t, 16> m;
  for (size_t i = 0; i < m.size(); ++i) m[i] = LoadWord(block + 8 * i);
  std::array<uint64_t, 16> v;
  for (size_t i = 0; i < state.size(); ++i) {
    v[i] = state[i];
    v[i + 8] = kStart[i];
  }
  v[12] ^= count;
  if (is_last) v[14] = ~v[14];
  for (size_t round = 0; round < kRounds; ++round) {
    const uint8_t* s = kOrder[round % 10];
    Mix(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]);
    Mix(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
    Mix(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]);
    Mix(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
    Mix(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]);
    Mix(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
    Mix(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]);
    Mix(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
  }
  for (size_t i = 0; i < state.size(); ++i) state[i] ^= v[i] ^ v[i + 8];
}

}  // namespace

Digest Blake2b256(absl::string_view bytes) {
  State state = kStart;
  state[0] ^= 0x01010000 ^ kDigestBytes;  // Fan-out 1, depth 1, no key, this digest length.
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t done = 0;
  // The last block is the one that ends the message, even when it is whole.
  for (; bytes.size() - done > kBlock; done += kBlock) {
    AbsorbBlock(state, data + done, done + kBlock, false);
  }
  std::array<uint8_t, kBlock> last{};
  if (bytes.size() > done) std::memcpy(last.data(), data + done, bytes.size() - done);
  AbsorbBlock(state, last.data(), bytes.size(), true);
  Digest digest;
  for (size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<uint8_t>(state[i / 8] >> (8 * (i % 8)));
  }
  return digest;
}

}  // namespace syncengine::kernels
