#include "src/kernels/md4.h"

#include <bit>
#include <cstring>

namespace syncengine::kernels {
namespace {

constexpr size_t kBlock = 64;
using State = std::array<uint32_t, 4>;

uint32_t LoadWord(const uint8_t* bytes) {
  return uint32_t{bytes[0]} | uint32_t{bytes[1]} << 8 | uint32_t{bytes[2]} << 16 |
         uint32_t{bytes[3]} << 24;
}

void StoreWord(uint32_t word, uint8_t* bytes) {
  for (int i = 0; i < 4; ++i) bytes[i] = static_cast<uint8_t>(word >> (8 * i));
}

uint32_t Choose(uint32_t x, uint32_t y, uint32_t z) { return (x & y) | (~x & z); }
uint32_t Majority(uint32_t x, uint32_t y, uint32_t z) { return (x & y) | (x & z) | (y & z); }
uint32_t Parity(uint32_t x, uint32_t y, uint32_t z) { return x ^ y ^ z; }

struct Round {
  uint32_t (*mix)(uint32_t, uint32_t, uint32_t);
  uint32_t constant;
  std::array<uint8_t, 16> order;
  std::array<uint8_t, 4> shifts;
};

constexpr Round kRounds[] = {
    {Choose, 0, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {3, 7, 11, 19}},
    {Majority, 0x5A827999, {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15}, {3, 5, 9, 13}},
    {Parity, 0x6ED9EBA1, {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15}, {3, 9, 11, 15}},
};

void AbsorbBlock(State& state, const uint8_t* block) {
  std::array<uint32_t, 16> words;
  for (size_t i = 0; i < words.size(); ++i) words[i] = LoadWord(block + 4 * i);
  auto [a, b, c, d] = state;
  for (const Round& round : kRounds) {
    for (size_t step = 0; step < 16; ++step) {
      const uint32_t sum = a + round.mix(b, c, d) + words[round.order[step]] + round.constant;
      a = d;
      d = c;
      c = b;
      b = std::rotl(sum, round.shifts[step % 4]);
    }
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d};
}

}  // namespace

std::array<uint8_t, kMd4Bytes> Md4(absl::string_view bytes) {
  State state = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476};
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  const size_t whole = bytes.size() / kBlock * kBlock;
  for (size_t i = 0; i < whole; i += kBlock) AbsorbBlock(state, data + i);
  // The rest, a one bit, zeros and the length in bits fill one block or two.
  std::array<uint8_t, 2 * kBlock> tail{};
  const size_t rest = bytes.size() - whole;
  if (rest > 0) std::memcpy(tail.data(), data + whole, rest);
  tail[rest] = 0x80;
  const size_t tail_size = rest + 9 <= kBlock ? kBlock : 2 * kBlock;
  const uint64_t bits = uint64_t{bytes.size()} * 8;
  StoreWord(static_cast<uint32_t>(bits), &tail[tail_size - 8]);
  StoreWord(static_cast<uint32_t>(bits >> 32), &tail[tail_size - 4]);
  for (size_t i = 0; i < tail_size; i += kBlock) AbsorbBlock(state, &tail[i]);
  std::array<uint8_t, kMd4Bytes> digest;
  for (size_t i = 0; i < state.size(); ++i) StoreWord(state[i], &digest[4 * i]);
  return digest;
}

}  // namespace syncengine::kernels
