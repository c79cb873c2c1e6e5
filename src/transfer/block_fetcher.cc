#include "src/transfer/block_fetcher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/transfer/retry.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine {
namespace {

constexpr size_t kAskingMax = 4;
// Plaintext asked for in one request: what a reply of the usual size holds when it shrinks well.
constexpr uint64_t kRequestBytes = 2 * limits::kFramesReplyBytesTarget;
// Frames that one task opens.
constexpr size_t kFramesPerTask = 4;

// True for errors about one block, false for errors of the service.
bool IsAboutBlocks(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsDataLoss(status);
}

// Ids are random enough to spread the pauses of retries.
uint64_t Spread(const BlockId& id) {
  uint64_t spread = 0;
  for (size_t i = 0; i < 8; ++i) spread = spread << 8 | id.data()[i];
  return spread;
}

}  // namespace

void BlockFetcher::Add(const BlockId& id, uint64_t length) {
  Want& want = wants_[id];
  if (want.users++ > 0) return;
  want.length = length;
  if (std::optional<FetchedBlock> block = cache_.Find(id)) {
    want.state = State::kHere;
    want.block = *std::move(block);
    return;
  }
  queue_.push_back(id);
}

void BlockFetcher::Release(const BlockId& id) {
  const auto found = wants_.find(id);
  if (--found->second.users == 0) wants_.erase(found);
}

void BlockFetcher::Ask() {
  const size_t asking_max =
      std::min<size_t>(kAskingMax, static_cast<size_t>(executor_.Parallelism()));
  while (asking_ < asking_max && failure_.ok()) {
    std::vector<BlockId> ids = NextRequest();
    if (ids.empty()) return;
    Send(std::move(ids));
  }
}

std::vector<BlockId> BlockFetcher::NextRequest() {
  std::vector<BlockId> ids;
  while (ids.empty() && !halves_.empty()) {
    for (const BlockId& id : halves_.front()) {
      const auto found = wants_.find(id);
      if (found != wants_.end() && found->second.state == State::kAsked) ids.push_back(id);
    }
    halves_.pop_front();
  }
  if (!ids.empty()) return ids;
  uint64_t bytes = 0;
  while (!queue_.empty() && ids.size() < limits::kFrameIdsMax && bytes < kRequestBytes) {
    const BlockId id = queue_.front();
    queue_.pop_front();
    const auto found = wants_.find(id);
    if (found == wants_.end() || found->second.state != State::kQueued) continue;
    found->second.state = State::kAsked;
    bytes += found->second.length;
    ids.push_back(id);
  }
  return ids;
}

void BlockFetcher::Send(std::vector<BlockId> ids) {
  ++asking_;
  // The request reads the ids while the completion owns them.
  auto owned = std::make_unique<std::vector<BlockId>>(std::move(ids));
  const std::vector<BlockId>& asked = *owned;
  const RetryPolicy policy{.executor = executor_, .stop = stop_};
  crew_.Run(
      [&opened = opened_, policy, &asked] {
        return RetryUnavailable(policy, Spread(asked.front()),
                                [&] { return opened.service->GetFrames(opened.record.id, asked); });
      },
      [this, owned = std::move(owned)](absl::StatusOr<FramesReply> reply) {
        --asking_;
        Replied(std::move(*owned), std::move(reply));
        Ask();
      });
}

void BlockFetcher::Replied(std::vector<BlockId> ids, absl::StatusOr<FramesReply> reply) {
  if (IsAboutBlocks(reply.status())) return Halve(std::move(ids), reply.status());
  if (reply.ok() && (reply->answered == 0 || reply->answered > ids.size())) {
    reply = absl::InternalError(absl::StrCat("the service answered ", reply->answered, " of ",
                                             ids.size(), " blocks; expected at least one"));
  }
  if (!reply.ok()) {
    if (failure_.ok()) failure_ = Annotate(reply.status(), "fetch blocks");
    return;
  }
  const auto rest = ids.begin() + static_cast<ptrdiff_t>(reply->answered);
  if (rest != ids.end()) halves_.emplace_front(rest, ids.end());
  ids.erase(rest, ids.end());
  // Shared by the tasks that open its frames.
  auto opening = std::make_shared<Reply>();
  opening->answered = std::move(ids);
  for (const std::string& frame : reply->frames) received_bytes_ += frame.size();
  Open(opening, std::move(reply->frames));
}

