#include "src/transfer/delta_sender.h"

#include <algorithm>
#include <optional>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine {
namespace {

// A frame of one file may be of the usual size; with several files in it, each of them would need
// the old content of all.
constexpr uint64_t kGroupBytes = limits::kFrameBytesTarget;
constexpr uint64_t kMixedGroupBytes = 64u << 10;
constexpr uint64_t kCacheBytes = 32u << 20;
// New bytes whose old blocks are fetched at the same time.
constexpr uint64_t kAheadBytes = 8u << 20;

uint64_t SizeOf(const NewStretch& place) { return place.end - place.begin; }

// The frame as a delta, or nothing when that is not worth it.
absl::StatusOr<std::optional<std::string>> SealGroup(const NamespaceKeys& keys,
                                                     const UploaderOptions& options,
                                                     const FrameSalt& salt,
                                                     absl::Span<const PlainBlock> blocks,
                                                     const DeltaBases& bases) {
  SYNCENGINE_ASSIGN_OR_RETURN(
      const std::unique_ptr<FrameSealer> sealer,
      FrameSealer::Create(keys, salt, {.compression_level = options.compression_level}));
  SYNCENGINE_ASSIGN_OR_RETURN(auto frame, sealer->SealDelta(blocks, bases));
  if (!frame.has_value() || !options.verify_sealed) return frame;
  const auto opened = OpenFrame(keys, *frame, bases.blocks);
  if (opened.ok()) return frame;
  return absl::InternalError(absl::StrCat(
      "a delta frame just sealed does not open; the memory or processor of this machine may be "
      "faulty: ",
      opened.status().message()));
}

}  // namespace

DeltaSender::DeltaSender(UploadContext& context, SegmentWriter& segments)
    : context_(context),
      segments_(segments),
      cache_(kCacheBytes),
      fetcher_(context.opened, context.executor, context.crew, cache_, context.stop) {}

bool DeltaSender::Takes(const PendingItem& item) const {
  return item.item.replaced != nullptr && !item.is_second_try && context_.options.deltas &&
         context_.options.compression_level > 0;
}

uint64_t DeltaSender::Add(PendingItem& item, uint64_t offset, const PlainBlock& block,
                          const std::shared_ptr<const Arena>& arena) {
  if (item_ != &item) {
    Close(std::nullopt);
    source_ = std::make_shared<Source>();
    item_ = &item;
    before_.reset();
  }
  if (!source_->asked) Ask(*source_, item.item);
  const uint64_t end = offset + block.bytes.size();
  if (gathering_ != nullptr && end - gathering_->place.begin > kGroupBytes) Close(std::nullopt);
  if (gathering_ == nullptr) {
    gathering_ = std::make_unique<Stretch>();
    gathering_->item = &item;
    gathering_->number = ++last_number_;
    gathering_->source = source_;
    gathering_->place = {.begin = offset, .end = offset, .before = before_, .after = {}};
  }
  gathering_->place.end = end;
  gathering_->blocks.push_back(block);
  if (gathering_->arenas.empty() || gathering_->arenas.back() != arena) {
    gathering_->arenas.push_back(arena);
  }
  return gathering_->number;
}

void DeltaSender::Pass(const PendingItem& item, const Anchor& known) {
  if (item_ != &item) {
    Close(std::nullopt);
    source_ = std::make_shared<Source>();
    item_ = &item;
  }
  Close(known);
  before_ = known;
}

void DeltaSender::End(const PendingItem& item) {
  if (item_ != &item) return;
  Close(std::nullopt);
  item_ = nullptr;
  source_.reset();
  before_.reset();
}

void DeltaSender::Close(const std::optional<Anchor>& after) {
  if (gathering_ == nullptr) return;
  gathering_->place.after = after;
  stretches_.push_back(std::move(*gathering_));
  gathering_.reset();
}

void DeltaSender::Ask(Source& source, const UploadItem& item) {
  source.asked = true;
  context_.crew.Run([ask = item.replaced] { return ask(); },
                    [this, source = source_](const absl::StatusOr<ContentRef>& content) {
                      // Without old content there is no delta, and nothing is lost.
                      if (!content.ok() || content->size == 0) {
                        source->failed = true;
                        return;
                      }
                      auto old = OldContent::Open(context_.keys(), *content, fetcher_);
                      source->failed = !old.ok();
                      if (old.ok()) source->old = *std::move(old);
                    });
}

