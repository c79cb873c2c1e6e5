#include "src/transfer/frame_cache.h"

#include <string>
#include <utility>

namespace syncengine {
namespace {

// What a block costs besides its bytes, about.
constexpr size_t kBlockOverhead = 128;

}  // namespace

void FrameCache::Add(std::shared_ptr<const OpenedFrame> frame) {
  const size_t bytes = frame->header().plaintext_bytes + frame->size() * kBlockOverhead;
  if (bytes > bytes_max_ || frame->size() == 0 || places_.contains(frame->id(0))) return;
  bytes_ += bytes;
  entries_.push_front({std::move(frame), bytes});
  const OpenedFrame& added = *entries_.front().frame;
  for (size_t i = 0; i < added.size(); ++i) places_[added.id(i)] = {entries_.begin(), i};
  while (bytes_ > bytes_max_) DropOldest();
}

std::optional<FetchedBlock> FrameCache::Find(const BlockId& id) {
  const auto found = places_.find(id);
  if (found == places_.end()) return std::nullopt;
  const Place& place = found->second;
  entries_.splice(entries_.begin(), entries_, place.entry);
  auto copy = std::make_shared<const std::string>(place.entry->frame->block(place.index));
  const absl::string_view bytes = *copy;
  return FetchedBlock{std::move(copy), bytes, place.entry->frame->header().depth};
}

void FrameCache::DropOldest() {
  const auto oldest = std::prev(entries_.end());
  for (size_t i = 0; i < oldest->frame->size(); ++i) {
    const auto found = places_.find(oldest->frame->id(i));
    // A block may be in a second frame, too, that came later.
    if (found != places_.end() && found->second.entry == oldest) places_.erase(found);
  }
  bytes_ -= oldest->bytes;
  entries_.pop_back();
}

}  // namespace syncengine