void BlockFetcher::Halve(std::vector<BlockId> ids, const absl::Status& status) {
  if (ids.size() == 1) {
    return FailBlock(
        ids[0], MakeError(Reason::kIntegrity, absl::StrCat("block ", ids[0].ToHex(),
                                                           " cannot be had: ", status.message())));
  }
  const auto middle = ids.begin() + static_cast<ptrdiff_t>(ids.size() / 2);
  halves_.emplace_back(ids.begin(), middle);
  halves_.emplace_back(middle, ids.end());
}

void BlockFetcher::Open(const std::shared_ptr<Reply>& reply, std::vector<std::string> frames) {
  if (frames.empty()) return FailWhatIsMissing(*reply);
  for (size_t begin = 0; begin < frames.size(); begin += kFramesPerTask) {
    const size_t end = std::min(frames.size(), begin + kFramesPerTask);
    std::vector<std::string> some;
    for (size_t i = begin; i < end; ++i) some.push_back(std::move(frames[i]));
    ++reply->opening;
    crew_.Run(
        [keys = opened_.keys, some = std::move(some)] {
          std::vector<absl::StatusOr<OpenedFrame>> opened;
          opened.reserve(some.size());
          for (const std::string& frame : some) opened.push_back(OpenFrame(*keys, frame));
          return opened;
        },
        [this, reply](std::vector<absl::StatusOr<OpenedFrame>> opened) {
          Opened(*reply, std::move(opened));
        });
  }
}

void BlockFetcher::Opened(Reply& reply, std::vector<absl::StatusOr<OpenedFrame>> frames) {
  for (absl::StatusOr<OpenedFrame>& frame : frames) {
    if (frame.ok()) {
      Arrived(std::make_shared<const OpenedFrame>(*std::move(frame)));
    } else if (reply.damage.ok()) {
      reply.damage = frame.status();
    }
  }
  if (--reply.opening == 0) FailWhatIsMissing(reply);
}

void BlockFetcher::Arrived(std::shared_ptr<const OpenedFrame> frame) {
  ++arrivals_;
  uint64_t wanted_bytes = 0;
  std::vector<std::pair<Want*, size_t>> wanted;
  for (size_t i = 0; i < frame->size(); ++i) {
    const auto found = wants_.find(frame->id(i));
    if (found == wants_.end() || found->second.state == State::kHere) continue;
    wanted.emplace_back(&found->second, i);
    wanted_bytes += frame->block(i).size();
  }
  // A few small blocks must not keep a big frame in memory.
  const bool copies = wanted_bytes * 2 < frame->header().plaintext_bytes;
  for (const auto& [want, index] : wanted) {
    want->state = State::kHere;
    if (copies) {
      auto copy = std::make_shared<const std::string>(frame->block(index));
      want->block.bytes = *copy;
      want->block.owner = std::move(copy);
    } else {
      want->block = {frame, frame->block(index)};
    }
  }
  cache_.Add(std::move(frame));
}

void BlockFetcher::FailWhatIsMissing(const Reply& reply) {
  for (const BlockId& id : reply.answered) {
    const auto found = wants_.find(id);
    if (found == wants_.end() || found->second.state != State::kAsked) continue;
    FailBlock(id, !reply.damage.ok()
                      ? reply.damage
                      : MakeError(Reason::kIntegrity,
                                  absl::StrCat("block ", id.ToHex(),
                                               " is not in the frames the service gave for it")));
  }
}

void BlockFetcher::FailBlock(const BlockId& id, const absl::Status& status) {
  const auto found = wants_.find(id);
  if (found == wants_.end()) return;
  ++arrivals_;
  found->second.state = State::kFailed;
  found->second.status = status;
}

}  // namespace syncengine
