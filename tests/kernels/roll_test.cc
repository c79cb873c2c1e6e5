// The rolling hash is what its definition says, with every kernel and everywhere.
#include "src/kernels/roll.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace syncengine::kernels {
namespace {

constexpr uint32_t kFactor = 0x08104225;

std::string Noise(std::mt19937_64& random, size_t size) {
  std::string noise(size, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  return noise;
}

const uint8_t* Bytes(const std::string& text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

uint32_t Definition(const uint8_t* data, size_t size) {
  uint32_t hash = 1;
  for (size_t i = 0; i < size; ++i) hash = hash * kFactor + data[i];
  return hash;
}

TEST(RollTest, EveryKernelHashesAsDefinedAtAllSizesAndAlignments) {
  std::mt19937_64 random(1);
  const std::string noise = Noise(random, 400);
  for (const RollKernel& kernel : RollKernels()) {
    if (!kernel.supported()) continue;
    for (size_t size = 0; size <= 300; ++size) {
      const RollFactors factors(kFactor, size);
      for (size_t start = 0; start < 33; start += 3) {
        const uint8_t* data = Bytes(noise) + start;
        EXPECT_EQ(kernel.hash(factors, data, size), Definition(data, size))
            << kernel.name << " " << size << " " << start;
      }
    }
  }
}

TEST(RollTest, EveryKernelFindsTheFirstHitAndItsHash) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    std::mt19937_64 random(seed);
    const size_t window = 1 + random() % 100;
    const size_t positions = 1 + random() % 200;
    const size_t begin = random() % 20;
    // Of the exact size, so that a sanitizer sees a read past the end.
    const std::string noise = Noise(random, begin + positions - 1 + window);
    const uint8_t* data = Bytes(noise);
    std::vector<uint64_t> bits(16);
    for (uint64_t hits = random() % 12; hits > 0; --hits) {
      bits[random() % 16] |= uint64_t{1} << random() % 64;
    }
    const RollFilter filter{bits.data(), 22};
    const RollFactors factors(kFactor, window);
    size_t expected = begin;
    const size_t end = begin + positions;
    while (expected < end && !filter.MayHold(Definition(data + expected, window))) ++expected;
    for (const RollKernel& kernel : RollKernels()) {
      if (!kernel.supported()) continue;
      const RollHit hit =
          kernel.find(factors, filter, data, begin, end, Definition(data + begin, window));
      EXPECT_EQ(hit.position, expected) << kernel.name << " seed " << seed;
      if (expected == end) continue;
      EXPECT_EQ(hit.hash, Definition(data + expected, window)) << kernel.name << " seed " << seed;
    }
  }
}

TEST(RollTest, ForcingAKernelByNameChoosesIt) {
  EXPECT_STREQ(ChooseRollKernel("scalar").name, "scalar");
  EXPECT_TRUE(ChooseRollKernel("").supported());
}

}  // namespace
}  // namespace syncengine::kernels
