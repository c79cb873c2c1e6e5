// Keys, blocks and assertions that the format tests share.
#ifndef SYNCENGINE_TESTS_FORMAT_FORMAT_FIXTURE_H_
#define SYNCENGINE_TESTS_FORMAT_FORMAT_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "src/kernels/checksum.h"
#include "syncengine/base/error.h"
#include "syncengine/format/frame.h"
#include "syncengine/format/keys.h"
#include "syncengine/format/manifest.h"

namespace syncengine::testing {

// `size` bytes counting up from `first`.
inline std::string CountingBytes(size_t size, uint8_t first) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(first + i));
  return bytes;
}

template <typename IdType>
IdType CountingId(uint8_t first) {
  return *IdType::FromBytes(CountingBytes(IdType::kSize, first));
}

inline std::string RandomBytes(std::mt19937_64& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

inline std::unique_ptr<NamespaceKeys> FixedKeys(uint8_t first = 0) {
  return *NamespaceKeys::Create(CountingId<NamespaceId>(0x40), CountingBytes(64, first));
}

// The blocks view `contents`, which must outlive them.
inline std::vector<PlainBlock> DataBlocks(const NamespaceKeys& keys,
                                          const std::vector<std::string>& contents) {
  std::vector<PlainBlock> blocks;
  for (const std::string& content : contents) {
    blocks.push_back({.id = keys.IdOf(content), .bytes = content});
  }
  return blocks;
}

inline std::string SealData(const NamespaceKeys& keys, const std::vector<std::string>& contents,
                            int level = 0) {
  auto sealer =
      FrameSealer::Create(keys, CountingId<FrameSalt>(0xa0), {.compression_level = level});
  return *(*sealer)->Seal(FrameKind::kData, DataBlocks(keys, contents));
}

// Writes the checksum that the frame's bytes ask for, as somebody who forges a frame would.
inline std::string WithChecksum(std::string frame) {
  const size_t covered = frame.size() - 8;
  const uint64_t checksum = kernels::Xxh3(absl::string_view(frame).substr(0, covered));
  for (int i = 0; i < 8; ++i) frame[covered + i] = static_cast<char>(checksum >> (8 * i));
  return frame;
}

inline std::string WithBitFlipped(absl::string_view bytes, size_t bit) {
  std::string flipped(bytes);
  flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
  return flipped;
}

inline std::string WithU32(std::string bytes, size_t offset, uint32_t value) {
  for (int i = 0; i < 4; ++i) bytes[offset + i] = static_cast<char>(value >> (8 * i));
  return bytes;
}

inline bool IsDamage(const absl::Status& status) { return GetReason(status) == Reason::kIntegrity; }

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTS_FORMAT_FORMAT_FIXTURE_H_
