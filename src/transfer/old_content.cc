#include "src/transfer/old_content.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "syncengine/base/error.h"
#include "syncengine/format/manifest.h"

namespace syncengine {
namespace {

// How far a guess may be off: about one block on each side.
constexpr uint64_t kSlackBytes = 16u << 10;
constexpr uint64_t kNodeBytes = 8u << 10;  // A usual manifest node.
// A block that is repeated more often than this tells nothing about places.
constexpr size_t kPlacesMax = 4;

uint64_t Distance(uint64_t a, uint64_t b) { return a > b ? a - b : b - a; }

}  // namespace

absl::StatusOr<std::unique_ptr<OldContent>> OldContent::Open(const NamespaceKeys& keys,
                                                             const ContentRef& content,
                                                             BlockFetcher& fetcher) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Manifest root, OpenContentRef(keys, content));
  std::unique_ptr<OldContent> old(new OldContent(content.size, fetcher));
  old->Insert(root, 0);
  return old;
}

OldContent::~OldContent() {
  for (const auto& [offset, slot] : slots_) {
    if (slot.wanted) fetcher_.Release(slot.entry.id);
  }
}

void OldContent::Insert(const Manifest& manifest, uint64_t offset) {
  for (const ContentEntry& entry : manifest.entries) {
    slots_[offset] = {.entry = entry, .height = manifest.height};
    if (manifest.height == 0) {
      std::vector<uint64_t>& places = places_[entry.id];
      if (places.size() < kPlacesMax) places.push_back(offset);
    }
    offset += entry.length;
  }
}

absl::StatusOr<bool> OldContent::Expand(const ByteRange& range) {
  bool complete = true;
  auto it = slots_.upper_bound(range.begin);
  if (it != slots_.begin()) --it;
  while (it != slots_.end() && it->first < range.end) {
    const auto current = it++;
    Slot& slot = current->second;
    if (slot.height == 0) continue;
    if (!slot.wanted) fetcher_.Add(slot.entry.id, kNodeBytes);
    slot.wanted = true;
    const BlockFetcher::Want& want = fetcher_.Get(slot.entry.id);
    if (want.state == BlockFetcher::State::kFailed) return want.status;
    complete &= want.state == BlockFetcher::State::kHere;
    if (want.state != BlockFetcher::State::kHere) continue;
    SYNCENGINE_ASSIGN_OR_RETURN(const Manifest node,
                                DecodeManifestChild(want.block.bytes, slot.height, slot.entry));
    const uint64_t offset = current->first;
    fetcher_.Release(slot.entry.id);
    slots_.erase(current);
    Insert(node, offset);
    it = slots_.find(offset);  // Its children may be nodes again.
  }
  return complete;
}

ByteRange OldContent::Guess(const NewStretch& stretch) const {
  const int64_t begin = static_cast<int64_t>(stretch.begin) + drift_;
  const int64_t end = static_cast<int64_t>(stretch.end) + drift_;
  const auto clamp = [this](int64_t offset) {
    return static_cast<uint64_t>(std::clamp<int64_t>(offset, 0, static_cast<int64_t>(size_)));
  };
  return {clamp(begin - static_cast<int64_t>(kSlackBytes)),
          clamp(end + static_cast<int64_t>(kSlackBytes))};
}

std::optional<uint64_t> OldContent::Find(const BlockId& id, uint64_t near) const {
  const auto found = places_.find(id);
  if (found == places_.end()) return std::nullopt;
  const auto nearer = [near](uint64_t a, uint64_t b) {
    return Distance(a, near) < Distance(b, near);
  };
  return *std::min_element(found->second.begin(), found->second.end(), nearer);
}

std::vector<ContentEntry> OldContent::Collect(const ByteRange& range) const {
  std::vector<ContentEntry> blocks;
  auto it = slots_.upper_bound(range.begin);
  if (it != slots_.begin()) --it;
  for (; it != slots_.end() && it->first < range.end; ++it) {
    const Slot& slot = it->second;
    if (slot.height > 0 || it->first + slot.entry.length <= range.begin) continue;
    blocks.push_back(slot.entry);
  }
  return blocks;
}

absl::StatusOr<std::optional<std::vector<ContentEntry>>> OldContent::FindReplaced(
    const NewStretch& stretch) {
  ByteRange range = Guess(stretch);
  SYNCENGINE_ASSIGN_OR_RETURN(const bool complete, Expand(range));
  if (!complete) return std::nullopt;
  std::optional<uint64_t> before;
  if (stretch.before.has_value()) before = Find(stretch.before->id, range.begin);
  if (before.has_value()) {
    range.begin = *before + stretch.before->length;
    drift_ = static_cast<int64_t>(*before) - static_cast<int64_t>(stretch.before->offset);
    range.end = std::min(size_, range.begin + (stretch.end - stretch.begin) + kSlackBytes);
  }
  std::optional<uint64_t> after;
  if (stretch.after.has_value()) after = Find(stretch.after->id, range.end);
  if (after.has_value() && *after >= range.begin) {
    range.end = *after;
    drift_ = static_cast<int64_t>(*after) - static_cast<int64_t>(stretch.after->offset);
  }
  // Anchors may be farther away than was guessed; between them may be more than is worth a look.
  const uint64_t bytes_max = 2 * (stretch.end - stretch.begin) + 2 * kSlackBytes;
  range.end = std::min(range.end, range.begin + bytes_max);
  SYNCENGINE_ASSIGN_OR_RETURN(const bool all_known, Expand(range));
  if (!all_known) return std::nullopt;
  return Collect(range);
}

}  // namespace syncengine