void DeltaSender::Advance() {
  if (!fetcher_.failure().ok()) return context_.Fail(fetcher_.failure());
  uint64_t ahead = 0;
  for (Stretch& stretch : stretches_) {
    if (ahead >= kAheadBytes) break;
    ahead += SizeOf(stretch.place);
    if (stretch.state == State::kFinding) Find(stretch);
    if (stretch.state == State::kFetching && HasCome(stretch)) stretch.state = State::kReady;
  }
  fetcher_.Ask();
  context_.stats.fetched_bytes = fetcher_.received_bytes();
  Pack(false);
  if (frame_bytes_ >= limits::kSegmentBytesTarget) Store();
}

void DeltaSender::Find(Stretch& stretch) {
  Source& source = *stretch.source;
  if (source.old == nullptr && !source.failed) return;
  if (source.failed) {
    stretch.state = State::kReady;
    return;
  }
  const auto replaced = source.old->FindReplaced(stretch.place);
  if (!replaced.ok()) {
    stretch.state = State::kReady;
  } else if (replaced->has_value()) {
    WantBases(stretch, **replaced);
    stretch.state = State::kFetching;
  }
}

void DeltaSender::WantBases(Stretch& stretch, const std::vector<ContentEntry>& replaced) {
  absl::flat_hash_set<BlockId> seen;
  for (const ContentEntry& entry : replaced) {
    if (stretch.bases.size() == limits::kDeltaBasesMax) return;
    if (!seen.insert(entry.id).second) continue;
    fetcher_.Add(entry.id, entry.length);
    stretch.bases.push_back(entry.id);
  }
}

bool DeltaSender::HasCome(const Stretch& stretch) const {
  return std::all_of(stretch.bases.begin(), stretch.bases.end(), [this](const BlockId& base) {
    const BlockFetcher::State state = fetcher_.Get(base).state;
    return state == BlockFetcher::State::kHere || state == BlockFetcher::State::kFailed;
  });
}

// How many stretches from the front make the next frame; 0 when it is not known yet.
size_t DeltaSender::CountGroup(bool all) const {
  uint64_t bytes = 0;
  size_t bases = 0;
  bool is_mixed = false;
  for (size_t count = 0; count < stretches_.size(); ++count) {
    const Stretch& next = stretches_[count];
    if (next.state != State::kReady) return 0;
    bytes += SizeOf(next.place);
    bases += next.bases.size();
    is_mixed |= next.source != stretches_.front().source;
    const bool is_over =
        bytes > (is_mixed ? kMixedGroupBytes : kGroupBytes) || bases > limits::kDeltaBasesMax;
    if (count > 0 && is_over) return count;
  }
  return all ? stretches_.size() : 0;
}

void DeltaSender::Pack(bool all) {
  while (!stretches_.empty()) {
    const size_t count = CountGroup(all);
    if (count == 0) return;
    // Shared by the task, which reads it, and its completion.
    auto group = std::make_shared<Group>();
    for (size_t i = 0; i < count; ++i) {
      group->stretches.push_back(std::move(stretches_.front()));
      stretches_.pop_front();
    }
    Seal(std::move(group));
  }
}

void DeltaSender::Seal(std::shared_ptr<Group> group) {
  absl::flat_hash_set<BlockId> seen;
  for (Stretch& stretch : group->stretches) {
    for (const PlainBlock& block : stretch.blocks) {
      group->blocks.push_back(block);
      seen.insert(block.id);
    }
  }
  uint64_t bytes = 0;
  for (Stretch& stretch : group->stretches) {
    for (const BlockId& base : stretch.bases) {
      const BlockFetcher::Want& want = fetcher_.Get(base);
      const bool usable = want.state == BlockFetcher::State::kHere &&
                          want.block.depth < limits::kDeltaDepthMax &&
                          bytes + want.block.bytes.size() <= limits::kDeltaPrefixBytesMax;
      if (usable && seen.insert(base).second) {
        bytes += want.block.bytes.size();
        group->base_ids.push_back(base);
        group->base_blocks.push_back(want.block);
        group->depth = std::max(group->depth, want.block.depth);
      }
      fetcher_.Release(base);
    }
    stretch.bases.clear();
    stretch.source.reset();
  }
  if (group->base_ids.empty()) return Sealed(*group, std::optional<std::string>());
  ++sealing_;
  context_.crew.Run(
      [&keys = context_.keys(), &options = context_.options,
       salt = context_.entropy.NewId<FrameSalt>(), group] {
        std::vector<PlainBlock> bases;
        for (size_t i = 0; i < group->base_ids.size(); ++i) {
          bases.push_back({group->base_ids[i], group->base_blocks[i].bytes});
        }
        return SealGroup(keys, options, salt, group->blocks, {bases, group->depth});
      },
      [this, group](absl::StatusOr<std::optional<std::string>> frame) {
        --sealing_;
        Sealed(*group, std::move(frame));
      });
}

