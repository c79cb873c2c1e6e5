#include "src/kernels/scan_aes.h"

#include <bit>
#include <cstring>

namespace syncengine::kernels {
namespace {

constexpr uint64_t kRowMask = 0x000F000F000F000F;  // Row 0 of every column of the four states.
constexpr size_t kWords = 4 * (kAesRounds + 1);

// Folds a product of degree 14 by x^8 = x^4 + x^3 + x + 1.
AesSlices Reduce(std::array<uint64_t, 15>& product) {
  for (size_t k = 14; k >= 8; --k) {
    product[k - 4] ^= product[k];
    product[k - 5] ^= product[k];
    product[k - 7] ^= product[k];
    product[k - 8] ^= product[k];
  }
  AesSlices reduced;
  for (size_t t = 0; t < 8; ++t) reduced[t] = product[t];
  return reduced;
}

AesSlices Multiply(const AesSlices& a, const AesSlices& b) {
  std::array<uint64_t, 15> product{};
  for (size_t i = 0; i < 8; ++i) {
    for (size_t j = 0; j < 8; ++j) product[i + j] ^= a[i] & b[j];
  }
  return Reduce(product);
}

AesSlices Square(const AesSlices& a) {
  std::array<uint64_t, 15> product{};
  for (size_t i = 0; i < 8; ++i) product[2 * i] = a[i];
  return Reduce(product);
}

// x^254, which is 1 / x for every x but 0 and 0 for 0.
AesSlices Invert(const AesSlices& x) {
  const AesSlices x2 = Square(x);
  const AesSlices x3 = Multiply(x2, x);
  const AesSlices x12 = Square(Square(x3));
  const AesSlices x15 = Multiply(x12, x3);
  const AesSlices x240 = Square(Square(Square(Square(x15))));
  return Multiply(Multiply(x240, x12), x2);
}

AesSlices SubBytes(const AesSlices& state) {
  const AesSlices inverse = Invert(state);
  AesSlices out;
  for (size_t t = 0; t < 8; ++t) {
    out[t] = inverse[t] ^ inverse[(t + 4) % 8] ^ inverse[(t + 5) % 8] ^ inverse[(t + 6) % 8] ^
             inverse[(t + 7) % 8];
    if ((0x63 >> t & 1) != 0) out[t] = ~out[t];
  }
  return out;
}

// Row r moves left by r columns; a column is 16 bits of a slice.
void ShiftRows(AesSlices& state) {
  for (uint64_t& slice : state) {
    uint64_t shifted = 0;
    for (int row = 0; row < 4; ++row) {
      shifted |= std::rotr(slice, 16 * row) & (kRowMask << (4 * row));
    }
    slice = shifted;
  }
}

// The state with every column turned up by one row.
uint64_t TurnColumn(uint64_t slice) {
  return (slice >> 4 & ~(kRowMask << 12)) | (slice & kRowMask) << 12;
}

void MixColumns(AesSlices& state) {
  AesSlices doubled;  // 2 * (a ^ next), before the reduction of bit 8.
  AesSlices others;   // The three rows below, added.
  for (size_t t = 0; t < 8; ++t) {
    const uint64_t next = TurnColumn(state[t]);
    const uint64_t second = TurnColumn(next);
    doubled[(t + 1) % 8] = state[t] ^ next;
    others[t] = next ^ second ^ TurnColumn(second);
  }
  for (const size_t t : {1, 3, 4}) doubled[t] ^= doubled[0];
  for (size_t t = 0; t < 8; ++t) state[t] = doubled[t] ^ others[t];
}

void AddRoundKey(AesSlices& state, const AesSlices& round_key) {
  for (size_t t = 0; t < 8; ++t) state[t] ^= round_key[t];
}

AesSlices Slice(const std::array<const uint8_t*, 4>& blocks) {
  AesSlices slices{};
  for (size_t j = 0; j < kAesBlockBytes; ++j) {
    for (size_t b = 0; b < 4; ++b) {
      const uint64_t byte = blocks[b][j];
      for (size_t t = 0; t < 8; ++t) slices[t] |= (byte >> t & 1) << (4 * j + b);
    }
  }
  return slices;
}

uint8_t ByteAt(const AesSlices& slices, size_t j, size_t b) {
  uint8_t byte = 0;
  for (size_t t = 0; t < 8; ++t) {
    byte = static_cast<uint8_t>(byte | (slices[t] >> (4 * j + b) & 1) << t);
  }
  return byte;
}

// What is added to every fourth word of the key: SubWord(RotWord(previous)) and the round constant.
std::array<uint8_t, 4> TurnedWord(const uint8_t* previous, uint8_t constant) {
  std::array<uint8_t, kAesBlockBytes> block{};
  for (size_t j = 0; j < 4; ++j) block[j] = previous[(j + 1) % 4];
  const AesSlices substituted =
      SubBytes(Slice({block.data(), block.data(), block.data(), block.data()}));
  std::array<uint8_t, 4> word;
  for (size_t j = 0; j < 4; ++j) word[j] = ByteAt(substituted, j, 0);
  word[0] ^= constant;
  return word;
}

}  // namespace

AesSchedule ExpandAesKey(const uint8_t* key) {
  AesSchedule schedule{};
  uint8_t* bytes = schedule.bytes.data();
  std::memcpy(bytes, key, kAesBlockBytes);
  uint8_t constant = 1;
  for (size_t word = 4; word < kWords; ++word) {
    const uint8_t* previous = bytes + 4 * (word - 1);
    std::array<uint8_t, 4> added = {previous[0], previous[1], previous[2], previous[3]};
    if (word % 4 == 0) {
      added = TurnedWord(previous, constant);
      constant = static_cast<uint8_t>(constant << 1 ^ (constant >> 7) * 0x1b);
    }
    for (size_t j = 0; j < 4; ++j) bytes[4 * word + j] = bytes[4 * (word - 4) + j] ^ added[j];
  }
  for (size_t round = 0; round <= kAesRounds; ++round) {
    const uint8_t* round_key = bytes + round * kAesBlockBytes;
    schedule.slices[round] = Slice({round_key, round_key, round_key, round_key});
  }
  return schedule;
}

std::array<uint32_t, 4> AesFirstWords(const AesSchedule& schedule,
                                      const std::array<const uint8_t*, 4>& blocks) {
  AesSlices state = Slice(blocks);
  AddRoundKey(state, schedule.slices[0]);
  for (size_t round = 1; round <= kAesRounds; ++round) {
    state = SubBytes(state);
    ShiftRows(state);
    if (round < kAesRounds) MixColumns(state);
    AddRoundKey(state, schedule.slices[round]);
  }
  std::array<uint32_t, 4> words{};
  for (size_t b = 0; b < 4; ++b) {
    for (size_t j = 0; j < 4; ++j) words[b] |= uint32_t{ByteAt(state, j, b)} << (8 * j);
  }
  return words;
}

}  // namespace syncengine::kernels
