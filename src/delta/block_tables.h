// How the blocks of a signature are found by their weak hash.
#ifndef SYNCENGINE_DELTA_BLOCK_TABLES_H_
#define SYNCENGINE_DELTA_BLOCK_TABLES_H_

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "src/delta/block_hasher.h"
#include "syncengine/delta/delta.h"

namespace syncengine::delta {

// Immutable after construction, Thread-safe.
struct BlockIndex::Tables {
  explicit Tables(Signature a_signature);
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  // Whether some block has this weak hash.
  bool HasWeak(uint32_t weak) const;
  // The first block with both hashes.
  std::optional<uint64_t> Find(uint32_t weak, absl::string_view strong) const;

  // The part of the strong hash of `bytes` that the signature keeps.
  absl::string_view Kept(const std::array<uint8_t, 32>& strong) const {
    return absl::string_view(reinterpret_cast<const char*>(strong.data()),
                             signature.layout().strong_bytes);
  }

  Signature signature;
  BlockHasher hasher;
  size_t block_bytes;
  // The last block when it is shorter than the others: its length, 0 when that
  // is unknown.
  std::optional<size_t> tail_bytes;

  // Over the spread weak hashes: small enough for the processor's cache, wrong
  // for about one value of 64 that no block has.
  kernels::RollFilter filter{};

 private:
  void Insert(uint32_t block);
  size_t Slot(uint32_t weak) const { return (weak * 0x9E3779B97F4A7C15u) >> slot_shift_; }

  struct Entry {
    uint32_t weak = 0;
    uint32_t block_and_one = 0;  // 0: empty.
  };
  std::vector<uint64_t> filter_bits_;
  std::vector<Entry> slots_;  // Open addressing, at most half full.
  uint32_t slot_shift_ = 0;
};

}  // namespace syncengine::delta

#endif  // SYNCENGINE_DELTA_BLOCK_TABLES_H_
