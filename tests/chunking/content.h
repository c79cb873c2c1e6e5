// Deterministic content and keys for the chunker's tests and golden vectors. Frozen: the vectors
// depend on it.
#ifndef SYNCENGINE_TESTS_CHUNKING_CONTENT_H_
#define SYNCENGINE_TESTS_CHUNKING_CONTENT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "syncengine/chunking/chunker.h"

namespace syncengine::chunking_test {

// SplitMix64 (Steele, Lea, Flood 2014).
class Generator {
 public:
  explicit Generator(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }

 private:
  uint64_t state_;
};

enum class Kind {
  kRandom,  // Every byte random.
  kZeros,   // One run.
  kBits,    // Bytes 0 and 1.
  kRuns,    // Random bytes, each repeated 1 to 4096 times.
  kPeriod,  // Five bytes, repeated.
};
inline constexpr Kind kKinds[] = {Kind::kRandom, Kind::kZeros, Kind::kBits, Kind::kRuns,
                                  Kind::kPeriod};

inline std::string Content(Kind kind, size_t size, uint64_t seed) {
  Generator generator(seed);
  std::string content;
  content.reserve(size);
  while (content.size() < size) {
    const uint64_t random = generator.Next();
    const size_t room = size - content.size();
    size_t repeat = 1;
    if (kind == Kind::kZeros) repeat = room;
    if (kind == Kind::kRuns) repeat = std::min<size_t>(room, 1 + (random >> 8) % 4096);
    char byte = static_cast<char>(random);
    if (kind == Kind::kZeros) byte = 0;
    if (kind == Kind::kBits) byte = static_cast<char>(random & 1);
    if (kind == Kind::kPeriod) byte = "abcde"[content.size() % 5];
    content.append(repeat, byte);
  }
  return content;
}

inline std::string SomeKey(uint64_t seed) { return Content(Kind::kRandom, kChunkerKeyBytes, seed); }

inline std::unique_ptr<const Chunker> MakeChunker(const ChunkerOptions& options,
                                                  absl::string_view key) {
  auto chunker = Chunker::Create(options, key);
  if (!chunker.ok()) {
    ADD_FAILURE() << chunker.status();
    return nullptr;
  }
  return *std::move(chunker);
}

}  // namespace syncengine::chunking_test

#endif  // SYNCENGINE_TESTS_CHUNKING_CONTENT_H_
