#include "src/delta/block_tables.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace syncengine::delta {
namespace {

// More blocks of one weak hash than chance gives are an attack: the others are
// not indexed.
constexpr int kSameWeakMax = 16;

constexpr uint64_t kFilterBitsMin = uint64_t{1} << 12;
constexpr uint64_t kFilterBitsMax = uint64_t{1} << 27;
constexpr uint64_t kFilterBitsPerBlock = 64;

std::optional<size_t> TailBytes(const Signature& signature) {
  if (signature.blocks() == 0) return std::nullopt;
  if (!signature.base_bytes()) return 0;
  const size_t tail = *signature.base_bytes() % signature.layout().block_bytes;
  return tail == 0 ? std::nullopt : std::optional<size_t>(tail);
}

}  // namespace

BlockIndex::Tables::Tables(Signature a_signature)
    : signature(std::move(a_signature)),
      hasher(signature.layout()),
      block_bytes(signature.layout().block_bytes),
      tail_bytes(TailBytes(signature)) {
  const uint64_t blocks = signature.blocks();
  const uint64_t bits =
      std::clamp(std::bit_ceil(blocks * kFilterBitsPerBlock), kFilterBitsMin, kFilterBitsMax);
  filter_bits_.resize(bits / 64);
  filter = {filter_bits_.data(), 32 - static_cast<uint32_t>(std::countr_zero(bits))};
  const uint64_t slots = std::bit_ceil(2 * blocks + 2);
  slots_.resize(slots);
  slot_shift_ = 64 - static_cast<uint32_t>(std::countr_zero(slots));
  // A block known to be short is never a full window.
  const uint64_t whole = blocks - (tail_bytes && *tail_bytes > 0 ? 1 : 0);
  for (uint64_t block = 0; block < whole; ++block) Insert(static_cast<uint32_t>(block));
}

void BlockIndex::Tables::Insert(uint32_t block) {
  const uint32_t weak = signature.weak(block);
  int same = 0;
  size_t slot = Slot(weak);
  for (; slots_[slot].block_and_one != 0; slot = (slot + 1) & (slots_.size() - 1)) {
    if (slots_[slot].weak != weak) continue;
    if (signature.strong(slots_[slot].block_and_one - 1) == signature.strong(block)) return;
    if (++same == kSameWeakMax) return;
  }
  slots_[slot] = {weak, block + 1};
  const uint32_t spread =
      std::visit([weak](const auto& hash) { return hash.Spread(weak); }, hasher.weak_hash());
  const uint32_t bit = spread >> filter.shift;
  filter_bits_[bit / 64] |= uint64_t{1} << (bit % 64);
}

bool BlockIndex::Tables::HasWeak(uint32_t weak) const {
  for (size_t slot = Slot(weak); slots_[slot].block_and_one != 0;
       slot = (slot + 1) & (slots_.size() - 1)) {
    if (slots_[slot].weak == weak) return true;
  }
  return false;
}

std::optional<uint64_t> BlockIndex::Tables::Find(uint32_t weak, absl::string_view strong) const {
  for (size_t slot = Slot(weak); slots_[slot].block_and_one != 0;
       slot = (slot + 1) & (slots_.size() - 1)) {
    const Entry& entry = slots_[slot];
    if (entry.weak == weak && signature.strong(entry.block_and_one - 1) == strong) {
      return entry.block_and_one - 1;
    }
  }
  return std::nullopt;
}

}  // namespace syncengine::delta
