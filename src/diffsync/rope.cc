#include "src/diffsync/rope.h"

#include <algorithm>
#include <array>
#include <utility>

#include "src/diffsync/utf8.h"

namespace syncengine::diffsync {
namespace {

constexpr size_t kLeafMax = 2048;   // Copied when a shared leaf is edited.
constexpr size_t kLeafFill = 1400;  // Of a new leaf; leaves room to type.
constexpr size_t kLeafMin = 256;    // A smaller one joins its neighbour.

constexpr uint64_t kModulus = (uint64_t{1} << 61) - 1;
constexpr uint64_t kBase = 0x0B5E7A3C91D4F268u;  // Any number below the modulus with mixed bits.

__extension__ typedef unsigned __int128 Wide;

constexpr uint64_t Reduce(Wide value) {
  uint64_t folded = static_cast<uint64_t>(value & kModulus) + static_cast<uint64_t>(value >> 61);
  folded = (folded & kModulus) + (folded >> 61);
  return folded >= kModulus ? folded - kModulus : folded;
}

constexpr uint64_t Times(uint64_t a, uint64_t b) { return Reduce(static_cast<Wide>(a) * b); }

constexpr uint64_t Power(size_t exponent) {
  uint64_t power = 1, square = kBase;
  for (; exponent > 0; exponent >>= 1, square = Times(square, square)) {
    if (exponent & 1) power = Times(power, square);
  }
  return power;
}

constexpr std::array<uint64_t, 9> kPowers = [] {
  std::array<uint64_t, 9> powers{};
  for (size_t i = 0; i < powers.size(); ++i) powers[i] = Power(i);
  return powers;
}();

// Eight bytes a step: the products do not wait for each other and one reduction serves all.
uint64_t ChecksumOf(absl::string_view bytes) {
  uint64_t sum = 0;
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    Wide total = static_cast<Wide>(sum) * kPowers[8];
    for (size_t i = 0; i < 8; ++i) {
      total += static_cast<Wide>(kPowers[7 - i]) * (at[i] + 1u);
    }
    sum = Reduce(total);
  }
  for (; left > 0; --left, ++at) sum = Reduce(static_cast<Wide>(sum) * kBase + *at + 1);
  return sum;
}

}  // namespace

struct Rope::Leaf {
  std::string bytes;
  // Computed when asked for, forgotten when edited.
  mutable bool summed = false, counted = false;
  mutable uint64_t checksum = 0, power = 0;
  mutable size_t code_points = 0;

  void Forget() { summed = counted = false; }
  void Sum() const {
    if (summed) return;
    checksum = ChecksumOf(bytes);
    power = Power(bytes.size());
    summed = true;
  }
  size_t Count() const {
    if (!counted) code_points = CountCodePoints(bytes);
    counted = true;
    return code_points;
  }
};

Rope::Place Rope::Locate(size_t position) const {
  Place place = last_.index < pieces_.size() ? last_ : Place{};
  while (place.start > position) place.start -= pieces_[--place.index].size;
  while (place.start + pieces_[place.index].size < position) {
    place.start += pieces_[place.index++].size;
  }
  return last_ = place;
}

Rope::Leaf& Rope::Own(size_t index) {
  Piece& piece = pieces_[index];
  if (piece.leaf.use_count() > 1) piece.leaf = std::make_shared<Leaf>(Leaf{piece.leaf->bytes});
  piece.leaf->Forget();
  return *piece.leaf;
}

std::string Rope::Slice(size_t position, size_t size) const {
  std::string slice;
  if (size == 0) return slice;
  slice.reserve(size);
  Place place = Locate(position);
  while (size > 0) {
    const absl::string_view part =
        absl::string_view(pieces_[place.index].leaf->bytes).substr(position - place.start, size);
    slice.append(part.data(), part.size());
    position += part.size();
    size -= part.size();
    place.start += pieces_[place.index++].size;
  }
  return slice;
}

