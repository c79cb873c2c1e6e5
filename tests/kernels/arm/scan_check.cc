// Compares the scan kernels for 64-bit ARM with the specification, without a test framework: this
// program is built by a cross compiler, which has no libraries to link, and runs under an emulator.
// Exits with 0 when all is equal.
#include <cstdint>
#include <cstdio>
#include <limits>
#include <vector>

#include "src/kernels/scan_sets.h"

namespace syncengine::kernels {

// As in scan.cc, which needs OpenSSL to wipe what it made.
ScanKey::ScanKey(const uint8_t* secret)
    : low_factor(uint32_t{secret[0]} << 24 | uint32_t{secret[5]} << 13 | secret[9] | 1u),
      high_factor(uint32_t{secret[1]} << 24 | uint32_t{secret[7]} << 11 | secret[3] | 1u),
      aes(ExpandAesKey(secret + kAesBlockBytes)) {}
ScanKey::~ScanKey() = default;

namespace {

struct Pair {
  const char* name;
  ScanSuite suite;
  ScanFind specification;
  ScanFind kernel;
};

constexpr Pair kPairs[] = {
    {"neon", ScanSuite::kFast, ScanFastScalar, ScanFastNeon},
    {"armaes", ScanSuite::kPrf, ScanPrfScalar, ScanPrfArmAes},
};

// SplitMix64.
uint64_t Next(uint64_t& state) {
  state += 0x9E3779B97F4A7C15u;
  uint64_t z = state;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

// Random, zeros, zeros and ones, random with runs.
std::vector<uint8_t> Content(int kind, size_t size, uint64_t seed) {
  std::vector<uint8_t> content(size);
  for (size_t i = 0; i < size; ++i) {
    const uint64_t random = Next(seed);
    if (kind == 0) content[i] = static_cast<uint8_t>(random);
    if (kind == 2) content[i] = static_cast<uint8_t>(random & 1);
    if (kind == 3) {
      const uint8_t before = i == 0 ? uint8_t{0} : content[i - 1];
      content[i] = random % 23 == 0 ? static_cast<uint8_t>(random >> 8) : before;
    }
  }
  return content;
}

// Walks down all hits from the greatest value on, as the chunker does.
bool SameHits(const Pair& pair, const ScanKey& key, const uint8_t* data, size_t begin, size_t end) {
  int32_t below = std::numeric_limits<int32_t>::max();
  while (true) {
    const ScanHit expected = pair.specification(key, data, begin, end, below);
    const ScanHit found = pair.kernel(key, data, begin, end, below);
    if (found.position != expected.position) return false;
    if (expected.position == end) return true;
    if (found.value != expected.value) return false;
    begin = expected.position;
    below = expected.value;
  }
}

bool SameSkips(const Pair& pair, const std::vector<uint8_t>& content) {
  const size_t window = ScanWindow(pair.suite);
  const size_t end = content.size() + 1;
  for (size_t begin = window; begin < end; begin += 7) {
    if (ScanSkipNeon(content.data(), begin, end, window) !=
        ScanSkipScalar(content.data(), begin, end, window)) {
      return false;
    }
  }
  return true;
}

bool Check(const Pair& pair, const ScanKey& key, int kind, size_t length) {
  const size_t window = ScanWindow(pair.suite);
  const std::vector<uint8_t> content = Content(kind, window + length, 31 * length + 1);
  if (SameHits(pair, key, content.data(), window, content.size() + 1) && SameSkips(pair, content)) {
    return true;
  }
  std::printf("%s differs from the specification: kind %d length %zu\n", pair.name, kind, length);
  return false;
}

int Run() {
  std::vector<uint8_t> secret = Content(0, kScanKeyBytes, 99);
  const ScanKey key(secret.data());
  int checked = 0;
  for (const Pair& pair : kPairs) {
    for (int kind = 0; kind < 4; ++kind) {
      for (size_t length = 0; length < 1200; length += length < 200 ? 1 : 37) {
        if (!Check(pair, key, kind, length)) return 1;
        ++checked;
      }
    }
  }
  std::printf("%d contents give the same hits\n", checked);
  return 0;
}

}  // namespace
}  // namespace syncengine::kernels

int main() { return syncengine::kernels::Run(); }