void DeltaSender::Sealed(Group& group, absl::StatusOr<std::optional<std::string>> frame) {
  if (!frame.ok()) return context_.Fail(frame.status());
  if (!frame->has_value()) {
    for (const Stretch& stretch : group.stretches) Forward(stretch);
    return;
  }
  frame_bytes_ += (*frame)->size();
  context_.held_bytes += (*frame)->size();
  frames_.push_back(**std::move(frame));
  for (const Stretch& stretch : group.stretches) sent_.push_back({stretch.item, stretch.number});
  for (const PlainBlock& block : group.blocks) blocks_.push_back(block.id);
}

void DeltaSender::Forward(const Stretch& stretch) {
  uint64_t segment = 0;
  for (const PlainBlock& block : stretch.blocks) {
    const auto holds = [&block](const std::shared_ptr<const Arena>& arena) {
      return block.bytes.data() >= arena->data() &&
             block.bytes.data() < arena->data() + arena->size();
    };
    const auto arena = std::find_if(stretch.arenas.begin(), stretch.arenas.end(), holds);
    segment = segments_.Add(block, *arena);
  }
  forwarded_.emplace(segment, stretch.number);
}

bool DeltaSender::Flush() {
  const bool had = gathering_ != nullptr || !stretches_.empty() || !frames_.empty();
  Gather();
  if (settled() && !frames_.empty()) Store();
  return had && context_.crew.running() > 0;
}

void DeltaSender::Gather() {
  Close(std::nullopt);
  Advance();
  Pack(true);
}

void DeltaSender::LentIsStored() {
  context_.held_bytes -= std::exchange(frame_bytes_, 0);
  for (const Sent& stretch : std::exchange(sent_, {})) Settle(stretch.number);
  blocks_.clear();
}

void DeltaSender::TakeBack(std::vector<std::string> frames) {
  frames_ = std::move(frames);
  if (!frames_.empty()) Store();
}

void DeltaSender::Store() {
  const StoreRequest request{context_, upload_, context_.entropy.NewId<SegmentId>(),
                             context_.NewSpread()};
  ++storing_;
  context_.crew.Run(
      [request, frames = std::exchange(frames_, {})]() mutable {
        return StoreSegment(request, std::move(frames));
      },
      [this, sent = std::exchange(sent_, {}), blocks = std::exchange(blocks_, {}),
       bytes = std::exchange(frame_bytes_, 0)](const absl::StatusOr<StoredSegment>& stored) {
        Stored(sent, blocks, bytes, stored);
      });
}

void DeltaSender::Stored(const std::vector<Sent>& sent, const std::vector<BlockId>& blocks,
                         uint64_t sealed_bytes, const absl::StatusOr<StoredSegment>& stored) {
  --storing_;
  context_.held_bytes -= sealed_bytes;
  if (!stored.ok()) return context_.Fail(stored.status());
  context_.stats.sent_bytes += stored->bytes;
  if (stored->result.stored) {
    context_.stats.stored_bytes += stored->bytes;
  } else {
    // Other files that have one of these blocks hear from their commit that it is missing.
    for (const Sent& stretch : sent) stretch.item->vanished = true;
    refused_.insert(refused_.end(), blocks.begin(), blocks.end());
  }
  for (const Sent& stretch : sent) Settle(stretch.number);
}

void DeltaSender::Settle(uint64_t number) {
  durable_above_.insert(number);
  while (!durable_above_.empty() && *durable_above_.begin() == durable_ + 1) {
    ++durable_;
    durable_above_.erase(durable_above_.begin());
  }
}

uint64_t DeltaSender::durable() {
  while (!forwarded_.empty() && forwarded_.begin()->first <= segments_.durable()) {
    Settle(forwarded_.begin()->second);
    forwarded_.erase(forwarded_.begin());
  }
  return durable_;
}

}  // namespace syncengine
