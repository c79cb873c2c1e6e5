// The search: which runs of new content are blocks of the base.
#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "src/delta/block_tables.h"
#include "src/delta/weak_hash.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/delta/delta.h"

namespace syncengine::delta {
namespace {

using Tables = BlockIndex::Tables;

struct Match {
  size_t position = 0;
  std::optional<uint64_t> block;  // None: nothing found before `position`.
};

class Searcher {
 public:
  Searcher(const Tables& tables, const Slice& slice)
      : tables_(tables), slice_(slice), expected_(slice.expected_block) {
    waste_left_ = limits::kDeltaWasteMax * (slice.bytes.size() + tables.block_bytes);
  }

  SliceSteps Run() {
    while (position_ < slice_.length && Rest() >= tables_.block_bytes) {
      if (!TakeExpected()) TakeFound();
    }
    if (position_ < slice_.length && slice_.is_last) TakeTail();  // No full window is left.
    position_ = std::max(position_, slice_.length);
    EndLiteral(position_);
    return {std::move(steps_), position_, expected_};
  }

 private:
  size_t Rest() const { return slice_.bytes.size() - position_; }
  absl::string_view Window(size_t position) const {
    return slice_.bytes.substr(position, tables_.block_bytes);
  }
  bool HasStrong(absl::string_view bytes, uint64_t block) const {
    return tables_.Kept(tables_.hasher.Strong(bytes)) == tables_.signature.strong(block);
  }

  // After a match the next block of the base is most likely what follows.
  bool TakeExpected() {
    if (!expected_) return false;
    const uint64_t block = *std::exchange(expected_, std::nullopt);
    const bool is_tail = tables_.tail_bytes && block + 1 == tables_.signature.blocks();
    if (block >= tables_.signature.blocks() || (is_tail && *tables_.tail_bytes > 0)) return false;
    const absl::string_view window = Window(position_);
    if (!tables_.hasher.strong_suffices() &&
        tables_.hasher.Weak(window) != tables_.signature.weak(block)) {
      return false;
    }
    if (!HasStrong(window, block)) return false;
    Take(block, window.size());
    return true;
  }

  void TakeFound() {
    const size_t end = std::min(slice_.length, slice_.bytes.size() - tables_.block_bytes + 1);
    const Match match =
        std::visit([&](const auto& hash) { return Roll(hash, end); }, tables_.hasher.weak_hash());
    position_ = match.position;
    if (match.block) Take(*match.block, tables_.block_bytes);
  }

  // The first position in [position_, end) whose window is a block.
  template <typename Hash>
  Match Roll(const Hash& hash, size_t end) {
    const auto* data = reinterpret_cast<const uint8_t*>(slice_.bytes.data());
    uint32_t weak = hash.Of(Window(position_));
    for (size_t i = position_;;) {
      const kernels::RollHit hit = hash.Find(tables_.filter, data, i, end, weak);
      if (hit.position == end) return {end, std::nullopt};
      if (const auto block = Verify(hit.hash, hit.position)) return {hit.position, block};
      i = hit.position + 1;
      if (i == end) return {end, std::nullopt};
      weak = hash.Roll(hit.hash, data[hit.position], data[hit.position + tables_.block_bytes]);
    }
  }

  std::optional<uint64_t> Verify(uint32_t weak, size_t position) {
    if (!tables_.HasWeak(weak) || waste_left_ < tables_.block_bytes) return std::nullopt;
    const auto block = tables_.Find(weak, tables_.Kept(tables_.hasher.Strong(Window(position))));
    if (!block) waste_left_ -= tables_.block_bytes;
    return block;
  }

  // The base's last, short block can only be the end of the new content.
  void TakeTail() {
    if (!tables_.tail_bytes) return;
    const uint64_t block = tables_.signature.blocks() - 1;
    const size_t known = *tables_.tail_bytes;
    const absl::string_view rest = slice_.bytes.substr(position_);
    size_t size = 0;
    if (known == 0) {
      size = std::visit([&](const auto& hash) { return UnknownTail(hash, rest, block); },
                        tables_.hasher.weak_hash());
    } else if (known <= rest.size() && IsTail(rest.substr(rest.size() - known), block)) {
      size = known;
    }
    if (size == 0) return;
    position_ = slice_.bytes.size() - size;
    Take(block, size);
  }

  bool IsTail(absl::string_view bytes, uint64_t block) const {
    return tables_.hasher.Weak(bytes) == tables_.signature.weak(block) && HasStrong(bytes, block);
  }

  // The length of the end of `rest` that is `block`, which may be of any
  // length; 0 when none is.
  template <typename Hash>
  size_t UnknownTail(const Hash& hash, absl::string_view rest, uint64_t block) {
    size_t found = 0;
    hash.ForEachSuffix(rest, [&](size_t size, uint32_t weak) {
      if (weak != tables_.signature.weak(block) || waste_left_ < size) return false;
      waste_left_ -= size;
      if (HasStrong(rest.substr(rest.size() - size), block)) found = size;
      return found != 0;
    });
    return found;
  }

  void EndLiteral(size_t end) {
    if (end > literal_begin_) {
      steps_.push_back({Step::Kind::kLiteral, literal_begin_, end - literal_begin_});
    }
    literal_begin_ = end;
  }

  void Take(uint64_t block, size_t size) {
    EndLiteral(position_);
    const uint64_t offset = block * tables_.block_bytes;
    if (!steps_.empty() && steps_.back().kind == Step::Kind::kCopy &&
        steps_.back().offset + steps_.back().length == offset) {
      steps_.back().length += size;
    } else {
      steps_.push_back({Step::Kind::kCopy, offset, size});
    }
    position_ += size;
    literal_begin_ = position_;
    expected_ = block + 1;
  }

  const Tables& tables_;
  const Slice& slice_;
  std::vector<Step> steps_;
  size_t position_ = 0;
  size_t literal_begin_ = 0;
  std::optional<uint64_t> expected_;
  uint64_t waste_left_ = 0;
};

}  // namespace

SliceSteps SearchSlice(const BlockIndex& index, const Slice& slice) {
  return Searcher(index.tables(), slice).Run();
}

void DropPrefix(std::vector<Step>& steps, uint64_t bytes) {
  size_t gone = 0;
  uint64_t rest = bytes;
  for (; gone < steps.size() && steps[gone].length <= rest; ++gone) rest -= steps[gone].length;
  steps.erase(steps.begin(), steps.begin() + static_cast<ptrdiff_t>(gone));
  if (steps.empty()) return;
  steps.front().offset += rest;
  steps.front().length -= rest;
  for (Step& step : steps) {
    if (step.kind == Step::Kind::kLiteral) step.offset -= bytes;
  }
}

BlockIndex::BlockIndex(std::unique_ptr<const Tables> tables) : tables_(std::move(tables)) {}
BlockIndex::~BlockIndex() = default;

const Signature& BlockIndex::signature() const { return tables_->signature; }

absl::StatusOr<std::unique_ptr<const BlockIndex>> BlockIndex::Create(Signature signature) {
  SYNCENGINE_RETURN_IF_ERROR(CheckLayout(signature.layout()));
  if (signature.blocks() > limits::kDeltaBlocksMax) {
    return absl::InvalidArgumentError(absl::StrCat("signature: expected at most ",
                                                   limits::kDeltaBlocksMax, " blocks, found ",
                                                   signature.blocks()));
  }
  auto tables = std::make_unique<const Tables>(std::move(signature));
  return std::unique_ptr<const BlockIndex>(new BlockIndex(std::move(tables)));
}

}  // namespace syncengine::delta
