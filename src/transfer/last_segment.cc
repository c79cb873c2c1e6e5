#include "src/transfer/last_segment.h"

#include <utility>

#include "syncengine/base/limits.h"

namespace syncengine {
namespace {

// All of it fits into a segment even when nothing shrinks.
constexpr uint64_t kBytesMax = limits::kSegmentBytesTarget;
static_assert(kBytesMax <= limits::kSegmentBytesMax / 2);

}  // namespace

bool LastSegment::Advance() {
  if (gave_up_ || !context_.failure.ok()) return false;
  if (sending_) return true;
  deltas_.Gather();
  if (!deltas_.settled() || deltas_.storing() || segments_.storing() || manifests_.sending()) {
    return context_.crew.running() > 0;
  }
  if (!IsWorthIt()) {
    gave_up_ = true;
    return false;
  }
  if (segments_.SealAll()) Send();
  return true;
}

bool LastSegment::IsWorthIt() const {
  const uint64_t data = segments_.open_bytes();
  const uint64_t deltas = deltas_.gathered_bytes();
  const uint64_t nodes = manifests_.waiting_bytes();
  const int kinds = (data > 0 ? 1 : 0) + (deltas > 0 ? 1 : 0) + (nodes > 0 ? 1 : 0);
  return kinds > 1 && data + deltas + nodes <= kBytesMax;
}

void LastSegment::Send() {
  sending_ = true;
  Loan loan{.data = segments_.Lend(), .deltas = deltas_.Lend()};
  std::vector<std::string> frames = loan.data;
  frames.insert(frames.end(), loan.deltas.begin(), loan.deltas.end());
  const StoreRequest request{context_, upload_, context_.entropy.NewId<SegmentId>(),
                             context_.NewSpread()};
  context_.crew.Run(
      [request, frames = std::move(frames), plans = manifests_.Lend(),
       salt = context_.entropy.NewId<FrameSalt>()]() mutable -> absl::StatusOr<StoredSegment> {
        auto nodes = SealFrames(request.context.keys(), request.context.options, salt, plans);
        if (!nodes.ok()) return nodes.status();
        for (std::string& frame : *nodes) frames.push_back(std::move(frame));
        return StoreSegment(request, std::move(frames));
      },
      [this, loan = std::move(loan)](const absl::StatusOr<StoredSegment>& stored) mutable {
        Sent(std::move(loan), stored);
      });
}

void LastSegment::Sent(Loan loan, const absl::StatusOr<StoredSegment>& stored) {
  sending_ = false;
  gave_up_ = true;  // Nothing is left, or each sends its own.
  // Each by itself may be right where all together are not.
  const bool invalid = absl::IsInvalidArgument(stored.status());
  if (!stored.ok() && !invalid) return context_.Fail(stored.status());
  if (!invalid) context_.stats.sent_bytes += stored->bytes;
  refused_ = invalid || !stored->result.stored;
  if (refused_) {
    deltas_.TakeBack(std::move(loan.deltas));
    return segments_.TakeBack(std::move(loan.data));
  }
  context_.stats.stored_bytes += stored->bytes;
  deltas_.LentIsStored();
  segments_.LentIsStored();
  manifests_.LentIsStored();
}

}  // namespace syncengine
