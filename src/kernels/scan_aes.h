// AES-128 (FIPS 197) without tables: the specification of the scan suite kPrf. Four blocks travel
// together, bit by bit, so that no memory address and no branch depends on the key or the input.
#ifndef SYNCENGINE_KERNELS_SCAN_AES_H_
#define SYNCENGINE_KERNELS_SCAN_AES_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace syncengine::kernels {

inline constexpr size_t kAesBlockBytes = 16;
inline constexpr size_t kAesRounds = 10;

// Bit t of byte j of block b is bit 4 * j + b of word t.
using AesSlices = std::array<uint64_t, 8>;

// The expanded key, as bytes for processors with AES instructions and as slices (the same round key
// for all four blocks) for those without.
struct AesSchedule {
  alignas(16) std::array<uint8_t, (kAesRounds + 1) * kAesBlockBytes> bytes;
  std::array<AesSlices, kAesRounds + 1> slices;
};

// Expands a key of 16 bytes.
AesSchedule ExpandAesKey(const uint8_t* key);

// The first four bytes, little-endian, of the encryption of each of four 16-byte blocks.
std::array<uint32_t, 4> AesFirstWords(const AesSchedule& schedule,
                                      const std::array<const uint8_t*, 4>& blocks);

}  // namespace syncengine::kernels

#endif  // SYNCENGINE_KERNELS_SCAN_AES_H_