void Rope::Replace(size_t position, size_t deleted, absl::string_view inserted) {
  if (deleted == 0 && inserted.empty()) return;
  const Place place = pieces_.empty() ? Place{} : Locate(position);
  size_ += inserted.size() - deleted;
  if (!pieces_.empty()) {
    const size_t offset = position - place.start, size = pieces_[place.index].size;
    const size_t left = size - std::min(size, deleted) + inserted.size();
    const bool large_enough = left >= kLeafMin || (left > 0 && pieces_.size() == 1);
    if (offset + deleted <= size && left <= kLeafMax && large_enough) {
      Own(place.index).bytes.replace(offset, deleted, inserted.data(), inserted.size());
      pieces_[place.index].size = left;
      return;
    }
  }
  Rebuild(place, position, deleted, inserted);
}

// Joins what is left of the touched pieces, and a neighbour when that is little, with what is
// inserted, and cuts it anew.
void Rope::Rebuild(Place first, size_t position, size_t deleted, absl::string_view inserted) {
  size_t end = first.index, end_at = first.start;
  while (end < pieces_.size() && (end == first.index || end_at < position + deleted)) {
    end_at += pieces_[end++].size;
  }
  std::string joined;
  if (end > first.index) {
    joined = pieces_[first.index].leaf->bytes.substr(0, position - first.start);
    const std::string& tail = pieces_[end - 1].leaf->bytes;
    const size_t kept = end_at - (position + deleted);
    joined.append(inserted.data(), inserted.size());
    joined.append(tail, tail.size() - kept, kept);
  } else {
    joined.assign(inserted.data(), inserted.size());
  }
  if (joined.size() < kLeafMin && end < pieces_.size()) joined += pieces_[end++].leaf->bytes;
  if (joined.size() < kLeafMin && first.index > 0) {
    joined.insert(0, pieces_[--first.index].leaf->bytes);
  }
  std::vector<Piece> cut;
  for (size_t at = 0; at < joined.size();) {
    const size_t rest = joined.size() - at, size = rest <= kLeafMax ? rest : kLeafFill;
    cut.push_back({std::make_shared<Leaf>(Leaf{joined.substr(at, size)}), size});
    at += size;
  }
  const auto begin = pieces_.begin() + static_cast<ptrdiff_t>(first.index);
  const auto stop = pieces_.begin() + static_cast<ptrdiff_t>(end);
  const auto after = pieces_.erase(begin, stop);
  pieces_.insert(after, std::make_move_iterator(cut.begin()), std::make_move_iterator(cut.end()));
  last_ = Place{};
}

bool Rope::IsBoundary(size_t position) const {
  if (position >= size_) return position == size_;
  Place place = Locate(position);
  if (position == place.start + pieces_[place.index].size) {
    place.start += pieces_[place.index++].size;
  }
  return !IsContinuation(pieces_[place.index].leaf->bytes[position - place.start]);
}

uint64_t Rope::Checksum() const {
  uint64_t sum = 0;
  for (const Piece& piece : pieces_) {
    piece.leaf->Sum();
    sum = Reduce(static_cast<Wide>(sum) * piece.leaf->power + piece.leaf->checksum);
  }
  return sum;
}

size_t Rope::OffsetOfCodePoint(size_t index) const {
  size_t offset = 0;
  for (const Piece& piece : pieces_) {
    const size_t count = piece.leaf->Count();
    if (index >= count) {
      index -= count;
      offset += piece.size;
      continue;
    }
    const std::string& bytes = piece.leaf->bytes;
    // A leaf may begin inside a code point, whose rest belongs to the one counted before.
    size_t at = 0;
    while (IsContinuation(bytes[at])) ++at;
    for (; index > 0; --index) {
      do ++at;
      while (at < bytes.size() && IsContinuation(bytes[at]));
    }
    return offset + at;
  }
  return size_;
}

size_t Rope::CodePointAtOffset(size_t offset) const {
  size_t index = 0;
  for (const Piece& piece : pieces_) {
    if (offset <= piece.size) {
      return index + CountCodePoints(absl::string_view(piece.leaf->bytes).substr(0, offset));
    }
    index += piece.leaf->Count();
    offset -= piece.size;
  }
  return index;
}

}  // namespace syncengine::diffsync
