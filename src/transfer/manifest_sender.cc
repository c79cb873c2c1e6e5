#include "src/transfer/manifest_sender.h"

#include <memory>
#include <utility>

#include "syncengine/base/limits.h"

namespace syncengine {
namespace {

// Fewer bytes than this wait for more, but not longer than kPatience.
constexpr size_t kSendBytes = 1u << 20;
constexpr absl::Duration kPatience = absl::Milliseconds(500);
constexpr size_t kSegmentPlainMax = 8u << 20;

// Ids do not compress, so that frames of many nodes save little, and who wants one node of a huge
// file gets them all.
constexpr size_t kFrameBytes = 16u << 10;

// Nodes as frames; the views point into `nodes`.
template <typename Nodes>
std::vector<FramePlan> PlanFrames(const Nodes& nodes) {
  std::vector<FramePlan> plans;
  for (const ManifestSender::Waiting& waiting : nodes) {
    const ManifestNode& node = waiting.piece.node;
    if (plans.empty() || plans.back().blocks.size() == limits::kFrameBlocksMax ||
        plans.back().bytes + node.bytes.size() > kFrameBytes) {
      plans.emplace_back().kind = FrameKind::kManifest;
    }
    plans.back().blocks.push_back({node.id, node.bytes});
    plans.back().bytes += node.bytes.size();
  }
  return plans;
}

}  // namespace

uint64_t ManifestSender::Add(PieceOfManifest piece, const SendMark& needs) {
  waiting_.push_back({std::move(piece), needs, ++last_number_});
  return last_number_;
}

bool ManifestSender::Send(const SendMark& durable, bool hurry) {
  if (sending_ || !context_.failure.ok()) return false;
  size_t count = 0;
  size_t bytes = 0;
  // Children that are nodes have lower numbers: they are durable or go along.
  while (count < waiting_.size() && bytes < kSegmentPlainMax &&
         waiting_[count].needs.segment <= durable.segment &&
         waiting_[count].needs.delta <= durable.delta) {
    bytes += waiting_[count].piece.node.bytes.size();
    ++count;
  }
  if (count == 0) return false;
  const absl::Duration now = context_.clock.Monotonic();
  if (!std::exchange(oldest_ready_, true)) oldest_since_ = now;
  if (!hurry && bytes < kSendBytes && now - oldest_since_ < kPatience) return false;
  SendFirst(count);
  return true;
}

uint64_t ManifestSender::waiting_bytes() const {
  uint64_t bytes = 0;
  for (const Waiting& waiting : waiting_) bytes += waiting.piece.node.bytes.size();
  return bytes;
}

std::vector<FramePlan> ManifestSender::Lend() const { return PlanFrames(waiting_); }

void ManifestSender::LentIsStored() {
  if (waiting_.empty()) return;
  durable_ = waiting_.back().number;
  waiting_.clear();
  oldest_ready_ = false;
}

void ManifestSender::SendFirst(size_t count) {
  sending_ = true;
  oldest_ready_ = false;
  // The task reads the nodes while the completion owns them.
  auto nodes = std::make_unique<std::vector<Waiting>>();
  for (size_t i = 0; i < count; ++i) {
    nodes->push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  const std::vector<Waiting>& sent = *nodes;
  const StoreRequest request{context_, upload_, context_.entropy.NewId<SegmentId>(),
                             context_.NewSpread()};
  context_.crew.Run(
      [request, salt = context_.entropy.NewId<FrameSalt>(),
       &sent]() -> absl::StatusOr<StoredSegment> {
        auto frames =
            SealFrames(request.context.keys(), request.context.options, salt, PlanFrames(sent));
        if (!frames.ok()) return frames.status();
        return StoreSegment(request, *std::move(frames));
      },
      [this, nodes = std::move(nodes)](const absl::StatusOr<StoredSegment>& stored) mutable {
        Sent(std::move(*nodes), stored);
      });
}

void ManifestSender::Sent(std::vector<Waiting> nodes, const absl::StatusOr<StoredSegment>& stored) {
  sending_ = false;
  if (!stored.ok()) return context_.Fail(stored.status());
  durable_ = nodes.back().number;
  context_.stats.sent_bytes += stored->bytes;
  if (stored->result.stored) {
    context_.stats.stored_bytes += stored->bytes;
    return;
  }
  const std::vector<BlockId>& missing = stored->result.missing;
  refused_.missing.insert(refused_.missing.end(), missing.begin(), missing.end());
  for (Waiting& waiting : nodes) refused_.nodes.push_back(std::move(waiting));
}

}  // namespace syncengine
